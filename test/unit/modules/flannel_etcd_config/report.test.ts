import { expect } from "chai";

import { type Json, type Scene, etcdOf, runInMemory } from "../../../support/etcd-config";
import { spec } from "../../../../src/generated/flannel_etcd_config";

const PSK = "k".repeat(96);
const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "ipsec", PSK } };
const OTHER = { ...CONFIG, Backend: { Type: "ipsec", PSK: "o".repeat(96) } };
const CHECK = { _ansible_check_mode: true, _ansible_diff: true };

async function run(scene: Scene, options: Json, settings: Json = {}): Promise<Json> {
  return runInMemory(etcdOf(scene), scene, options, settings);
}

function pskOf(result: Json): unknown {
  return (result["config"] as { Backend: Json }).Backend["PSK"];
}

describe("the result", () => {
  const all: [string, Scene, Json, boolean][] = [
    ["of a query of nothing", {}, { state: "query" }, false],
    ["of a write", {}, { config: CONFIG }, false],
    ["of a conflict", { stored: CONFIG }, { config: OTHER, if_exists: "fail" }, true],
    ["of nothing to take over", {}, { migrate_from_v2: true }, true],
    ["of text that cannot be read", { stored: "PSK" }, { state: "query" }, false],
    ["of wrong options", {}, { stat: "query" }, true],
  ];
  for (const [name, scene, options, fails] of all) {
    it(`${name} has every key that is promised`, async () => {
      const result = await run(scene, options);
      expect(result).to.include.all.keys([...spec.returned, "changed", "changes", "invocation"]);
      expect(result["failed"] === true).to.equal(fails);
    });
  }

  it("shows when a secret was written, and another revision for another one", async () => {
    expect(pskOf(await run({ stored: CONFIG }, { state: "query" }))).to.equal(
      "******** (revision 1)",
    );
    const etcd = etcdOf({ stored: CONFIG });
    const options = { config: OTHER, if_exists: "update", allow_disruptive: true };
    expect(pskOf(await runInMemory(etcd, {}, options, CHECK))).to.equal(
      "******** (known after the write)",
    );
    const written = await runInMemory(etcd, {}, options);
    expect(written["revision"]).to.equal(2);
    expect(pskOf(written)).to.equal("******** (revision 2)");
    expect(pskOf(await runInMemory(etcd, {}, options))).to.equal("******** (revision 2)");
  });

  it("is of what is there where the change was refused", async () => {
    const leases = ["10.200.1.0-24"];
    const hostGw = { ...CONFIG, Backend: { Type: "host-gw" } };
    const scene = { stored: CONFIG, leases };
    const result = await run(scene, { config: hostGw, if_exists: "update" });
    expect(result).to.deep.include({ failed: true, error_code: "refused", changed: false });
    expect(result).to.deep.include({ revision: 2, restart_required: false });
    expect(result["capacity"]).to.deep.include({ subnets_in_use: 1 });
    expect(result["leases"]).to.have.length(1);
    expect((result["differences"] as Json[])[0]).to.deep.equal({
      key: "Backend.Type",
      before: "ipsec",
      after: "host-gw",
    });
  });

  it("foresees the next start under the declared configuration, else under the one in etcd", async () => {
    const config = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
    const scene = { stored: config, leases: ["10.200.1.0-24", "10.99.1.0-24"] };
    const declared = { ...config, SubnetLen: 26 };
    const foreseen = async (options: Json): Promise<unknown[]> => {
      const result = await run(scene, options);
      const leases = result["leases"] as Json[];
      return [...leases.map((lease) => lease["after_restart"]), result["renumbered"]];
    };
    const [first, second] = ["10.99.1.0/24 of 10.8.0.2", "10.200.1.0/24 of 10.8.0.1"];
    expect(await foreseen({ state: "query" })).to.deep.equal(["renumbered", "keeps", [first]]);
    for (const options of [
      { state: "query", config: declared },
      { config: declared, if_exists: "update" },
    ]) {
      expect(await foreseen(options)).to.deep.equal(["renumbered", "renumbered", [first, second]]);
    }
    const absent = await run(scene, { state: "absent", allow_disruptive: true });
    expect(absent["cut_off"]).to.deep.equal([first, second]);
    const hostGw = { ...config, Backend: { Type: "host-gw" } };
    const parted = await run(scene, { state: "query", config: hostGw });
    expect(parted["cut_off"]).to.deep.equal([first, second]);
  });

  it("says where a configuration is that flannel will not find", async () => {
    expect(await run({ other: CONFIG }, { state: "query" })).to.include({ other_api: "v2" });
  });

  it("keeps its warnings when the task fails", async () => {
    const result = await run({ other: CONFIG }, { api: "v2", config: CONFIG, if_exists: "fail" });
    expect(result["warnings"]).to.have.length(1);
  });
});
