// A proxy cuts the connection at every byte of the answer to a write: the write must be made once,
// be reported as made, and never fail the run.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { CHANGES } from "../../support/etcd-changes";
import { type Json, runEtcdConfig } from "../../support/etcd-config";
import { stride, tally } from "../../support/tally";
import { TcpProxy } from "../../support/tcp-proxy";

interface Write {
  readonly name: string;
  readonly isWrite: RegExp;
  readonly options: Json;
  /** What is there before. */
  readonly before: string | undefined;
  readonly after: unknown;
}

const APIS = [
  { api: "v2", version: "v0.17.0", isWrite: /^(PUT|DELETE) \/v2\/keys/ },
  { api: "v3", version: "v0.28.9", isWrite: /^POST \/v3\/kv\/txn/ },
] as const;
const WRITES: readonly Write[] = APIS.flatMap(({ api, version, isWrite }) =>
  CHANGES.map(({ what, options, before, after }) => ({
    name: `${api}: ${what}`,
    isWrite,
    options: { flannel_version: version, ...options },
    before: before === undefined ? undefined : JSON.stringify(before),
    after,
  })),
);

describe("an answer that is cut", function () {
  this.timeout(180_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });

  after(() => cluster.stop());

  /** Runs the write with its first answer cut after `limit` bytes; returns the answer's length. */
  async function runCut(write: Write, limit: number): Promise<number> {
    const prefix = `/cut/${++prefixes}`;
    const direct = { endpoints: cluster.endpoints, prefix };
    if (write.before !== undefined) {
      const seed = { ...write.options, state: "present", config: JSON.parse(write.before) as Json };
      await runEtcdConfig({ ...direct, ...seed });
    }
    let cuts = 0;
    const proxy = await TcpProxy.start(cluster.members[0]?.port ?? 0, {
      answerLimit: (text) => (write.isWrite.test(text) && cuts++ === 0 ? limit : undefined),
    });
    try {
      const result = await runEtcdConfig({
        ...direct,
        ...write.options,
        endpoints: [proxy.endpoint],
      });
      expect(result, `cut at ${limit}`).to.deep.include({ changed: true, config: write.after });
    } finally {
      await proxy.stop();
    }
    expect(cuts).to.be.greaterThan(0);
    const now = await runEtcdConfig({ ...direct, ...write.options, state: "query" });
    expect(now["config"], `cut at ${limit}`).to.deep.equal(write.after);
    return proxy.answerBytes;
  }

  for (const write of WRITES) {
    it(`${write.name}: at each byte boundary`, async function () {
      const length = await runCut(write, Number.MAX_SAFE_INTEGER);
      expect(length).to.be.greaterThan(100);
      for (let limit = 0; limit <= length; limit += stride()) {
        await runCut(write, limit);
        tally();
      }
      if (this.test !== undefined) this.test.title += ` (${length + 1} cuts)`;
    });
  }

  it("v3: creates exactly one revision, however it is cut", async () => {
    const write = WRITES.find(({ name }) => name === "v3: create");
    if (write === undefined) throw new Error("no such write");
    for (const limit of [0, 1, 50, 100]) {
      await runCut(write, limit);
      const [kv] = (
        JSON.parse(cluster.etcdctl("get", "-w", "json", `/cut/${prefixes}/config`)) as {
          kvs: { version: number }[];
        }
      ).kvs;
      expect(kv?.version).to.equal(1);
    }
  });
});
