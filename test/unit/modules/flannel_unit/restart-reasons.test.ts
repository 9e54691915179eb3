import { expect } from "chai";

import { Scene, UnitHost, declaredBy, fileOf, given } from "../../../support/flannel-unit";

const MARK = "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16 SubnetLen=26";
const UNIT = "/etc/systemd/system/flanneld.service";
const SUBNET = "/run/flannel/subnet.env";
const OPTIONS = {
  settings: { "etcd-prefix": "/net", "etcd-password": "hunter2" },
  environment: { GODEBUG: "a=1" },
  restart_on: ["/ca.pem"],
  network_config: { Network: "10.200.0.0/16", SubnetLen: 26, Backend: { VNI: 7, Type: "vxlan" } },
};

describe("flannel_unit restart reasons", () => {
  const running = UnitHost.running(OPTIONS);
  const otherSubnet = { content: "FLANNEL_NETWORK=10.9.0.0/16\nFLANNEL_SUBNET=10.9.1.1/24\n" };
  const subnetOfAnother = { mode: 0o644, uid: 0, gid: 0, ...otherSubnet };

  it("are none on a host that is as declared", () => {
    given(OPTIONS).on(running).plans().because();
  });

  // Every way in which a running process differs from the declared one, each on its own.
  const reasons: [string, UnitHost, string][] = [
    [
      "another executable",
      running.withBinary({ device: 1, inode: 3 }),
      "executable: the running file is not the current /usr/local/sbin/flanneld",
    ],
    [
      "the same inode of another disk",
      running.withBinary({ device: 9, inode: 2 }),
      "executable: the running file is not the current /usr/local/sbin/flanneld",
    ],
    [
      "other arguments",
      running.withDaemon({ argv: ["/usr/local/sbin/flanneld", "-etcd-prefix=/old"] }),
      "arguments: added -etcd-prefix=/net, removed -etcd-prefix=/old",
    ],
    [
      "an old password on the command line",
      running.withDaemon({
        argv: ["/usr/local/sbin/flanneld", "-etcd-password=old", "-etcd-prefix=/net"],
      }),
      "arguments: removed -etcd-password=********",
    ],
    [
      "another password",
      running.withVariables({ FLANNELD_ETCD_PASSWORD: "old" }),
      "environment: FLANNELD_ETCD_PASSWORD",
    ],
    ["a variable too few", running.withVariables({ GODEBUG: undefined }), "environment: GODEBUG"],
    [
      "a flag variable too many",
      running.withVariables({ FLANNELD_IFACE: "x" }),
      "environment: FLANNELD_IFACE",
    ],
    [
      "other directives",
      running.withVariables({ ANSIBLE_FLANNEL_UNIT: "0" }),
      "unit: the process was started with different service directives",
    ],
    [
      "no fingerprint",
      running.withVariables({ ANSIBLE_FLANNEL_UNIT: undefined }),
      "unit: the process was started from a different unit",
    ],
    [
      "a unit newer than systemd knows",
      running.systemdSays({ needsReload: true }),
      "unit: the unit on disk is newer than what systemd has loaded",
    ],
    [
      "a newer certificate",
      running.touched("/ca.pem", 1001),
      "file: /ca.pem has changed since the process started",
    ],
    [
      "a newer drop-in",
      running.withDropIn("/d.conf", 1001),
      "drop-in: /d.conf has changed since the process started",
    ],
    [
      "another network",
      running.withFile(SUBNET, subnetOfAnother),
      `network: ${SUBNET} has network 10.9.0.0/16, expected 10.200.0.0/16`,
    ],
    [
      "another backend and a longer subnet",
      running.withVariables({
        ANSIBLE_FLANNEL_NETWORK: "Backend.Type=vxlan Backend.VNI=1 Network=10.200.0.0/16",
      }),
      "network: the process was started for a different configuration: Backend.VNI was 1, is 7; SubnetLen was not set, is 26",
    ],
    [
      "another configuration, before it has another subnet",
      running
        .withVariables({ ANSIBLE_FLANNEL_NETWORK: `${MARK} IPv6Network=fd00::/48` })
        .withFile(SUBNET, subnetOfAnother),
      "network: the process was started for a different configuration: IPv6Network was fd00::/48, is not set",
    ],
    [
      "an unknown configuration",
      running.withVariables({ ANSIBLE_FLANNEL_NETWORK: undefined }),
      "network: it is not recorded which network configuration the process was started for",
    ],
    ["no subnet file", running.withFile(SUBNET, undefined), `subnet: ${SUBNET} does not exist`],
  ];
  for (const [what, host, reason] of reasons) {
    it(`restart for ${what}, and for nothing else`, () => {
      const reloads = reason.startsWith("unit: the unit on disk") ? ["reload systemd"] : [];
      given(OPTIONS)
        .on(host)
        .because(reason)
        .plans(...reloads, "restart flanneld.service");
    });
  }

  const harmless: [string, UnitHost, string[]][] = [
    ["a certificate as old as the process", running.touched("/ca.pem", 1000), []],
    [
      "a certificate from the future",
      running.touched("/ca.pem", 5001),
      ["/ca.pem: its modification time"],
    ],
    ["a certificate that is gone", running.touched("/ca.pem", undefined), ["/ca.pem: no such"]],
    ["a binary that is gone", running.withBinary(undefined), ["binary: "]],
    ["a flag's file that is gone", running.lacking("settings: etcd-cafile"), ["etcd-cafile"]],
  ];
  for (const [what, host, warnings] of harmless) {
    it(`do not come from ${what}`, () => {
      given(OPTIONS)
        .on(host)
        .plans()
        .warns(...warnings);
    });
  }

  it("do not come from a flag variable that a drop-in would set again", () => {
    const host = running.withVariables({ FLANNELD_IFACE: "x" });
    given(OPTIONS).on(host.withForeignVariables("FLANNELD_IFACE")).plans();
  });

  it("compare with what the unit file says where no network configuration is declared", () => {
    const silent = { ...OPTIONS, network_config: {} };
    given(silent).on(running).plans();
    const other = { ANSIBLE_FLANNEL_NETWORK: "Network=10.9.0.0/16" };
    given(silent)
      .on(running.withVariables(other))
      .because(
        "network: the process was started for a different configuration: Backend.Type was not set, is vxlan; Backend.VNI was not set, is 7; Network was 10.9.0.0/16, is 10.200.0.0/16; SubnetLen was not set, is 26",
      );
    given(silent).on(UnitHost.running(silent).withVariables(other)).plans();
  });

  it("write the unit before they restart for another network configuration", () => {
    const network = { ...OPTIONS.network_config, SubnetLen: 25 };
    given({ ...OPTIONS, network_config: network })
      .on(running)
      .plans(`write ${UNIT}`, "reload systemd", "restart flanneld.service")
      .because(
        "network: the process was started for a different configuration: SubnetLen was 26, is 25",
      );
  });
});

