import { expect } from "chai";

import { FORGET, crossed, left, run } from "../../../support/crossed-etcd";
import {
  CONFIG_KEY,
  type Json,
  type MemoryEtcd,
  leaseKeyOf,
  leaseValue,
} from "../../../support/etcd-config";

describe("what is to be forgotten of v2", () => {
  it("goes, with its folders, once, as check mode predicts", async () => {
    const etcd = crossed();
    const predicted = await run(etcd, FORGET, { _ansible_check_mode: true, _ansible_diff: true });
    expect(left(etcd)).to.have.length(4);
    const done = await run(etcd, FORGET, { _ansible_diff: true });
    expect(left(etcd)).to.deep.equal([]);
    for (const key of ["changed", "changes", "diff", "v2_remains"]) {
      expect(done[key], key).to.deep.equal(predicted[key]);
    }
    expect(done).to.deep.include({ changed: true, restart_required: false, v2_remains: [] });
    expect(done["changes"]).to.have.length(3);
    expect(etcd.store("v3").keys()).to.include(CONFIG_KEY);
    expect(await run(etcd, FORGET)).to.deep.include({ changed: false, v2_remains: [] });
  });

  it("is flannel's own; what others have beside it stays", async () => {
    const etcd = crossed();
    etcd.store("v2").put("/net/other", "x");
    await run(etcd, FORGET);
    expect(left(etcd)).to.deep.equal(["/net/other", "/net"]);
    expect(await run(etcd, FORGET)).to.include({ changed: false });
  });

  it("is finished with by the next run where one was killed half way", async () => {
    const etcd = crossed();
    const v2 = etcd.leftV2();
    v2.keys().forEach((key) => {
      v2.delete(key);
    });
    expect(await run(etcd, FORGET)).to.deep.include({ changed: true, v2_remains: [] });
    expect(left(etcd)).to.deep.equal([]);
  });

  it("goes with the configuration in v3, when both are no more", async () => {
    const etcd = crossed();
    const absent = { state: "absent", purge_leases: true, allow_disruptive: true, forget_v2: true };
    expect(await run(etcd, absent)).to.include({ changed: true });
    expect([...left(etcd), ...etcd.store("v3").keys()]).to.deep.equal([]);
  });

  const users: [string, Json, (etcd: MemoryEtcd) => void, string][] = [
    [
      "a host that runs a release that reads v2",
      { running: { "w-1": "v0.28.9", "w-2": "v0.15.1" } },
      () => undefined,
      "w-2 runs v0.15.1, which reads v2",
    ],
    [
      "a host of which nothing is known",
      { running: { "w-1": "unknown" } },
      () => undefined,
      "it is not known what w-1 runs",
    ],
    [
      "a daemon outside of the play",
      {},
      (etcd) => etcd.store("v2").put(leaseKeyOf("10.200.9.0-24"), leaseValue(9), 100),
      "without a lease in v3 are 10.200.9.0/24 of 10.8.0.10",
    ],
    [
      "whoever goes back, as v3 has nothing",
      {},
      (etcd) => {
        etcd.store("v3").delete(CONFIG_KEY);
      },
      "v3 has no configuration yet",
    ],
  ];
  for (const [name, options, prepare, told] of users) {
    it(`is needed by ${name}`, async () => {
      const etcd = crossed();
      prepare(etcd);
      const before = left(etcd);
      for (const mode of [true, false]) {
        const refused = await run(etcd, { ...FORGET, ...options }, { _ansible_check_mode: mode });
        expect(refused).to.include({ failed: true, error_code: "refused", changed: false });
        expect(refused["msg"]).to.include("forget_v2").and.include(told);
      }
      expect(left(etcd)).to.deep.equal(before);
    });
  }

  it("is no longer needed by hosts that run nothing, and by those that are gone", async () => {
    const etcd = crossed();
    etcd.store("v2").put(leaseKeyOf("10.200.9.0-24"), leaseValue(9), 100);
    const running = { "w-1": "v0.28.9", "w-2": null };
    const allowed = { ...FORGET, running, allow_disruptive: true };
    expect(await run(etcd, allowed)).to.include({ changed: true });
  });

  it("is no matter for a flannel that reads v2", async () => {
    const options = { ...FORGET, flannel_version: "v0.17.0" };
    const refused = await run(crossed(), options);
    expect(refused).to.include({ failed: true, error_code: "invalid_arguments" });
  });
});
