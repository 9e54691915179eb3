import { expect } from "chai";

import { report } from "../../../../src/modules/flannel_unit/report";
import { nothing } from "../../../../src/modules/flannel_unit/apply";
import { type Scene, UnitHost, given } from "../../../support/flannel-unit";

const QUERY = { state: "query", interface: "wg0" };

function answersOf({ declared, observed, plan }: Scene): Readonly<Record<string, unknown>> {
  return report(declared, observed, plan, { changes: plan.changes, outcome: nothing });
}

describe("flannel_unit query", () => {
  const bare = UnitHost.bare();

  it("changes nothing, and lacks nothing, whatever the host is like", () => {
    for (const host of [bare, bare.withoutSystemd(), UnitHost.running({ settings: { v: 9 } })]) {
      given({ ...QUERY, binary: "/nowhere" })
        .on(host)
        .plans()
        .because()
        .refuses()
        .warns();
    }
  });

  it("refuses what a start would lack, before anything is touched, unless the play brings it", () => {
    const message = "packet filter: iptables: no such program on this host";
    given(QUERY).on(bare.lacking(message)).refuses(message);
    given(QUERY)
      .on(bare.lacking("ca.pem: none", { isBroughtLater: true }))
      .refuses()
      .warns();
    given(QUERY)
      .on(bare.lacking(message, { isVital: false }))
      .refuses()
      .warns(message);
  });

  it("lets a daemon that runs as its release run, whatever the next start would lack", () => {
    const query = { ...QUERY, flannel_version: "v0.28.9" };
    const host = UnitHost.running({ flannel_version: "v0.28.9" }).lacking("nft: none");
    given(query).on(host.runningRelease("v0.28.9")).refuses().warns("nft: none");
    given(query).on(host.runningRelease("v0.28.1")).refuses("nft: none");
  });

  it("tells what the host is like", () => {
    expect(answersOf(given(QUERY).on(bare))).to.deep.include({
      address: "10.9.0.1",
      etcd_address: "10.9.0.1",
      public_ip: "10.9.0.1",
      arch: "amd64",
      running_version: null,
      differing_certificates: [],
      outdated_certificates: [],
      wave: { index: 0, count: 1, first: 0, size: 1 },
      network_lacks: null,
      active_state: "inactive",
      enabled: false,
    });
    const running = UnitHost.running().runningRelease("v0.22.3+ck1");
    expect(answersOf(given(QUERY).on(running))).to.include({
      running_version: "v0.22.3+ck1",
      enabled: true,
    });
  });

  it("tells by which address flannel knows the host", () => {
    const settings: [string | null, string][] = [
      ["192.0.2.7", "192.0.2.7"],
      ["", "10.9.0.1"],
      [null, "10.9.0.1"],
    ];
    for (const [own, told] of settings) {
      const options = { ...QUERY, settings_user: { "public-ip": own } };
      expect(answersOf(given(options).on(bare))).to.include({ public_ip: told });
    }
  });

  it("knows no address of an interface that has none, or is not named", () => {
    for (const options of [{ ...QUERY, interface: "eth9" }, { state: "query" }]) {
      expect(answersOf(given(options).on(bare))).to.include({ address: null, etcd_address: null });
    }
    const other = { ...QUERY, etcd_interface: "eth9" };
    expect(answersOf(given(other).on(bare))).to.include({
      address: "10.9.0.1",
      etcd_address: null,
    });
  });

  it("says early that the daemon would have no address to tell", () => {
    const settings = { "public-ip": "" };
    given({ ...QUERY, settings })
      .on(bare)
      .refuses();
    const host = bare.withoutAddress("wg0");
    given({ ...QUERY, settings })
      .on(host)
      .refuses(
        "interface wg0 has no IPv4 address, or there is no such interface. The host has lo.",
      );
    given({ ...QUERY, settings_user: { "public-ip": null }, settings })
      .on(host)
      .refuses();
    given(QUERY).on(host).refuses();
  });

  it("tells the flags that the daemon would have", () => {
    const settings = { "public-ip": "", v: 1 };
    const flags = ["-public-ip=10.9.0.1", "-v=1"];
    expect(answersOf(given({ ...QUERY, settings }).on(bare))).to.deep.include({ flags });
  });

  it("tells the CPU that is declared for the one of the host", () => {
    expect(answersOf(given({ ...QUERY, arch: "aarch64" }).on(bare))).to.include({ arch: "arm64" });
    const unknown = bare.answering({ arch: undefined });
    expect(answersOf(given(QUERY).on(unknown))).to.include({ arch: null });
  });

  it("compares certificates", () => {
    const directory = "/var/lib/kubernetes";
    const certificates = { directory, sha256: { "ca.pem": "0".repeat(64) } };
    const found = { directory: undefined, files: new Map() };
    const scene = given({ ...QUERY, certificates }).on(bare.answering({ certificates: found }));
    expect(answersOf(scene)).to.deep.include({
      differing_certificates: [".", "ca.pem"],
      outdated_certificates: [`${directory}/ca.pem`],
    });
  });

  const KUBE = { "kube-subnet-mgr": true };
  const waves: [Record<string, unknown>, number][] = [
    [{ flannel_version: "v0.19.2" }, 4],
    [{ flannel_version: "v0.19.2", restart_serial: 0 }, 4],
    [{ flannel_version: "v0.19.2", restart_serial: "0" }, 4],
    [{ flannel_version: "v0.19.2", restart_serial: [] }, 4],
    [{ flannel_version: "v0.19.2", restart_serial: "100%" }, 1],
    [{ flannel_version: "v0.19.2", restart_serial: [1, 3] }, 2],
    [{ flannel_version: "v0.19.2", settings: KUBE }, 1],
    [{ flannel_version: "v0.28.9" }, 1],
    [{ flannel_version: "v0.28.9", restart_serial: "50%" }, 2],
    [{}, 1],
  ];
  for (const [options, count] of waves) {
    it(`has ${count} waves for ${JSON.stringify(options)}`, () => {
      const scene = given({ ...QUERY, hosts: 4, position: 3, ...options }).on(bare);
      expect(answersOf(scene)["wave"]).to.include({ count, index: count - 1 });
    });
  }

  it("is no concern of other states", () => {
    const scene = given({ interface: "wg0" }).on(UnitHost.running());
    expect(answersOf(scene)).not.to.have.any.keys("address", "arch", "wave", "running_version");
  });

  it("reads what it is asked by the same rules as a start", () => {
    expect(() => given({ ...QUERY, settings: { "etcd-prefx": "/n" } })).to.throw("etcd-prefix");
    expect(() => given({ ...QUERY, arch: "sparc" })).to.throw("arch: sparc: ");
    expect(() => given({ ...QUERY, restart_serial: "many" })).to.throw("restart_serial: ");
  });

  it("tells what the host lacks for the network that is to be, whatever the daemon was started for", () => {
    const network_config = { Network: "10.1.0.0/16", Backend: { Type: "ipip" } };
    const host = UnitHost.running()
      .answering({ networkLacks: ["no ipip"] })
      .lacking("no port")
      .lacking("no binary", { isBroughtLater: true })
      .lacking("no rules", { isVital: false });
    const scene = given({ ...QUERY, network_config })
      .on(host)
      .plans()
      .because();
    expect(answersOf(scene)).to.deep.include({ network_lacks: ["no ipip", "no port"] });
    expect(scene.declared.query?.network?.backend).to.deep.equal({ Type: "ipip" });
  });

  it("leaves it to others to say what is wrong with that network", () => {
    const ofConfig = (network_config: object) =>
      given({ ...QUERY, network_config })
        .on(bare)
        .refuses().declared.query?.network;
    expect(ofConfig({ Network: "nonsense" })).to.equal(undefined);
    expect(ofConfig({})).to.equal(undefined);
    // A family that is off needs nothing.
    const both = { Network: "10.1.0.0/16", IPv6Network: "fd00::/48" };
    expect(ofConfig(both)?.networks).to.deep.equal({ network: "10.1.0.0/16" });
    expect(ofConfig({ ...both, EnableIPv6: "True" })?.networks).to.have.keys(
      "network",
      "ipv6Network",
    );
  });
});