describe("flannel_unit restart reasons of a reserved subnet", () => {
  const task = (...reserved_subnets: string[]) => given({ ...OPTIONS, reserved_subnets });
  const running = UnitHost.running(OPTIONS);
  const moved = `subnet: 10.200.7.0/24 is reserved for this host, ${SUBNET} has another`;

  it("are none for a daemon that has it, in either family", () => {
    const text = "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\n";
    const both = fileOf(`${text}FLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00::1/64\n`);
    task("10.200.1.0/24").on(running).plans();
    task("10.200.1.0/24", "fd00:0::/64").on(running.withFile(SUBNET, both)).plans();
  });

  it("tell of a daemon that has another one, in either family", () => {
    task("10.200.7.0/24").on(running).because(moved).plans("restart flanneld.service");
    task("10.200.1.0/24", "fd00::/64")
      .on(running)
      .because(`subnet: fd00::/64 is reserved for this host, ${SUBNET} has another`)
      .plans("restart flanneld.service");
  });

  it("are the same once the daemon has ended because its lease has gone", () => {
    const ended = running.stopped().systemdSays({ activeState: "activating" });
    task("10.200.7.0/24").on(ended).because(moved).plans("restart flanneld.service");
  });

  it("are none for a daemon that is stopped", () => {
    task("10.200.7.0/24").on(running.stopped()).because().plans("start flanneld.service");
  });
});

