// Runs the integration tests with etcd 3.5, and as far as they do not need v2 with 3.6. Both are
// built from their modules with Go and kept in the cache; that takes minutes the first time.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";

const ROOT = join(__dirname, "..", "..");
const CACHE = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "ansible-role-flanneld",
);

const MAIN = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`;

interface Suite {
  readonly file: string;
  /** Which of its tests do without the v2 API. */
  readonly withoutV2: string;
}

const SUITES: readonly Suite[] = [
  { file: "states", withoutV2: "v3 (gateway|etcdctl)" },
  { file: "refusals", withoutV2: "TLS with client certificates v3|cannot serve|are none" },
  { file: "cluster", withoutV2: "v3:" },
  { file: "lost-answers", withoutV2: "v3:" },
];

/** The program of an etcd release, built unless it is in the cache. */
function buildEtcd(version: string): string {
  const program = join(CACHE, "etcd", version, "etcd");
  if (existsSync(program)) return program;
  const folder = mkdtempSync(join(tmpdir(), "etcd-build-"));
  const go = (...args: string[]): void => {
    execFileSync("go", args, { cwd: folder, stdio: "ignore" });
  };
  try {
    writeFileSync(join(folder, "main.go"), MAIN);
    go("mod", "init", "etcd");
    go("get", `go.etcd.io/etcd/server/v3@${version}`);
    go("build", "-o", "etcd", ".");
    mkdirSync(dirname(program), { recursive: true });
    execFileSync("cp", [join(folder, "etcd"), `${program}.new`]);
    renameSync(`${program}.new`, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

for (const [version, hasV2] of [
  ["v3.5.16", true],
  ["v3.6.5", false],
] as const) {
  describe(`flannel_etcd_config with etcd ${version}`, function () {
    this.timeout(1_200_000);
    let program: string;

    before(function () {
      if (spawnSync("go", ["version"]).status !== 0) this.skip();
      program = buildEtcd(version);
    });

    for (const { file, withoutV2 } of SUITES) {
      it(`passes ${file}`, () => {
        const grep = hasV2 ? [] : ["--grep", withoutV2];
        const test = `test/integration/etcd/${file}.test.ts`;
        const { status, stdout } = spawnSync("npx", ["mocha", test, ...grep], {
          cwd: ROOT,
          encoding: "utf8",
          env: {
            ...process.env,
            FLANNEL_TEST_ETCD: program,
            FLANNEL_TEST_ETCD_V2: hasV2 ? "yes" : "no",
          },
        });
        expect(status, stdout).to.equal(0);
        expect(Number(/(\d+) passing/.exec(stdout)?.[1])).to.be.greaterThan(2);
      });
    }
  });
}
