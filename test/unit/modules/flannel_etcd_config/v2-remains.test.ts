import { expect } from "chai";

import {
  CONFIG_KEY,
  type Json,
  type MemoryEtcd,
  etcdOf,
  leaseKeyOf,
  leaseValue,
  runInMemory,
} from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const LEASE = "10.200.1.0-24";
const FORGET = { config: CONFIG, forget_v2: true };

/** An etcd after flannel has gone from v2 to v3: one host, which has its lease in both stores. */
function crossed(): MemoryEtcd {
  const etcd = etcdOf({ stored: CONFIG, other: CONFIG, leases: [LEASE] });
  etcd.store("v2").put(leaseKeyOf(LEASE), leaseValue(0), 80_000);
  return etcd;
}

function run(etcd: MemoryEtcd, options: Json, settings: Json = {}): Promise<Json> {
  return runInMemory(etcd, {}, options, settings);
}

function left(etcd: MemoryEtcd): string[] {
  return [...etcd.leftV2().keys(), ...etcd.leftV2().folders];
}

describe("what is left in v2", () => {
  it("is told, and nothing else is done about it unless asked", async () => {
    const etcd = crossed();
    const query = await run(etcd, { state: "query" });
    const remains = [CONFIG_KEY, leaseKeyOf(LEASE), "/net/subnets/", "/net/"];
    expect(query["v2_remains"]).to.deep.equal(remains);
    const present = await run(etcd, { config: CONFIG });
    expect(present).to.deep.include({ changed: false, v2_remains: null });
    expect(left(etcd)).to.have.length(4);
  });

  it("is not seen where the v2 API is off, which is said", async () => {
    const etcd = crossed();
    etcd.hasV2 = false;
    expect(await run(etcd, { state: "query" })).to.include({ v2_remains: null });
    const result = await run(etcd, FORGET);
    expect(result).to.include({ changed: false });
    expect(JSON.stringify(result["warnings"])).to.include("v2 API is off");
  });
});
