// The way from etcd 3.4 to 3.7 in docs/upgrading.md, with the real releases: v2 data, a configuration of flannel and
// leases. And that each of its steps is needed.

import { spawnSync } from "node:child_process";

import { expect } from "chai";

import { type Json, VXLAN_CONFIG, runEtcdConfig } from "../support/etcd-config";
import { ETCD_3_5, ETCD_3_6, ETCD_3_7, WalkingMember, provideEtcd } from "../support/etcd-releases";

const ETCD_3_4 = "etcd"; // Debian's
const PREFIX = "/kubernetes-cluster/network";
const LEASE = "/subnets/10.200.31.0-24";
const HOLDER = '{"PublicIP":"10.8.0.111","BackendType":"vxlan","BackendData":{"VNI":1}}';

describe("the way from etcd 3.4 to 3.7", function () {
  this.timeout(1_200_000);
  let member: WalkingMember;
  let [v35, v36, v37] = ["", "", ""];

  before(function () {
    if (spawnSync("go", ["version"]).status !== 0) this.skip();
    [v35, v36, v37] = [ETCD_3_5, ETCD_3_6, ETCD_3_7].map(provideEtcd) as [string, string, string];
  });

  beforeEach(async () => {
    member = await WalkingMember.create();
    expect(await member.starts(ETCD_3_4, "--enable-v2"), "3.4").to.equal(true);
    await crossOver();
  });
  afterEach(() => member.remove());

  function run(options: Json): Promise<Json> {
    const base = { endpoints: [member.endpoint], prefix: PREFIX, flannel_version: "v0.28.9" };
    return runEtcdConfig({ ...base, ...options });
  }

  /** What there is when flannel has gone from v0.15 to v0.28 on all hosts. */
  async function crossOver(): Promise<void> {
    await run({ flannel_version: "v0.15.1", config: VXLAN_CONFIG });
    expect(await member.v2("PUT", `${PREFIX}${LEASE}`, HOLDER)).to.equal(201);
    await run({ migrate_from_v2: true });
    const granted = /lease (\w+) granted/.exec(member.etcdctl("lease", "grant", "86400"));
    member.etcdctl("put", `--lease=${granted?.[1] ?? ""}`, `${PREFIX}${LEASE}`, HOLDER);
  }

  /** etcd snapshots after so many entries; these are the entries. */
  function fillLog(): void {
    for (let index = 0; index < 12; index++) member.etcdctl("put", "/fill", String(index));
    member.etcdctl("del", "/fill");
  }

  async function expectAllThere(): Promise<void> {
    const query = await run({ state: "query" });
    expect(query["config"]).to.deep.equal(VXLAN_CONFIG);
    const [lease] = query["leases"] as Json[];
    expect(lease).to.include({ subnet: "10.200.31.0/24", public_ip: "10.8.0.111" });
    expect(lease?.["expires_in"]).to.be.within(86_000, 86_400);
    expect(await run({ config: VXLAN_CONFIG })).to.include({ changed: false });
  }

  it("arrives, with all that flannel has in v3", async () => {
    expect(await member.starts(v35, "--enable-v2"), "3.5").to.equal(true);
    const query = await run({ state: "query" });
    expect(query["v2_remains"]).to.include(`${PREFIX}/config`).and.include("/kubernetes-cluster/");
    expect(await run({ config: VXLAN_CONFIG, forget_v2: true })).to.include({ changed: true });
    expect((await run({ state: "query" }))["v2_remains"]).to.deep.equal([]);
    expect(await member.starts(v35, "--snapshot-count=2"), "3.5 without v2").to.equal(true);
    fillLog();
    for (const [program, release] of [
      [v36, "3.6"],
      [v37, "3.7"],
    ] as const) {
      expect(await member.starts(program), release).to.equal(true);
      await expectAllThere();
      const known = await run({ config: VXLAN_CONFIG, forget_v2: true });
      expect(known).to.deep.include({ changed: false, v2_remains: null });
      expect(known).not.to.have.property("warnings");
    }
  });

  it("ends at 3.6 where v2 was not removed", async () => {
    await member.starts(v35, "--enable-v2", "--snapshot-count=2");
    fillLog();
    expect(await member.starts(v36)).to.equal(false);
    expect(member.log).to.match(/v2|custom/i);
    await member.starts(v35);
    await expectAllThere();
  });

  it("ends at 3.6 where no snapshot was made after the removal", async () => {
    await member.starts(v35, "--enable-v2");
    expect(await run({ config: VXLAN_CONFIG, forget_v2: true })).to.include({ changed: true });
    expect(await member.starts(v36)).to.equal(false);
    expect(member.log).to.include("detected disallowed v2 WAL");
  });

  it("ends at 3.6 where its health was asked for while the v2 API was on", async () => {
    await member.starts(v35, "--enable-v2", "--snapshot-count=2");
    await run({ config: VXLAN_CONFIG, forget_v2: true });
    fillLog();
    await (await fetch(`${member.endpoint}/health`)).arrayBuffer();
    expect(await member.starts(v36)).to.equal(false);
    expect(member.log).to.include("detected disallowed v2 WAL");
  });
});
