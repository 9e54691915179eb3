// What is left in the v2 store of a real etcd: told, and removed to the last folder.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import {
  type Json,
  VXLAN_CONFIG,
  checkEtcdConfig,
  failureOf,
  runEtcdConfig,
} from "../../support/etcd-config";

const V2 = {};

describe("what is left in etcd's v2 store", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  function list(): string[] {
    return cluster.etcdctlWith(V2, "ls", "--recursive", "-p", "/").trim().split("\n").sort();
  }

  it("is told, kept while it is needed, and removed once", async () => {
    const base: Json = { endpoints: cluster.endpoints, prefix: "/a/b/network" };
    const lease = "/a/b/network/subnets/10.200.31.0-24";
    await runEtcdConfig({ ...base, flannel_version: "v0.15.1", config: VXLAN_CONFIG });
    cluster.etcdctlWith(V2, "set", "--ttl", "86400", lease, '{"PublicIP":"10.8.0.111"}');
    cluster.etcdctlWith(V2, "set", "/a/foreign", "x");
    const task = { ...base, flannel_version: "v0.28.9", config: VXLAN_CONFIG };
    const forget = { ...task, forget_v2: true, running: { "w-1": "v0.28.9" } };
    expect((await failureOf(forget)).message).to.include("v3 has no configuration yet");
    await runEtcdConfig(task);
    expect((await failureOf(forget)).message).to.include("10.200.31.0/24 of 10.8.0.111");
    cluster.etcdctl("put", lease, '{"PublicIP":"10.8.0.111"}');
    const remains = ["/a/b/network/config", lease];
    const folders = ["/a/b/network/subnets/", "/a/b/network/", "/a/b/"];
    const query = await runEtcdConfig({ ...task, state: "query" });
    expect(query["v2_remains"]).to.deep.equal([...remains, ...folders]);
    const before = list();
    expect(await checkEtcdConfig(forget)).to.deep.include({ changed: true, v2_remains: [] });
    expect(list()).to.deep.equal(before);
    expect(await runEtcdConfig(forget)).to.deep.include({ changed: true, v2_remains: [] });
    expect(list()).to.deep.equal(["/a/", "/a/foreign"]);
    expect(await runEtcdConfig(forget)).to.deep.include({ changed: false, v2_remains: [] });
    expect(await runEtcdConfig(task)).to.deep.include({ changed: false, config: VXLAN_CONFIG });
  });
});
