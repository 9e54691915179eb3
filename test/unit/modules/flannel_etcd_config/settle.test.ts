import { expect } from "chai";

import { renderKept } from "../../../../src/modules/flannel_etcd_config/previous";
import {
  CONFIG_KEY,
  type Json,
  type MemoryEtcd,
  type Scene,
  etcdOf,
  runInMemory,
} from "../../../support/etcd-config";

const KEPT_KEY = `${CONFIG_KEY}.previous`;
const VXLAN = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const IPIP = { ...VXLAN, Backend: { Type: "ipip" } };
const HOST_GW = { ...VXLAN, Backend: { Type: "host-gw" } };
const SCENE: Scene = { stored: VXLAN, leases: ["10.200.1.0-24"] };
const UPDATE = { keep_previous: true, if_exists: "update", allow_disruptive: true };
const KEEP = { keep_previous: true };
const textOf = (config: object): string => JSON.stringify(config);

/** Stands for a controller that is killed. */
class Killed extends Error {}

class Fleet {
  readonly etcd: MemoryEtcd;

  constructor(private readonly scene: Scene = SCENE) {
    this.etcd = etcdOf(scene);
  }

  async run(options: Json, settings: Json = {}): Promise<Json> {
    return await runInMemory(this.etcd, this.scene, options, settings);
  }

  declares(config: object, options: Json = UPDATE): Promise<Json> {
    return this.run({ config, ...options });
  }

  settles(outcomes: Json, options: Json = {}): Promise<Json> {
    return this.run({ state: "settled", outcomes, hosts: ["one", "two"], ...options });
  }

  /** The same, killed before the write with this number (0: the first). */
  async isKilledBefore(count: number, options: Json): Promise<void> {
    const store = this.etcd.store("v3");
    let writes = 0;
    store.meanwhile = () => {
      if (writes++ === count) throw new Killed();
    };
    await this.run(options);
    store.meanwhile = () => undefined;
    expect(writes, "it was killed").to.equal(count + 1);
  }
}

