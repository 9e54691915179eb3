import { expect } from "chai";

import { CONFIG_KEY, planFor } from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };

describe("what is seen in etcd", () => {
  it("is the configuration as text and as flannel reads it", async () => {
    const { observed } = await planFor({ stored: CONFIG }, { state: "query" });
    expect(observed.key).to.equal(CONFIG_KEY);
    expect(observed.stored).to.include({ value: JSON.stringify(CONFIG) });
    expect(observed.stored?.reading.config?.document).to.deep.equal(CONFIG);
  });

  it("is what flannel makes of the text, not what JavaScript does", async () => {
    const stored = '{"Network":"10.200.0.0/16","SubnetLen":24.0,"Backend":{"vni":1,"VNI":7}}';
    const { observed } = await planFor({ stored }, { state: "query" });
    expect(observed.stored?.reading.config).to.equal(undefined);
    expect(observed.stored?.reading.findings.refusals).to.deep.include(
      "SubnetLen: expected a prefix length such as 24, got 24.0",
    );
  });

  it("are the leases in the order of their subnets where IPv4 is off, too", async () => {
    const leases = [3, 1, 2].map((block) => `0.0.0.0-0&fd00:200:0:${block}::-64`);
    const { observed } = await planFor({ leases }, { state: "query" });
    expect(observed.leases.map(({ key }) => /:(\d)::/.exec(key)?.[1])).to.deep.equal([
      "1",
      "2",
      "3",
    ]);
  });

  it("are the leases in the order of their subnets, and no other key", async () => {
    const leases = ["10.200.9.0-24", "nonsense", "10.200.10.0-24", "10.200.2.0-24"];
    const { observed } = await planFor({ leases }, { state: "query" });
    expect(observed.leases.map(({ key }) => key.replace(/.*\//, ""))).to.deep.equal([
      "10.200.2.0-24",
      "10.200.9.0-24",
      "10.200.10.0-24",
    ]);
  });

  it("is the other store only where the right one has nothing, and not to remove it", async () => {
    const found = async (scene: object, state: string): Promise<number> =>
      (await planFor(scene, { state })).observed.elsewhere.length;
    expect(await found({ other: CONFIG }, "query")).to.equal(1);
    expect(await found({ other: CONFIG }, "absent")).to.equal(0);
    expect(await found({ other: CONFIG, stored: CONFIG }, "query")).to.equal(0);
  });

  it("is read for the CPU of this host unless others are declared", async () => {
    const own = await planFor({}, { state: "query", architectures: null });
    expect(own.observed.reader.architectures).to.have.length(1);
    const others = await planFor({}, { state: "query", architectures: ["s390x", "aarch64"] });
    expect(others.observed.reader.architectures).to.deep.equal(["s390x", "arm64"]);
  });

  it("knows of a lost race", async () => {
    expect((await planFor({ raced: true }, { state: "query" })).observed.raced).to.equal(true);
    expect((await planFor({}, { state: "query" })).observed.raced).to.equal(false);
  });

  const secrets: [string, unknown][] = [
    ["by name", { Backend: { PSK: "hunter2" } }],
    ["in text that is not quite JSON", '{"Backend": {"PSK": "hunter2",}}'],
    ["in the other store", CONFIG],
  ];
  for (const [name, stored] of secrets) {
    it(`has secrets that are hidden from then on: ${name}`, async () => {
      const scene = stored === CONFIG ? { other: { psk: "hunter2" } } : { stored };
      expect((await planFor(scene, { state: "query" })).secrets).to.include("hunter2");
    });
  }
});
