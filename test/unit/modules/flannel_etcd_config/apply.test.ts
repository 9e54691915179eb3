import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import {
  CONFIG_KEY,
  type Json,
  type MemoryEtcd,
  type Scene,
  etcdOf,
  leaseKeyOf,
  leaseValue,
  runInMemory,
} from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const PURGE = { state: "absent", purge_leases: true, allow_disruptive: true };
const NAMES = ["10.200.1.0-24", "10.200.2.0-24", "10.200.3.0-24"];
const SCENE = { stored: CONFIG, leases: NAMES };
const MOVING = leaseKeyOf("10.200.2.0-24");

/** `disturb` happens before each write to this key; `times` counts them. */
async function purge(
  key: string,
  disturb: (etcd: MemoryEtcd, times: number) => void,
  scene: Scene = SCENE,
): Promise<{ readonly result: Json; readonly left: string[] }> {
  const etcd = etcdOf(scene);
  const store = etcd.store("v3");
  let times = 0;
  store.meanwhile = (written) => {
    if (written === key) disturb(etcd, ++times);
  };
  const result = await runInMemory(etcd, scene, PURGE, { _ansible_diff: true });
  return { result, left: store.keys() };
}

describe("carrying out", () => {
  it("removes the configuration and every lease, and tells each", async () => {
    const { result, left } = await purge("", () => undefined);
    expect(left).to.deep.equal([]);
    expect(result).to.deep.include({ changed: true, leases: [], config: null, revision: null });
    expect(result["changes"]).to.deep.equal([
      `remove ${CONFIG_KEY}`,
      "remove the lease 10.200.1.0/24 of 10.8.0.1 (vxlan)",
      "remove the lease 10.200.2.0/24 of 10.8.0.2 (vxlan)",
      "remove the lease 10.200.3.0/24 of 10.8.0.3 (vxlan)",
    ]);
    const diffs = result["diff"] as Json[];
    expect(diffs.map((diff) => diff["before_header"])).to.deep.equal([CONFIG_KEY, "leases"]);
  });

  it("removes a lease that was renewed meanwhile, and forgets nothing else", async () => {
    const { result, left } = await purge(MOVING, (etcd, times) => {
      if (times === 1) etcd.store("v3").put(MOVING, leaseValue(1));
    });
    expect(left).to.deep.equal([]);
    expect(result).to.deep.include({ changed: true, leases: [] });
    expect(result["changes"]).to.have.length(4);
  });

  it("does not tell of a lease that was gone before it came to it", async () => {
    const { result, left } = await purge(MOVING, (etcd) => {
      etcd.store("v3").delete(MOVING);
    });
    expect(left).to.deep.equal([]);
    expect(result).to.deep.include({ changed: true, leases: [] });
    expect(result["changes"]).to.deep.equal([
      `remove ${CONFIG_KEY}`,
      "remove the lease 10.200.1.0/24 of 10.8.0.1 (vxlan)",
      "remove the lease 10.200.3.0/24 of 10.8.0.3 (vxlan)",
    ]);
    expect(JSON.stringify(result["diff"])).not.to.include("10.200.2.0");
  });

  it("has changed nothing where all leases were gone", async () => {
    const lease = leaseKeyOf("10.200.1.0-24");
    const end = (etcd: MemoryEtcd): void => {
      etcd.store("v3").delete(lease);
    };
    const { result } = await purge(lease, end, { leases: ["10.200.1.0-24"] });
    expect(result).to.deep.include({ changed: false, changes: [], leases: [] });
    expect(result).not.to.have.property("failed");
  });

  it("gives a lease up whose daemon runs, and says what is gone and what is left", async () => {
    const { result, left } = await purge(MOVING, (etcd) => {
      etcd.store("v3").put(MOVING, leaseValue(1), 86_400);
    });
    expect(left).to.have.members([MOVING, leaseKeyOf("10.200.3.0-24")]);
    expect(result).to.deep.include({
      failed: true,
      error_code: "conflict",
      changed: true,
      config: null,
      revision: null,
      changes: [`remove ${CONFIG_KEY}`, "remove the lease 10.200.1.0/24 of 10.8.0.1 (vxlan)"],
    });
    expect(result["msg"])
      .to.include("the lease 10.200.2.0/24 of 10.8.0.2 (vxlan)")
      .and.include("its daemon is running")
      .and.include(`already done: remove ${CONFIG_KEY}; remove the lease 10.200.1.0/24`);
    const leases = result["leases"] as Json[];
    expect(leases.map(({ subnet }) => subnet)).to.deep.equal(["10.200.2.0/24", "10.200.3.0/24"]);
  });

  it("takes a fault of etcd for no race, and does not try again", async () => {
    let tries = 0;
    const { result, left } = await purge(MOVING, () => {
      tries += 1;
      throw new ModuleError("permission", "etcd: permission denied");
    });
    expect(tries).to.equal(1);
    expect(result).to.include({ failed: true, error_code: "permission" });
    expect(left).to.include(MOVING);
  });

  it("removes a configuration that somebody else has written meanwhile, and tells it once", async () => {
    const { result, left } = await purge(CONFIG_KEY, (etcd, times) => {
      if (times < 3) etcd.store("v3").put(CONFIG_KEY, { ...CONFIG, SubnetLen: 20 + times });
    });
    expect(left).to.deep.equal([]);
    expect(result["changes"]).to.have.length(4);
    expect((result["diff"] as Json[])[0]?.["before"]).to.include('"SubnetLen": 22');
  });

  it("writes, and tells the new revision", async () => {
    const etcd = etcdOf({});
    const result = await runInMemory(etcd, {}, { config: CONFIG });
    expect(result).to.deep.include({ changed: true, revision: 1, config: CONFIG });
    const second = await runInMemory(etcd, {}, { config: CONFIG });
    expect(second).to.deep.include({ changed: false, revision: 1, changes: [] });
  });

  it("writes nothing in check mode, and tells the same changes", async () => {
    const etcd = etcdOf(SCENE);
    const settings = { _ansible_check_mode: true, _ansible_diff: true };
    const predicted = await runInMemory(etcd, SCENE, PURGE, settings);
    expect(etcd.store("v3").keys()).to.have.length(4);
    const result = await runInMemory(etcd, SCENE, PURGE, { _ansible_diff: true });
    for (const key of ["changed", "changes", "diff", "config", "leases"]) {
      expect(predicted[key], key).to.deep.equal(result[key]);
    }
  });

  it("does not overwrite what somebody else has written meanwhile", async () => {
    const etcd = etcdOf({ stored: CONFIG });
    const other = { ...CONFIG, Network: "10.99.0.0/16" };
    let times = 0;
    etcd.store("v3").meanwhile = () => {
      if (++times === 1) etcd.store("v3").put(CONFIG_KEY, other);
    };
    const options = { config: { ...CONFIG, SubnetLen: 25 }, if_exists: "update" };
    const result = await runInMemory(etcd, {}, options);
    expect(result).to.deep.include({ failed: true, error_code: "conflict", changed: false });
    expect(result).to.deep.include({ config: other, restart_required: false });
    expect(result["msg"]).to.include("someone else wrote it while this task ran");
  });
});
