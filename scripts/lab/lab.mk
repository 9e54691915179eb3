# SPDX-License-Identifier: GPL-3.0-or-later
# The lab's targets; the Makefile includes this file. Parameters are those of scripts/lab/settings.sh.

.PHONY: demo lab-up lab-down lab-status lab-build

demo: ## Show the role at work on three hosts, or STORY=checksum; DOWN=1 removes them
	@demo/$(or $(STORY),run) $(if $(DOWN),down,up)

lab-build: ## Make the host image and the flannel releases that the cache lacks
	@scripts/bootstrap containers
	@scripts/lab/lab build

lab-up: ## Start a lab (LAB_NAME, LAB_WORKERS, LAB_ETCD ... see scripts/lab/settings.sh)
	@scripts/bootstrap containers
	@scripts/lab/lab up

lab-down: ## Remove a lab
	@scripts/lab/lab down

lab-status: ## Tell what a lab runs
	@scripts/lab/lab status
