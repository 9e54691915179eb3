import { expect } from "chai";

import { type ModuleError } from "../../../../src/base/errors";
import { otherApi } from "../../../../src/flannel/etcd-layout";
import { tryParseLease } from "../../../../src/flannel/lease";
import { readNetworkConfig } from "../../../../src/flannel/network-config";
import { parseVersion } from "../../../../src/flannel/version";
import { type FlannelEtcdConfigOptions } from "../../../../src/generated/flannel_etcd_config";
import { checkDeclared } from "../../../../src/modules/flannel_etcd_config/declared";
import {
  type HeldLease,
  type Observation,
  type StoredConfig,
} from "../../../../src/modules/flannel_etcd_config/observe";
import { type EtcdPlan, planEtcdConfig } from "../../../../src/modules/flannel_etcd_config/plan";

const READER = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };
const KEY = "/net/config";
const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const LARGER = { ...CONFIG, Network: "10.192.0.0/12" };
const HOST_GW = { ...CONFIG, Backend: { Type: "host-gw" } };

type Options = Partial<FlannelEtcdConfigOptions>;

interface Scene {
  readonly declared?: unknown;
  readonly stored?: unknown;
  /** In the other store. */
  readonly other?: unknown;
  readonly leases?: readonly string[];
  readonly raced?: boolean;
  readonly api?: "v2" | "v3";
}

function storedConfig(document: unknown): StoredConfig | undefined {
  if (document === undefined) return undefined;
  const value = typeof document === "string" ? document : JSON.stringify(document);
  return { value, revision: 7, document, reading: readNetworkConfig(document, READER) };
}

function misplaced({ other, api = "v3" }: Scene): Observation["elsewhere"] {
  const config = storedConfig(other);
  return config === undefined ? [] : [{ ...config, api: otherApi(api), key: KEY }];
}

function heldLease(name: string): HeldLease {
  const entry = { key: name, value: '{"PublicIP":"10.8.0.1"}', ttlSeconds: 9, revision: 3 };
  const lease = tryParseLease(entry);
  if (lease === undefined) throw new Error(`${name} is no lease`);
  return { ...lease, entry };
}

/** The store is not for planning: touching more of it than its name throws. */
function observe(scene: Scene): Observation {
  return {
    store: { api: scene.api ?? "v3" } as Observation["store"],
    key: KEY,
    reader: READER,
    declared: scene.declared === undefined ? undefined : checkDeclared(scene.declared, READER),
    stored: storedConfig(scene.stored),
    elsewhere: misplaced(scene),
    leases: (scene.leases ?? []).map(heldLease),
    raced: scene.raced ?? false,
  };
}

function plan(options: Options, scene: Scene): EtcdPlan {
  const defaults: Options = { state: "present", if_exists: "keep", migrate_from_v2: false };
  const complete = { ...defaults, ...options } as unknown as FlannelEtcdConfigOptions;
  return planEtcdConfig(complete, observe(scene));
}

function refusal(options: Options, scene: Scene): ModuleError {
  try {
    plan(options, scene);
  } catch (error) {
    return error as ModuleError;
  }
  throw new Error("it was not refused");
}

function kinds({ changes }: EtcdPlan): string[] {
  return changes.map(({ kind }) => kind);
}