describe("flannel_unit restart reasons of a secret in the network configuration", () => {
  const secret = (psk: string) => ({
    network_config: { Network: "10.200.0.0/16", Backend: { Type: "wireguard", PSK: psk } },
  });
  const env = "/etc/flannel/flanneld.env";
  const because = "network: the process was started for a different configuration: Backend.PSK";

  it("name it, not its value, and need no new unit", () => {
    given(secret("new-correct-horse"))
      .on(UnitHost.running(secret("old-correct-horse")))
      .plans(`write ${env}`, "restart flanneld.service")
      .because(`${because} was different`);
  });

  it("are none while it is the same, also where nothing is declared", () => {
    const host = UnitHost.running(secret("correct-horse"));
    given(secret("correct-horse")).on(host).plans();
    given({}).on(host).plans();
  });

  it("are none when its fingerprint only moves out of the unit that everybody can read", () => {
    const host = UnitHost.running(secret("correct-horse"));
    const { files } = given({}).on(host).observed;
    const hidden = /HIDDEN="(.*)"/.exec(files.environment?.content ?? "")?.[1] ?? "?";
    const open = `${hidden} Backend.Type=wireguard Network=10.200.0.0/16`;
    const old = (files.unit?.content ?? "")
      .replace(/^EnvironmentFile=.*\n/m, "")
      .replace(
        /^Environment="ANSIBLE_FLANNEL_NETWORK=.*"$/m,
        `Environment="ANSIBLE_FLANNEL_NETWORK=${open}"`,
      );
    const before = host
      .withFile(env, undefined)
      .withFile(UNIT, { content: old, mode: 0o644, uid: 0, gid: 0 })
      .withVariables({ ANSIBLE_FLANNEL_NETWORK: open, ANSIBLE_FLANNEL_NETWORK_HIDDEN: undefined });
    for (const task of [secret("correct-horse"), {}]) {
      given(task).on(before).plans(`write ${env}`, `write ${UNIT}`, "reload systemd").because();
    }
  });

  it("tell a masked one by the revision it was written at", () => {
    given(secret("******** (revision 16)"))
      .on(UnitHost.running(secret("******** (revision 15)")))
      .plans(`write ${UNIT}`, "reload systemd", "restart flanneld.service")
      .because(`${because} was rewritten`);
  });
});

describe("flannel_unit restart reasons that check mode imagines", () => {
  const running = UnitHost.running(OPTIONS);
  const BINARY = "/usr/local/sbin/flanneld";
  const replacements: [string, readonly string[], UnitHost][] = [
    ["a new binary", [BINARY], running.withBinary({ device: 1, inode: 3 })],
    ["a new certificate", ["/ca.pem"], running.touched("/ca.pem", 2000)],
    [
      "both, and a file that is nobody's matter",
      [BINARY, "/ca.pem", "/other.pem"],
      running.withBinary({ device: 1, inode: 3 }).touched("/ca.pem", 2000),
    ],
  ];
  for (const [what, replaced, after] of replacements) {
    it(`are foreseen in check mode for ${what}`, () => {
      const predicted = given({ ...OPTIONS, replaced }).on(running);
      expect(predicted.plan).to.deep.equal(given(OPTIONS).on(after).plan);
      expect(predicted.plan.restartReasons).to.have.length.above(0);
    });
  }

  it("are not imagined in a real run, which can look", () => {
    const declared = declaredBy({ ...OPTIONS, replaced: [BINARY, "/ca.pem"] }, false);
    new Scene(declared, running.seenBy(declared)).plans().because();
  });

  it("are the same in check mode where what is to come is not there at all yet", () => {
    const bare = running.withBinary(undefined).touched("/ca.pem", undefined);
    const scene = given({ ...OPTIONS, replaced: [BINARY, "/ca.pem"] }).on(bare);
    scene.because(
      `executable: the running file is not the current ${BINARY}`,
      "file: /ca.pem has changed since the process started",
    );
    expect(scene.plan.warnings).to.deep.equal([]);
  });
});
