// Asks flannel's own parser, built from its module, about generated configurations: the verdict and
// the ranges must be ours. Needs Go and its module proxy; a build takes about a minute the first time.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { readNetworkConfig } from "../../src/flannel/network-config";
import { parseVersion } from "../../src/flannel/version";
import { anyDocument, plausibleDocument } from "../unit/flannel/documents";

interface Generation {
  readonly version: string;
  readonly package: string;
  /** Before v0.19.2 parsing and checking were one. */
  readonly check: string;
}

const GENERATIONS: readonly Generation[] = [
  { version: "v0.15.1", package: "subnet", check: "" },
  {
    version: "v0.28.9",
    package: "pkg/subnet",
    check: "if err == nil { err = subnet.CheckNetworkConfig(cfg) }",
  },
];

const DOCUMENTS = 20_000;

/** A program that answers each line of JSON with a line: the error, or the ranges. */
function programOf({ package: path, check }: Generation): string {
  return `package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/flannel-io/flannel/${path}"
)

func judge(text string) (out map[string]interface{}) {
	out = map[string]interface{}{}
	defer func() {
		if r := recover(); r != nil {
			out["error"] = fmt.Sprint(r)
		}
	}()
	cfg, err := subnet.ParseConfig(text)
	${check}
	if err != nil {
		out["error"] = err.Error()
		return
	}
	if cfg.EnableIPv4 {
		out["Network"], out["SubnetLen"] = cfg.Network.String(), cfg.SubnetLen
		out["SubnetMin"], out["SubnetMax"] = cfg.SubnetMin.String(), cfg.SubnetMax.String()
	}
	if cfg.EnableIPv6 {
		out["IPv6Network"], out["IPv6SubnetLen"] = cfg.IPv6Network.String(), cfg.IPv6SubnetLen
		out["IPv6SubnetMin"], out["IPv6SubnetMax"] = cfg.IPv6SubnetMin.String(), cfg.IPv6SubnetMax.String()
	}
	return
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, _ := json.Marshal(judge(lines.Text()))
		fmt.Println(string(answer))
	}
}
`;
}

function build(generation: Generation, folder: string): string {
  const go = (...args: string[]): void => {
    execFileSync("go", args, { cwd: folder, stdio: "ignore" });
  };
  writeFileSync(join(folder, "main.go"), programOf(generation));
  go("mod", "init", "verdict");
  go("get", `github.com/flannel-io/flannel/${generation.package}@${generation.version}`);
  go("build", "-o", "verdict", ".");
  return join(folder, "verdict");
}

function hasGo(): boolean {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("flannel's own verdict", function () {
  this.timeout(600_000);
  const folders: string[] = [];

  before(function () {
    if (!hasGo()) this.skip();
  });

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  for (const generation of GENERATIONS) {
    it(`is ours on ${DOCUMENTS} documents at ${generation.version}`, () => {
      const folder = mkdtempSync(join(tmpdir(), "flannel-verdict-"));
      folders.push(folder);
      const program = build(generation, folder);
      const documents = fc
        .sample(fc.oneof(plausibleDocument, anyDocument), DOCUMENTS)
        .map((part) => ({ ...part, Backend: { Type: "vxlan" } }));
      const input = documents.map((document) => `${JSON.stringify(document)}\n`).join("");
      const output = execFileSync(program, { input, maxBuffer: 2 ** 28 }).toString();
      const verdicts = output.trim().split("\n");
      expect(verdicts).to.have.length(DOCUMENTS);
      const accepted = documents.filter((document, index) =>
        compare(document, JSON.parse(verdicts[index] ?? "{}") as Verdict, generation.version),
      );
      expect(accepted.length).to.be.within(DOCUMENTS / 10, DOCUMENTS * 0.9);
    });
  }
});

type Verdict = Readonly<Record<string, unknown>>;

/** True if both accept the document; throws if they disagree. */
function compare(document: unknown, verdict: Verdict, version: string): boolean {
  const reader = { version: parseVersion(version), architectures: ["amd64"] };
  const { config, findings } = readNetworkConfig(document, reader);
  const told = `${JSON.stringify(document)}: ${JSON.stringify(verdict)}`;
  expect(config === undefined, told).to.equal("error" in verdict);
  for (const [key, value] of Object.entries(verdict)) {
    // What we reject as harmful has no range to compare.
    if (config?.settings.has(key) === true) expect(config.settings.get(key), told).to.equal(value);
    else if (config !== undefined) expect(findings.hazards, told).not.to.deep.equal([]);
  }
  return config !== undefined;
}
