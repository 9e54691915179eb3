// Runs the integration tests with etcd 3.5, and as far as they do not need v2 with 3.6 and 3.7.

import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect } from "chai";

import { ETCD_3_5, ETCD_3_6, ETCD_3_7, provideEtcd } from "../support/etcd-releases";

const ROOT = join(__dirname, "..", "..");

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
  { file: "members", withoutV2: "^(?!.* v2: )" },
  { file: "ways", withoutV2: "v3" },
];

for (const [version, hasV2] of [
  [ETCD_3_5, true],
  [ETCD_3_6, false],
  [ETCD_3_7, false],
] as const) {
  describe(`flannel_etcd_config with etcd ${version}`, function () {
    this.timeout(1_200_000);
    let program: string;

    before(function () {
      if (spawnSync("go", ["version"]).status !== 0) this.skip();
      program = provideEtcd(version);
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