describe("the plan", () => {
  const cases: [string, Options, Scene, string[], boolean][] = [
    ["nothing there", {}, { declared: CONFIG }, ["write"], false],
    ["the same there", {}, { declared: CONFIG, stored: CONFIG }, [], false],
    ["another there, keep", {}, { declared: CONFIG, stored: LARGER }, [], false],
    [
      "another there, update",
      { if_exists: "update" },
      { declared: LARGER, stored: CONFIG },
      ["write"],
      true,
    ],
    ["unusable there, keep", {}, { declared: CONFIG, stored: "nonsense" }, [], false],
    [
      "unusable there, update",
      { if_exists: "update" },
      { declared: CONFIG, stored: {} },
      ["write"],
      true,
    ],
    ["in v2 only", {}, { declared: CONFIG, other: LARGER }, ["write"], false],
    ["in v2 only, migrate", { migrate_from_v2: true }, { other: LARGER }, ["write"], false],
    ["migrate, but it is there", { migrate_from_v2: true }, { stored: CONFIG }, [], false],
    [
      "migrate with v2 itself",
      { migrate_from_v2: true },
      { api: "v2", declared: CONFIG, other: LARGER },
      ["write"],
      false,
    ],
    ["query", { state: "query" }, { declared: CONFIG, stored: LARGER }, [], false],
    ["absent", { state: "absent" }, { stored: CONFIG }, ["remove"], false],
    ["absent already", { state: "absent" }, {}, [], false],
    ["absent already, leases stay", { state: "absent" }, { leases: ["10.200.1.0-24"] }, [], false],
    [
      "absent with leases, allowed",
      { state: "absent", purge_leases: true, allow_disruptive: true },
      { stored: CONFIG, leases: ["10.200.1.0-24"] },
      ["remove", "purge"],
      false,
    ],
    [
      "disruptive, allowed",
      { if_exists: "update", allow_disruptive: true },
      { declared: HOST_GW, stored: CONFIG, leases: ["10.200.1.0-24"] },
      ["write"],
      true,
    ],
    [
      "larger under leases",
      { if_exists: "update" },
      { declared: LARGER, stored: CONFIG, leases: ["10.200.1.0-24"] },
      ["write"],
      true,
    ],
  ];
  for (const [name, options, scene, expected, restart] of cases) {
    it(`for ${name} is [${expected.join(", ")}]${restart ? " and a restart" : ""}`, () => {
      const planned = plan(options, scene);
      expect(kinds(planned)).to.deep.equal(expected);
      expect(planned.restartRequired).to.equal(restart);
      for (const { diff } of planned.changes) expect(diff?.before).not.to.equal(diff?.after);
    });
  }

  const refusals: [string, Options, Scene, string, string][] = [
    [
      "if_exists: fail",
      { if_exists: "fail" },
      { declared: CONFIG, stored: LARGER },
      "conflict",
      "Network is 10.192.0.0/12",
    ],
    [
      "a lost race",
      { if_exists: "update" },
      { declared: CONFIG, stored: LARGER, raced: true },
      "conflict",
      "someone else wrote it",
    ],
    [
      "a disruptive change",
      { if_exists: "update" },
      { declared: HOST_GW, stored: CONFIG, leases: ["10.200.1.0-24"] },
      "refused",
      "10.200.1.0/24 of 10.8.0.1",
    ],
    [
      "removing under leases",
      { state: "absent" },
      { stored: CONFIG, leases: ["10.200.1.0-24"] },
      "refused",
      "10.200.1.0/24 of 10.8.0.1",
    ],
    ["nothing to take over", { migrate_from_v2: true }, {}, "not_found", "neither"],
    [
      "taking over what flannel cannot use",
      { migrate_from_v2: true },
      { other: { Network: "10.0.0.0/30", Backend: { Type: "vxlan" } } },
      "invalid_config",
      "too small",
    ],
  ];
  for (const [name, options, scene, code, message] of refusals) {
    it(`refuses ${name}`, () => {
      const error = refusal(options, scene);
      expect(error.code).to.equal(code);
      expect(error.message).to.include(message);
    });
  }

  it("warns of everything it keeps", () => {
    const { warnings } = plan({}, { declared: CONFIG, stored: { ...HOST_GW, SubnetLen: 25 } });
    expect(warnings?.[0]).to.include("Backend.Type is host-gw, declared is vxlan");
    expect(warnings?.[0]).to.include("SubnetLen is 25, declared is 24");
  });

  it("warns of what stays in etcd although flannel passes over it", () => {
    const { warnings } = plan({}, { declared: CONFIG, stored: { ...CONFIG, SubnetLenn: 25 } });
    expect(warnings).to.deep.equal([
      '/net/config: in etcd: SubnetLenn: unknown key, flannel would ignore it, did you mean "SubnetLen"?',
    ]);
  });

  it("keeps and warns after a lost race, too", () => {
    const { warnings } = plan({}, { declared: CONFIG, stored: LARGER, raced: true });
    expect(warnings?.[0]).to.include("someone else wrote it while this task ran");
  });

  it("shows secrets nowhere, but shows that one changes", () => {
    const [old, changed] = ["o", "n"].map((letter) => ({
      Network: "10.200.0.0/16",
      Backend: { Type: "ipsec", PSK: letter.repeat(96) },
    }));
    const planned = plan({ if_exists: "update" }, { declared: changed, stored: old });
    expect(JSON.stringify(planned.changes.map(({ diff }) => diff))).not.to.match(/o{96}|n{96}/);
    const [change] = planned.changes;
    expect(change?.diff?.before).to.include('"PSK": "********"');
    expect(change?.diff?.after).to.include('"PSK": "******** (another one)"');
  });
});
