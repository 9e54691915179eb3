// Runs the integration tests of etcd with the module as it ships under the oldest Node.js that there is
// for it: another resolver, another OpenSSL, other defaults.

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect } from "chai";

const ROOT = join(__dirname, "..", "..", "..");
const SUITES = [
  "integration/etcd/members",
  "integration/etcd/refusals",
  "integration/etcd/states",
  "integration/etcd/ways",
  "long/etcd/authentication",
  "long/etcd/no-majority",
  "long/etcd/resolver",
  "long/etcd/servers",
  "long/etcd/tls",
];

describe("flannel_etcd_config under Node.js 18", function () {
  this.timeout(600_000);
  let node: string;

  before(() => {
    const script = join(ROOT, "scripts", "lab", "node-program");
    node = execFileSync(script, ["18"], { encoding: "utf8" }).trim();
  });

  for (const suite of SUITES) {
    it(`passes ${suite}`, () => {
      const test = `test/${suite}.test.ts`;
      const { status, stdout } = spawnSync("npx", ["mocha", "--timeout", "600000", test], {
        cwd: ROOT,
        encoding: "utf8",
        env: { ...process.env, FLANNEL_TEST_NODE: node },
      });
      expect(status, stdout).to.equal(0);
      expect(Number(/(\d+) passing/.exec(stdout)?.[1])).to.be.greaterThan(0);
    });
  }
});
