import { expect } from "chai";

import {
  type Json,
  type MemoryEtcd,
  type Scene,
  etcdOf,
  leaseKeyOf,
  leaseValue,
  runInMemory,
} from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
/** The holder of the first lease of a scene. */
const IP = "10.8.0.1";
const WANTED = leaseKeyOf("10.200.7.0-24");
const TASK = { config: CONFIG, reservations: { [IP]: "10.200.7.0/24" } };
const OLD: Scene = { api: "v2" };

function run(
  etcd: MemoryEtcd,
  options: Json,
  settings: Json = {},
  scene: Scene = {},
): Promise<Json> {
  return runInMemory(etcd, scene, options, settings);
}

function reported(result: Json): unknown {
  const [first] = result["reservations"] as Json[];
  return first?.["in_effect"];
}

describe("a subnet for a host", () => {
  for (const stored of [undefined, CONFIG]) {
    it(`is reserved once, as check mode predicts, ${stored === undefined ? "with" : "beside"} the configuration`, async () => {
      const etcd = etcdOf(stored === undefined ? {} : { stored });
      const mode = { _ansible_check_mode: true, _ansible_diff: true };
      const predicted = await run(etcd, TASK, mode);
      expect(etcd.store("v3").keys()).not.to.include(WANTED);
      const done = await run(etcd, TASK, { _ansible_diff: true });
      expect(await etcd.store("v3").read(WANTED)).to.include({ value: `{"PublicIP":"${IP}"}` });
      for (const key of ["changed", "changes", "diff", "leases", "reservations", "capacity"]) {
        expect(done[key], key).to.deep.equal(predicted[key]);
      }
      expect(done["changes"]).to.include(`reserve 10.200.7.0/24 for ${IP}`);
      expect(done).to.include({ changed: true, restart_required: false });
      expect([reported(predicted), reported(done)]).to.deep.equal([true, true]);
      expect((done["leases"] as Json[])[0]).to.include({ public_ip: IP, expires_in: null });
      expect(await run(etcd, TASK)).to.include({ changed: false });
    });
  }

  it("is told by a query, which writes nothing", async () => {
    const etcd = etcdOf({ stored: CONFIG });
    const result = await run(etcd, { ...TASK, state: "query" });
    expect([result["changed"], reported(result)]).to.deep.equal([false, false]);
  });

  it("is the lease of its daemon from v0.18 on, and left alone", async () => {
    const etcd = etcdOf({ stored: CONFIG, leases: ["10.200.7.0-24"] });
    const result = await run(etcd, TASK);
    expect([result["changed"], reported(result)]).to.deep.equal([false, true]);
  });

  it("has no end before v0.18, also where its daemon had it as a lease", async () => {
    const etcd = etcdOf({ api: "v2", stored: CONFIG, leases: ["10.200.7.0-24"] });
    const result = await run(etcd, TASK, {}, OLD);
    expect(result["changes"]).to.deep.equal([`reserve 10.200.7.0/24 for ${IP}`]);
    const [entry] = await etcd.store("v2").list("/net/subnets");
    expect(entry).to.deep.include({ key: WANTED, value: leaseValue(0), ttlSeconds: undefined });
    expect(await run(etcd, TASK, {}, OLD)).to.include({ changed: false });
  });

  it("renumbers a host only where that is allowed, and then takes its other lease away", async () => {
    const etcd = etcdOf({ stored: CONFIG, leases: ["10.200.31.0-24"] });
    const refused = await run(etcd, TASK);
    expect(refused).to.include({ failed: true, error_code: "refused", changed: false });
    expect(refused["msg"]).to.include(`10.200.7.0/24 for ${IP}: the host has 10.200.31.0/24`);
    const done = await run(etcd, { ...TASK, allow_disruptive: true });
    expect(done["changes"]).to.have.length(2);
    expect(etcd.store("v3").keys())
      .to.include(WANTED)
      .and.not.include(leaseKeyOf("10.200.31.0-24"));
    expect(await run(etcd, TASK)).to.include({ changed: false });
  });

  const obstacles: [string, Json, Scene, string, string][] = [
    [
      "another host has it",
      { reservations: { "10.8.0.9": "10.200.7.0/24" }, allow_disruptive: true },
      { stored: CONFIG, leases: ["10.200.7.0-24"] },
      "refused",
      `10.200.7.0/24 for 10.8.0.9: in etcd the subnet belongs to 10.200.7.0/24 of ${IP}`,
    ],
    [
      "the network that is kept has none such",
      {},
      { stored: { ...CONFIG, Network: "10.64.0.0/16" } },
      "invalid_config",
      "is not among the subnets of the network, 10.64.1.0/24 to",
    ],
    [
      "two hosts want it",
      { reservations: { [IP]: "10.200.7.0/24", "10.8.0.9": "10.200.7.0/24" } },
      {},
      "invalid_arguments",
      "two hosts cannot have the same subnet",
    ],
  ];
  for (const [name, options, scene, code, told] of obstacles) {
    it(`is refused where ${name}, and nothing is written`, async () => {
      const etcd = etcdOf(scene);
      const before = etcd.store("v3").keys();
      for (const mode of [true, false]) {
        const result = await run(etcd, { ...TASK, ...options }, { _ansible_check_mode: mode });
        expect(result).to.include({ failed: true, error_code: code, changed: false });
        expect(result["msg"]).to.include(told);
      }
      expect(etcd.store("v3").keys()).to.deep.equal(before);
    });
  }

  it("is not written over what another host takes at that moment", async () => {
    const etcd = etcdOf({ stored: CONFIG });
    etcd.store("v3").meanwhile = (key) => {
      if (key === WANTED && !etcd.store("v3").keys().includes(key)) {
        etcd.store("v3").put(key, leaseValue(8), 86_400);
      }
    };
    const result = await run(etcd, TASK);
    expect(result).to.include({ failed: true, error_code: "refused", changed: false });
    expect(await etcd.store("v3").read(WANTED)).to.include({ value: leaseValue(8) });
  });

  it("stays its host's where it is no longer declared", async () => {
    const etcd = etcdOf({ stored: CONFIG });
    await run(etcd, TASK);
    expect(await run(etcd, { config: CONFIG })).to.include({ changed: false });
    expect(etcd.store("v3").keys()).to.include(WANTED);
  });
});
