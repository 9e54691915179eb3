import { expect } from "chai";

import { CONFIG, FORGET, LEASE, crossed, left, run } from "../../../support/crossed-etcd";
import { CONFIG_KEY, leaseKeyOf } from "../../../support/etcd-config";

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