describe("a change of the fleet", () => {
  const configOf = async ({ etcd }: Fleet): Promise<unknown> =>
    (await etcd.store("v3").read(CONFIG_KEY))?.value;
  const keptOf = async ({ etcd }: Fleet): Promise<unknown> =>
    (await etcd.store("v3").read(KEPT_KEY))?.value;

  it("keeps the text before it until every host has told that its daemon came up", async () => {
    const fleet = new Fleet();
    const written = await fleet.declares(IPIP);
    expect(written).to.include({ changed: true, pending: true, restart_required: true });
    expect(written["changes"]).to.deep.equal([
      `keep the previous configuration in ${KEPT_KEY}`,
      `update ${CONFIG_KEY}`,
    ]);
    expect(await keptOf(fleet)).to.equal(
      renderKept({ previous: textOf(VXLAN), next: [textOf(IPIP)] }),
    );
    const early = await fleet.settles({ one: "" });
    expect(early).to.include({ changed: false, pending: true });
    expect(await fleet.settles({}, { hosts: [] })).to.include({ changed: false, pending: true });
    const settled = await fleet.settles({ one: "", two: "" });
    expect(settled).to.include({ changed: true, pending: false, put_back: false, verdict: null });
    expect(await keptOf(fleet)).to.equal(undefined);
    expect(await configOf(fleet)).to.equal(textOf(IPIP));
    expect(await fleet.declares(IPIP)).to.include({ changed: false, pending: false });
    expect(await fleet.settles({ one: "", two: "" })).to.include({ changed: false });
  });

  it("is taken back where one daemon did not come up, and says why", async () => {
    const fleet = new Fleet();
    const { revision } = await fleet.declares(IPIP);
    const outcomes = { one: "died; of this; the journal:\nof this", two: "" };
    const predicted = await fleet.run(
      { state: "settled", outcomes, revision },
      { _ansible_check_mode: true },
    );
    const result = await fleet.settles(outcomes, { revision });
    expect(result).to.include({ changed: true, pending: false, put_back: true });
    expect(result).not.to.have.property("failed");
    expect(result["changes"]).to.deep.equal(predicted["changes"]);
    expect(result["verdict"]).to.equal(
      `${CONFIG_KEY}: the previous configuration was put back (Backend.Type was ipip, is vxlan again), because flanneld did not come up with it on one: died; of this`,
    );
    expect(result["failures"]).to.deep.equal({ one: outcomes.one });
    expect(result["config"]).to.deep.equal(VXLAN);
    expect([await configOf(fleet), await keptOf(fleet)]).to.deep.equal([textOf(VXLAN), undefined]);
  });

  it("leaves alone what somebody else has written since", async () => {
    for (const later of [HOST_GW, IPIP]) {
      const fleet = new Fleet();
      const { revision } = await fleet.declares(IPIP);
      fleet.etcd.store("v3").put(CONFIG_KEY, later);
      const result = await fleet.settles({ one: "died" }, { revision });
      expect(result).to.include({ failed: true, changed: false, error_code: "conflict" });
      expect(result["msg"]).to.include("nothing was put back, because someone else has changed it");
      expect(await configOf(fleet)).to.equal(textOf(later));
    }
  });

  it("does not write over what somebody else writes in the very moment of putting back", async () => {
    const fleet = new Fleet();
    const { revision } = await fleet.declares(IPIP);
    const store = fleet.etcd.store("v3");
    store.meanwhile = () => {
      store.meanwhile = () => undefined;
      store.put(CONFIG_KEY, HOST_GW);
    };
    const result = await fleet.settles({ one: "died" }, { revision });
    expect(result).to.include({ failed: true, changed: false, error_code: "conflict" });
    expect(await configOf(fleet)).to.equal(textOf(HOST_GW));
  });

  it("says so where nothing was kept", async () => {
    const fleet = new Fleet({ stored: IPIP, leases: ["10.200.1.0-24"] });
    const result = await fleet.settles({ one: "died" });
    expect(result["msg"]).to.include("because no previous configuration was kept");
  });

  describe("is known to the next run, wherever the one that made it was killed", () => {
    const change = { config: IPIP, ...UPDATE };
    for (const [count, where] of ["before the first write", "between the two"].entries()) {
      it(`${where}: nothing has happened, and nothing stays of it`, async () => {
        for (const [config, options] of [
          [VXLAN, KEEP],
          [IPIP, UPDATE],
        ] as const) {
          const fleet = new Fleet();
          await fleet.isKilledBefore(count, change);
          expect(await configOf(fleet)).to.equal(textOf(VXLAN));
          const result = await fleet.declares(config, options);
          expect(result).to.include({ pending: config === IPIP });
          expect(await configOf(fleet)).to.equal(textOf(config));
          expect((await keptOf(fleet)) === undefined).to.equal(config === VXLAN);
        }
      });
    }

    it("before the daemons: finishes it, or takes it back", async () => {
      const fleet = new Fleet();
      await fleet.declares(IPIP);
      expect(await fleet.declares(IPIP, KEEP)).to.include({ changed: false, pending: true });
      const result = await fleet.settles({ one: "died", two: "died" });
      expect(result).to.include({ put_back: true });
      expect(await configOf(fleet)).to.equal(textOf(VXLAN));
    });

    it("before the daemons: goes back to what is declared again, without being asked twice", async () => {
      for (const if_exists of ["keep", "update", "fail"]) {
        const fleet = new Fleet();
        await fleet.declares(IPIP);
        const result = await fleet.declares(VXLAN, { ...KEEP, if_exists });
        expect(result).to.include({ changed: true, pending: false, restart_required: true });
        expect(result["put_back"]).to.equal(true);
        expect([await configOf(fleet), await keptOf(fleet)]).to.deep.equal([
          textOf(VXLAN),
          undefined,
        ]);
      }
    });

    it("before the daemons: a third one still has the first for its way back", async () => {
      for (const killedAt of [undefined, 1]) {
        const fleet = new Fleet();
        await fleet.declares(IPIP);
        const third = { config: HOST_GW, ...UPDATE };
        if (killedAt !== undefined) {
          await fleet.isKilledBefore(killedAt, third);
          expect(await fleet.declares(IPIP, KEEP)).to.include({ changed: false, pending: true });
        }
        expect(await fleet.run(third)).to.include({ pending: true });
        expect(await fleet.settles({ one: "died" })).to.include({ put_back: true });
        expect(await configOf(fleet)).to.equal(textOf(VXLAN));
      }
    });

    it("between putting back and forgetting: nothing but the rest of it is left to do", async () => {
      const fleet = new Fleet();
      await fleet.declares(IPIP);
      await fleet.isKilledBefore(1, { state: "settled", outcomes: { one: "died" } });
      expect(await configOf(fleet)).to.equal(textOf(VXLAN));
      const result = await fleet.declares(VXLAN, KEEP);
      expect(result).to.include({ pending: false, restart_required: false });
      expect(result["changes"]).to.deep.equal([`remove ${KEPT_KEY}`]);
      expect(await fleet.declares(VXLAN, KEEP)).to.include({ changed: false });
    });
  });

  it("keeps nothing where no daemon would have to go back, or none could", async () => {
    for (const scene of [{ stored: VXLAN }, { ...SCENE, stored: "nonsense" }, {}]) {
      const fleet = new Fleet(scene);
      expect(await fleet.declares(IPIP)).to.include({ changed: true, pending: false });
      expect(await keptOf(fleet)).to.equal(undefined);
    }
    const unasked = new Fleet();
    await unasked.declares(IPIP, { ...UPDATE, keep_previous: false });
    expect(await keptOf(unasked)).to.equal(undefined);
  });

  it("is not kept from its way back by what nobody can read", async () => {
    for (const text of ["", "text", '{"previous":"{}"}']) {
      const fleet = new Fleet();
      fleet.etcd.store("v3").put(KEPT_KEY, text);
      await fleet.declares(IPIP);
      expect(await fleet.settles({ one: "died" })).to.include({ put_back: true });
      expect([await configOf(fleet), await keptOf(fleet)]).to.deep.equal([
        textOf(VXLAN),
        undefined,
      ]);
    }
  });

  it("goes on without a way back, and says so, where etcd lets this user keep none", async () => {
    const fleet = new Fleet();
    fleet.etcd.store("v3").forbidden = KEPT_KEY;
    const result = await fleet.declares(IPIP);
    expect(result).to.include({ changed: true, pending: false });
    expect(String(result["warnings"])).to.include("nothing can be put back");
    expect(await fleet.declares(IPIP)).to.include({ changed: false });
  });

  it("is made once by many at once", async () => {
    const fleet = new Fleet();
    const results = await Promise.all(Array.from({ length: 20 }, () => fleet.declares(IPIP)));
    expect(results.filter(({ failed }) => failed === true)).to.deep.equal([]);
    const writes = results.flatMap(({ changes }) => changes as string[]);
    expect(writes.filter((change) => change.startsWith("update"))).to.have.length(1);
    expect(await fleet.settles({ one: "", two: "" })).to.include({ pending: false });
  });

  it("shows no secret of either text", async () => {
    const [old, next] = ["old", "new"].map((word) => `${word}-psk-`.padEnd(96, "x"));
    const ipsec = (PSK = "") => ({ ...VXLAN, Backend: { Type: "ipsec", PSK } });
    const fleet = new Fleet({ ...SCENE, stored: ipsec(old) });
    const results = [
      await fleet.run({ config: ipsec(next), ...UPDATE }, { _ansible_diff: true }),
      await fleet.run({ config: VXLAN, ...KEEP }, { _ansible_diff: true }),
      await fleet.settles({ one: "died" }),
    ];
    expect(results[2]).to.include({ put_back: true });
    expect(String(results[2]?.["verdict"])).to.match(/Backend\.PSK/);
    for (const text of results.map((result) => JSON.stringify(result))) {
      expect(text).not.to.match(/old-psk|new-psk/);
    }
  });

  it("goes with the configuration", async () => {
    const fleet = new Fleet();
    await fleet.declares(IPIP);
    await fleet.run({ state: "absent", allow_disruptive: true });
    expect([await configOf(fleet), await keptOf(fleet)]).to.deep.equal([undefined, undefined]);
  });

  it("is told by a query", async () => {
    const fleet = new Fleet();
    expect(await fleet.run({ state: "query" })).to.include({ pending: false });
    await fleet.declares(IPIP);
    expect(await fleet.run({ state: "query" })).to.include({ pending: true, changed: false });
  });
});
