import { expect } from "chai";

import { CONFIG_KEY, type Json, type Scene, planFor } from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const PURGE = { state: "absent", purge_leases: true, allow_disruptive: true };

describe("the changes", () => {
  const sentences: [string, Scene, Json, string[]][] = [
    ["create", {}, { config: CONFIG }, [`create ${CONFIG_KEY}`]],
    [
      "update",
      { stored: { ...CONFIG, SubnetLen: 25 } },
      { config: CONFIG, if_exists: "update" },
      [`update ${CONFIG_KEY}`],
    ],
    ["remove", { stored: CONFIG }, { state: "absent" }, [`remove ${CONFIG_KEY}`]],
    [
      "purge",
      { stored: CONFIG, leases: ["10.200.1.0-24", "10.200.2.0-24&fd00:0:0:2::-64"] },
      PURGE,
      [
        `remove ${CONFIG_KEY}`,
        "remove the lease 10.200.1.0/24 of 10.8.0.1 (vxlan)",
        "remove the lease 10.200.2.0/24 of 10.8.0.2 (vxlan)",
      ],
    ],
  ];
  for (const [name, scene, options, expected] of sentences) {
    it(`say what they do: ${name}`, async () => {
      const { plan } = await planFor(scene, options);
      expect(plan.changes.map(({ summary }) => summary)).to.deep.equal(expected);
    });
  }

  it("carry the text that will be written, and show it", async () => {
    const { plan } = await planFor(
      {},
      { config: { backend: { TYPE: "VXLAN" }, network: "10.200.0.9/16" } },
    );
    const [change] = plan.changes;
    expect(change).to.include({ kind: "write", value: JSON.stringify(CONFIG) });
    expect(change?.diff).to.deep.equal({
      before_header: CONFIG_KEY,
      after_header: CONFIG_KEY,
      before: "",
      after: `${JSON.stringify(CONFIG, null, 2)}\n`,
    });
  });

  it("show leases under one header, so that neighbours are one diff", async () => {
    const { plan } = await planFor({ leases: ["10.200.1.0-24"] }, PURGE);
    expect(plan.changes[0]?.diff).to.deep.equal({
      before_header: "leases",
      after_header: "leases",
      before: "10.200.1.0/24 of 10.8.0.1 (vxlan)\n",
      after: "",
    });
  });
});
