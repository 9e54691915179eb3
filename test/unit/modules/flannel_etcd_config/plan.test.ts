import { expect } from "chai";

import { type Json, type Scene as Place, planFor } from "../../../support/etcd-config";
import { type Plan } from "../../../../src/modules/flannel_etcd_config/plan";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };
const LARGER = { ...CONFIG, Network: "10.192.0.0/12" };
const LARGER_APART = { ...CONFIG, Network: "10.16.0.0/12" };
const HOST_GW = { ...CONFIG, Backend: { Type: "host-gw" } };

interface Scene extends Place {
  readonly declared?: unknown;
}

async function plan(options: Json, { declared, ...scene }: Scene): Promise<Plan> {
  const config = declared === undefined ? {} : { config: declared };
  return (await planFor(scene, { ...config, ...options })).plan;
}

function kinds({ changes }: Plan): string[] {
  return changes.map(({ kind }) => kind);
}

describe("the plan", () => {
  const cases: [string, Json, Scene, string[], boolean][] = [
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
    [
      "there as Go cannot read it, update",
      { if_exists: "update" },
      {
        declared: { ...CONFIG, SubnetLen: 24 },
        stored: '{"Network":"10.200.0.0/16","SubnetLen":24.0,"Backend":{"Type":"vxlan"}}',
      },
      ["write"],
      true,
    ],
    [
      "another there, in the last of twins, update",
      { if_exists: "update" },
      {
        declared: { ...CONFIG, Backend: { Type: "vxlan", VNI: 1 } },
        stored: '{"Network":"10.200.0.0/16","Backend":{"Type":"vxlan","vni":1,"VNI":7}}',
      },
      ["write"],
      true,
    ],
    ["in v2 only", {}, { declared: CONFIG, other: LARGER }, ["write"], false],
    ["in v2 only, migrate", { migrate_from_v2: true }, { other: LARGER }, ["write"], false],
    ["migrate, but it is there", { migrate_from_v2: true }, { stored: CONFIG }, [], false],
    [
      "migrate, but another is there",
      { migrate_from_v2: true, if_exists: "update" },
      { declared: CONFIG, stored: CONFIG, other: LARGER },
      [],
      false,
    ],
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
    [
      "absent with three leases",
      { state: "absent", purge_leases: true, allow_disruptive: true },
      { leases: ["10.200.1.0-24", "10.200.3.0-24", "10.200.2.0-24"] },
      ["purge", "purge", "purge"],
      false,
    ],
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
    it(`for ${name} is [${expected.join(", ")}]${restart ? " and a restart" : ""}`, async () => {
      const planned = await plan(options, scene);
      expect(kinds(planned)).to.deep.equal(expected);
      expect(planned.restartRequired).to.equal(restart);
      for (const { diff } of planned.changes) expect(diff?.before).not.to.equal(diff?.after);
    });
  }

  const UNDER_TWO = { leases: ["10.200.5.0-24", "10.200.6.0-24"] };

  for (const [name, stored, declared] of [
    ["longer subnets", CONFIG, { ...CONFIG, SubnetLen: 26 }],
    ["shorter subnets", CONFIG, { ...CONFIG, SubnetLen: 22 }],
    ["a higher lower bound", CONFIG, { ...CONFIG, SubnetMin: "10.200.100.0" }],
    ["a lower upper bound", CONFIG, { ...CONFIG, SubnetMax: "10.200.4.0" }],
    ["IPv6 switched on", CONFIG, { ...CONFIG, EnableIPv6: true, IPv6Network: "fd00::/48" }],
    [
      "IPv4 switched off",
      { ...CONFIG, EnableIPv6: true, IPv6Network: "fd00::/48" },
      { ...CONFIG, EnableIPv4: false, EnableIPv6: true, IPv6Network: "fd00::/48" },
    ],
    [
      "another backend, where flannel cannot use the old text",
      { Network: "10.1.0.0/16", Backend: { Type: "ali-vpc" } },
      HOST_GW,
    ],
    ["another network, where the old text is no JSON", "{", LARGER_APART],
    ["another network, where there is none", undefined, LARGER_APART],
  ] as const) {
    it(`with ${name} is refused under leases, and told where it is allowed`, async () => {
      const scene = { ...UNDER_TWO, stored, declared };
      const refused = await plan({ if_exists: "update" }, scene);
      const [obstacle] = refused.obstacles ?? [];
      expect(obstacle).to.include({ code: "refused", lasting: true });
      for (const lease of ["10.200.5.0/24 of 10.8.0.1", "10.200.6.0/24 of 10.8.0.2"]) {
        expect(obstacle?.message).to.include(lease);
      }
      const allowed = await plan({ if_exists: "update", allow_disruptive: true }, scene);
      expect(allowed.obstacles ?? []).to.deep.equal([]);
      expect(allowed.warnings?.join()).to.include("10.200.5.0/24 of 10.8.0.1");
      const alone = await plan({ if_exists: "update" }, { stored, declared });
      expect(alone.obstacles ?? []).to.deep.equal([]);
      expect(kinds(alone)).to.deep.equal(["write"]);
    });
  }

  it("writes a lost configuration anew under the daemons that run by it", async () => {
    const planned = await plan({}, { ...UNDER_TWO, declared: CONFIG });
    expect(kinds(planned)).to.deep.equal(["write"]);
    expect(planned.obstacles ?? []).to.deep.equal([]);
  });

  it("refuses in a few lines, however many leases there are", async () => {
    const leases = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.0-24`);
    const scene = { stored: CONFIG, declared: { ...CONFIG, SubnetLen: 26 }, leases };
    for (const options of [{ if_exists: "update" }, { state: "absent" }]) {
      const [obstacle] = (await plan(options, scene)).obstacles ?? [];
      expect(obstacle?.message).to.match(/and \d+ more/);
      expect(obstacle?.message.length).to.be.below(2048);
    }
  });

  const refusals: [string, Json, Scene, string, string][] = [
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
    [
      "a backend that this CPU has not",
      { architectures: null },
      { declared: { ...CONFIG, Backend: { Type: "udp" } }, cpu: "arm64" },
      "invalid_config",
      "on amd64 only, but there are hosts with arm64",
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
    it(`refuses ${name}, whatever came before in the play`, async () => {
      const [obstacle, ...more] = (await plan(options, scene)).obstacles ?? [];
      expect(more).to.deep.equal([]);
      expect(obstacle).to.include({ code, lasting: true });
      expect(obstacle?.message).to.include(message);
    });
  }

  it("takes over what v2 has only when told so", async () => {
    for (const [options, { Network }] of [
      [{}, CONFIG],
      [{ migrate_from_v2: true }, LARGER],
    ] as const) {
      const { changes } = await plan(options, { declared: CONFIG, other: LARGER });
      expect(changes).to.have.length(1);
      expect(changes[0]).to.have.property("value").that.includes(Network);
    }
  });

  it("warns of everything it keeps", async () => {
    const { warnings } = await plan(
      {},
      { declared: CONFIG, stored: { ...HOST_GW, SubnetLen: 25 } },
    );
    expect(warnings?.[0]).to.include("Backend.Type is host-gw, expected vxlan");
    expect(warnings?.[0]).to.include("SubnetLen is 25, expected 24");
  });

  it("warns of what stays in etcd although flannel passes over it", async () => {
    const { warnings } = await plan(
      {},
      { declared: CONFIG, stored: { ...CONFIG, SubnetLenn: 25 } },
    );
    expect(warnings).to.deep.equal([
      '/net/config: in etcd: SubnetLenn: unknown key, flannel would ignore it, did you mean "SubnetLen"?',
    ]);
  });

  for (const [name, stored, told] of [
    ["text that is no JSON", "hello", "text that is not JSON"],
    ["a list", [], "expected a JSON object"],
    ["a backend that no flannel has", { ...CONFIG, Backend: { Type: "vxlam" } }, '"vxlam"'],
    ["a subnet length that does not fit", { ...CONFIG, SubnetLen: 40 }, "SubnetLen: expected"],
    ["both families off", { ...CONFIG, EnableIPv4: false }, "both families are off"],
  ] as const) {
    for (const options of [{ state: "query" }, { migrate_from_v2: true }]) {
      it(`warns of ${name} with ${Object.keys(options).join()}, which flannel cannot use`, async () => {
        const { warnings } = await plan(options, { stored });
        expect(warnings).to.have.length(1);
        expect(warnings?.[0]).to.include("/net/config: flannel cannot use the configuration");
        expect(warnings?.[0]).to.include(told);
      });
    }
  }

  it("tells one that flannel cannot use once, and the declared one beside it", async () => {
    const psk = "s".repeat(96);
    const declared = { ...CONFIG, Backend: { Type: "ipsec", PSK: psk } };
    const planned = await plan({}, { declared, stored: "{" });
    expect(planned.warnings).to.have.length(1);
    const [difference] = planned.differences;
    expect(difference?.key).to.equal("config");
    expect(difference?.before).to.include("unusable: ");
    expect(difference?.after).to.deep.equal({
      Network: "10.200.0.0/16",
      Backend: { Type: "ipsec", PSK: "********" },
    });
  });

  it("does not warn of what it writes over", async () => {
    const { warnings } = await plan(
      { if_exists: "update" },
      { declared: LARGER, stored: { ...CONFIG, SubnetLenn: 25 } },
    );
    expect(warnings).to.deep.equal([]);
  });

  it("keeps and warns after a lost race, too", async () => {
    const { warnings } = await plan({}, { declared: CONFIG, stored: LARGER, raced: true });
    expect(warnings?.[0]).to.include("someone else wrote it while this task ran");
  });

  it("shows secrets nowhere, but shows that one changes", async () => {
    const [old, changed] = ["o", "n"].map((letter) => ({
      Network: "10.200.0.0/16",
      Backend: { Type: "ipsec", PSK: letter.repeat(96) },
    }));
    const planned = await plan({ if_exists: "update" }, { declared: changed, stored: old });
    expect(JSON.stringify(planned.changes.map(({ diff }) => diff))).not.to.match(/o{96}|n{96}/);
    const [change] = planned.changes;
    expect(change?.diff?.before).to.include('"PSK": "********"');
    expect(change?.diff?.after).to.include('"PSK": "******** (another one)"');
  });

  it("has the differences also where it refuses", async () => {
    const scenes: [Json, Scene][] = [
      [{ if_exists: "fail" }, { declared: CONFIG, stored: LARGER }],
      [{ if_exists: "update" }, { declared: CONFIG, stored: LARGER, raced: true }],
      [{ if_exists: "update" }, { declared: HOST_GW, stored: CONFIG, leases: ["10.200.1.0-24"] }],
    ];
    for (const [options, scene] of scenes) {
      const planned = await plan(options, scene);
      expect(planned.obstacles).to.have.length(1);
      expect(planned.differences).not.to.deep.equal([]);
    }
  });
});
