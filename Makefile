# SPDX-License-Identifier: GPL-3.0-or-later
# `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help bootstrap build collection matrix test bench torture format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: ## Install what building and testing need, and only what is missing (Debian, as root)
	@scripts/bootstrap

build: ## Compile src/modules into library
	@scripts/bootstrap node
	@npm run --silent build

collection: ## Build the Ansible collection into dist (needs git and Ansible)
	@command -v ansible-galaxy >/dev/null || scripts/bootstrap python
	@scripts/build-collection

matrix: ## Try the role on many versions, and write docs/matrix.md (long); ROWS="core-2.14 debian-13" tries some
	@scripts/bootstrap
	@scripts/matrix $(ROWS)

test: ## Run the checks and tests of every day; PARTS="unit bundle" runs some
	@scripts/test $(PARTS)

test-all: ## Run the long tests, too: service, fleet, kills, upgrade
	@scripts/test all

bench: ## Measure the role against plain tasks, and write docs/performance.md (long; RUNS=3 HOSTS="3 10")
	@scripts/bootstrap
	@npm run --silent bench

torture: ## Try what should not happen, very often (hours; says how long); CAMPAIGN="kills etcd" SCALE=0.1
	@scripts/bootstrap
	@npm run --silent build
	@npm run --silent torture

format: ## Format the TypeScript side
	@npm run --silent format

clean: ## Remove what was generated, but not caches
	@rm -rf node_modules .venv src/generated dist

-include scripts/lab/lab.mk
