// A look into the store that this flannel does not read leaves nothing behind in etcd: one entry in its log, and
// etcd 3.6 does not start from this data any more.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { ETCD_3_5, ETCD_3_6, WalkingMember, tryEtcd } from "../../support/etcd-releases";
import { type Json, VXLAN_CONFIG, checkEtcdConfig, runEtcdConfig } from "../../support/etcd-config";

const V3 = { flannel_version: "v0.28.9", config: VXLAN_CONFIG };
/** What the role declares unless told otherwise: a release that reads v2. */
const V2 = { flannel_version: "v0.10.0", config: VXLAN_CONFIG };

/** Looks that write nothing, whatever they find. */
async function lookAround(base: Json): Promise<void> {
  for (const options of [V3, V2]) {
    await runEtcdConfig({ ...base, ...options, state: "query" });
    await checkEtcdConfig({ ...base, ...options });
    await checkEtcdConfig({ ...base, ...options, state: "absent" });
  }
}

describe("a look into etcd", function () {
  this.timeout(60_000);

  describe("as etcd's log has it", () => {
    let cluster: EtcdCluster;

    before(async () => {
      cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
    });
    after(() => cluster.stop());

    async function raftIndex(): Promise<string | null> {
      const answer = await fetch(`${cluster.endpoints[0] ?? ""}/v2/keys/`);
      await answer.arrayBuffer();
      return answer.headers.get("x-raft-index");
    }

    it("leaves no entry, and present only that of its own write", async () => {
      const base = { endpoints: cluster.endpoints, prefix: "/lab" };
      const before = await raftIndex();
      expect(before).to.match(/^\d+$/);
      await lookAround(base);
      expect(await raftIndex()).to.equal(before);
      expect(await runEtcdConfig({ ...base, ...V3 })).to.include({ changed: true });
      expect(Number(await raftIndex())).to.equal(Number(before) + 1);
      expect(await runEtcdConfig({ ...base, ...V3 })).to.include({ changed: false });
      await lookAround(base);
      expect(Number(await raftIndex())).to.equal(Number(before) + 1);
    });
  });

  it("lets etcd 3.6 start from the data of etcd 3.5 with its v2 API on", async function () {
    const [old, next] = [tryEtcd(ETCD_3_5), tryEtcd(ETCD_3_6)];
    if (old === undefined || next === undefined) this.skip(); // the long tests build them
    const member = await WalkingMember.create();
    try {
      expect(await member.starts(old, "--enable-v2"), "3.5").to.equal(true);
      const base = { endpoints: [member.endpoint], prefix: "/lab" };
      await lookAround(base);
      await runEtcdConfig({ ...base, ...V3 });
      await lookAround(base);
      expect(await member.starts(next), "3.6").to.equal(true);
      expect(await runEtcdConfig({ ...base, ...V3 })).to.include({ changed: false });
    } finally {
      await member.remove();
    }
  });
});
