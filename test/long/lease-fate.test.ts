// Asks flannel's own local_manager.go, compiled beside a registry in memory, what daemons do with their
// leases: it must be what is foreseen. Needs Go and its module proxy.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { type Lease, tryParseLease } from "../../src/flannel/lease";
import { type SubnetFate, foreseeAlone } from "../../src/flannel/lease-fate";
import { readNetworkConfig } from "../../src/flannel/network-config";
import { parseVersion } from "../../src/flannel/version";

const RELEASES = ["v0.22.3", "v0.24.4", "v0.28.9"];
/** What the module proxy has. */
const PROXIED = "v0.28.9";
const QUESTIONS = 10_000;
const MODULE = "github.com/flannel-io/flannel";
const ORACLE = join(__dirname, "../support/lease-oracle.go.txt");

interface Question {
  readonly Config: string;
  readonly Leases: readonly { readonly Key: string; readonly Holder: string }[];
}

/** The manager and its interface as they are in the release, with ours in place of etcd. */
function build(release: string, folder: string): string {
  const go = (...args: string[]): string =>
    execFileSync("go", args, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  go("mod", "init", "fate");
  const sources = provideSources(release, folder, go);
  const read = (name: string): string =>
    readFileSync(join(sources, "pkg/subnet/etcd", name), "utf8").replace(
      /^package etcd$/m,
      "package main",
    );
  const [registry = ""] = /^type Registry interface \{[^}]*^\}/m.exec(read("registry.go")) ?? [];
  writeFileSync(join(folder, "manager.go"), `${read("local_manager.go")}\n${registry}\n${STUBS}\n`);
  writeFileSync(join(folder, "rand.go"), read("rand.go"));
  writeFileSync(join(folder, "main.go"), readFileSync(ORACLE));
  go("build", "-mod=mod", "-o", "fate", ".");
  return join(folder, "fate");
}

const STUBS = `var errTryAgain = errors.New("try again")
type EtcdConfig struct{}
func newEtcdSubnetRegistry(ctx context.Context, c *EtcdConfig, f interface{}) (Registry, error) {
	return nil, nil
}`;

/** From a clone ($FLANNEL_GIT), or from the module proxy, which does not have every release. */
function provideSources(
  release: string,
  folder: string,
  go: (...args: string[]) => string,
): string {
  const clone = process.env["FLANNEL_GIT"];
  if (clone === undefined) {
    go("get", `${MODULE}/pkg/subnet/etcd@${release}`);
    return go("list", "-m", "-f", "{{.Dir}}", MODULE).trim();
  }
  const sources = join(folder, "flannel");
  const paths = ["go.mod", "go.sum", "pkg/ip", "pkg/lease", "pkg/subnet"];
  const archive = execFileSync("git", ["-C", clone, "archive", release, ...paths], {
    maxBuffer: 2 ** 28,
  });
  mkdirSync(sources);
  execFileSync("tar", ["-x", "-C", sources], { input: archive });
  go("mod", "edit", `-require=${MODULE}@${release}`, `-replace=${MODULE}=${sources}`);
  return sources;
}

const ipv4Subnet = fc
  .tuple(fc.integer({ min: 0, max: 15 }), fc.constantFrom(22, 24, 24, 24, 25, 26))
  .map(([third, length]) => `10.0.${length < 24 ? third & 252 : third}.0-${length}`);

/** Small enough that ranges get full. */
const ipv4Range = fc.record(
  {
    Network: fc.constantFrom("10.0.0.0/20", "10.0.0.0/21", "10.0.8.0/22", "10.0.0.0/12"),
    SubnetLen: fc.constantFrom(24, 24, 24, 25, 26),
    SubnetMin: fc.integer({ min: 0, max: 9 }).map((third) => `10.0.${third}.0`),
    SubnetMax: fc.integer({ min: 3, max: 15 }).map((third) => `10.0.${third}.0`),
  },
  { requiredKeys: ["Network"] },
);

