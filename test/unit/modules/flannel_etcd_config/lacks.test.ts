import { expect } from "chai";

import { findLackingHosts, readLacks } from "../../../../src/modules/flannel_etcd_config/lacks";
import { type Json, type Scene, failureOf, planFor } from "../../../support/etcd-config";

const VXLAN = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const IPIP = { ...VXLAN, Backend: { Type: "ipip" } };
const LACKS = { one: [], two: ["no ipip"], three: null };

async function refusalOf(scene: Scene, options: Json): Promise<readonly string[]> {
  const { plan } = await planFor(scene, { config: IPIP, lacks: LACKS, ...options });
  return (plan.obstacles ?? []).map(({ message }) => message);
}

describe("what hosts lack for a configuration", () => {
  const told =
    "/net/config: was not written, because flanneld could not start with it: two: no ipip";

  it("stands in the way of writing it, with host and lack", async () => {
    expect(await refusalOf({}, {})).to.deep.equal([told]);
    const update = { if_exists: "update" };
    expect(await refusalOf({ stored: VXLAN }, update)).to.deep.equal([told]);
  });

  it("is told together with what else stands in the way", async () => {
    const scene = { stored: VXLAN, leases: ["10.200.1.0-24"] };
    const [first, second] = await refusalOf(scene, { if_exists: "update" });
    expect(first).to.include("allow_disruptive");
    expect(second).to.equal(told);
  });

  it("is no matter where nothing, or something else is written", async () => {
    expect(await refusalOf({ stored: IPIP }, {})).to.deep.equal([]);
    expect(await refusalOf({ stored: VXLAN }, { if_exists: "keep" })).to.deep.equal([]);
    expect(await refusalOf({ other: VXLAN }, { migrate_from_v2: true })).to.deep.equal([]);
    expect(await refusalOf({ stored: VXLAN }, { state: "absent" })).to.deep.equal([]);
  });

  it("is told once for all hosts that lack the same, of whom some are named and the others counted", () => {
    const many = Array.from({ length: 12 }, (_, index) => [`host-${index}`, ["no ipip"]]);
    const lacks = readLacks({ ...(Object.fromEntries(many) as Json), odd: ["no ipip", "no nft"] });
    const [obstacle] = findLackingHosts("/net/config", lacks);
    expect(obstacle?.message).to.match(
      /: host-0, host-1, .*, host-9 and 2 more hosts: no ipip; odd: no ipip, no nft$/,
    );
    expect(obstacle?.lasting).to.equal(true); // check mode refuses, too
  });

  it("has to be sentences", async () => {
    for (const wrong of ["no ipip", [1], 7]) {
      const options = {
        endpoints: "http://127.0.0.1:1",
        flannel_version: "v0.28.9",
        config: VXLAN,
      };
      const { code, result } = await failureOf({ ...options, lacks: { one: wrong } });
      expect(code).to.equal("invalid_arguments");
      expect(result["msg"]).to.match(/^lacks: one: .*expected a list of sentences/);
    }
  });
});