const ipv6Range = fc.record(
  {
    IPv6Network: fc.constantFrom("fd00::/48", "fd00::/56", "fd01::/48"),
    IPv6SubnetLen: fc.constantFrom(64, 64, 64, 72),
  },
  { requiredKeys: ["IPv6Network"] },
);

/** Leases of which all, some or none have IPv6, under a configuration with IPv6 or without. */
const question = fc
  .record({
    subnets: fc.uniqueArray(ipv4Subnet, { minLength: 1, maxLength: 6 }),
    holders: fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 6 }),
    ipv6: fc.constantFrom("all", "all", "some", "none", "none"),
    range: ipv4Range,
    range6: fc.option(ipv6Range, { nil: undefined }),
  })
  .map(({ subnets, holders, ipv6, range, range6 }): Question => {
    const has6 = (index: number): boolean => ipv6 === "all" || (ipv6 === "some" && index % 2 === 0);
    const dual = range6 === undefined ? {} : { EnableIPv6: true, ...range6 };
    return {
      Config: JSON.stringify({ ...range, ...dual, Backend: { Type: "vxlan" } }),
      Leases: subnets.map((subnet, index) => ({
        Key: has6(index) ? `${subnet}&fd00:0:0:${index + 5}::-64` : subnet,
        Holder: `10.8.0.${String(holders[index] ?? 1)}`,
      })),
    };
  });

function leasesOf({ Leases }: Question): readonly Lease[] {
  return Leases.flatMap(({ Key, Holder }) => {
    const value = JSON.stringify({ PublicIP: Holder, BackendType: "vxlan" });
    return tryParseLease({ key: Key, value, ttlSeconds: 9 }) ?? [];
  });
}

describe("flannel's own manager of leases", function () {
  this.timeout(600_000);
  const folders: string[] = [];
  const seed = Date.now() % 2 ** 31;

  before(function () {
    try {
      execFileSync("go", ["version"], { stdio: "ignore" });
    } catch {
      this.skip();
    }
  });

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  for (const release of RELEASES) {
    it(`does what is foreseen, ${QUESTIONS} times at ${release} (seed ${seed})`, function () {
      if (release !== PROXIED && process.env["FLANNEL_GIT"] === undefined) this.skip();
      const folder = mkdtempSync(join(tmpdir(), "lease-fate-"));
      folders.push(folder);
      const program = build(release, folder);
      const version = parseVersion(release);
      const reader = { version, architectures: ["amd64"] };
      // What flannel would not even start with has no fate to compare.
      const questions = fc.sample(question, { numRuns: QUESTIONS, seed }).filter(({ Config }) => {
        const { config, findings } = readNetworkConfig(JSON.parse(Config), reader);
        return config !== undefined && findings.hazards.length === 0;
      });
      expect(questions.length).to.be.above(QUESTIONS / 4);
      const input = questions.map((asked) => `${JSON.stringify(asked)}\n`).join("");
      const output = execFileSync(program, {
        input,
        maxBuffer: 2 ** 28,
        stdio: ["pipe", "pipe", "ignore"],
      });
      const answers = output.toString().trim().split("\n");
      const seen = new Map<SubnetFate, number>();
      questions.forEach((asked, index) => {
        const { config } = readNetworkConfig(JSON.parse(asked.Config), reader);
        const keys = JSON.parse(answers[index] ?? "[]") as readonly string[];
        const fates = foreseeAlone(leasesOf(asked), config, version);
        fates.forEach(({ subnet }, place) => {
          seen.set(subnet, (seen.get(subnet) ?? 0) + 1);
          const own = asked.Leases[place]?.Key;
          const key = keys[place];
          const done = key === "" ? "none" : key === own ? "same" : "other";
          const told = `${JSON.stringify(asked)} lease ${place}: ${String(key)}`;
          expect(done, told).to.equal(subnet);
        });
      });
      for (const fate of ["same", "other", "none"] as const) {
        expect(seen.get(fate), fate).to.be.above(QUESTIONS / 50);
      }
    });
  }
});
