import { expect } from "chai";

import { renderUnit } from "../../../../src/modules/flannel_unit/unit-text";
import { declaredBy } from "../../../support/flannel-unit";

const DIGEST_LINE = /^Environment=ANSIBLE_FLANNEL_UNIT=[0-9a-f]{16}\n/m;

function unitOf(given: Record<string, unknown>): string {
  const { unit, mark, environmentPath } = declaredBy(given);
  return renderUnit(unit, { network: mark, certificates: "" }, environmentPath);
}

function digestOf(given: Record<string, unknown>): string {
  return declaredBy(given).unit.digest;
}

describe("flannel_unit text", () => {
  it("renders the replaced role's unit", () => {
    const text = unitOf({
      settings: { iface: "tap0", "etcd-prefix": "/kubernetes-cluster/network", "ip-masq": "true" },
      exec_start_pre: "/bin/mkdir -p /run/flannel",
      exec_start_post: "/sbin/ethtool -K flannel.1 tx off",
    });
    expect(text.replace(DIGEST_LINE, "")).to.equal(`# Written by Ansible (flannel_unit).
[Unit]
Description=Flannel network daemon
Documentation=https://github.com/flannel-io/flannel
After=network.target network-online.target
Wants=network-online.target
Before=docker.service
StartLimitIntervalSec=0

[Service]
Type=notify
Restart=always
RestartSec=5
LimitNOFILE=40000
LimitNPROC=1048576
RuntimeDirectory=flannel
RuntimeDirectoryPreserve=yes
ExecStartPre=/bin/mkdir -p /run/flannel
ExecStart=/usr/local/sbin/flanneld \\
  -etcd-prefix=/kubernetes-cluster/network \\
  -iface=tap0 \\
  -ip-masq=true
ExecStartPost=/sbin/ethtool -K flannel.1 tx off

[Install]
WantedBy=multi-user.target
RequiredBy=docker.service
`);
  });

  it("leaves out lists that are empty, and Docker with them", () => {
    const text = unitOf({ before: [], required_by: [], wants: [], after: [] });
    expect(text).not.to.match(/^(Before|RequiredBy|Wants|After)=/m);
    expect(text).to.contain("WantedBy=multi-user.target");
  });

  it("is part of a unit, and starts after it, once", () => {
    const wireguard = "wg-quick@wg0.service";
    const text = unitOf({ after: ["network.target", wireguard], part_of: [wireguard] });
    expect(text).to.contain(`\nAfter=network.target ${wireguard}\nWants=network-online.target\n`);
    expect(text).to.contain(`\nPartOf=${wireguard}\n`);
    expect(unitOf({ part_of: ["a.service"] })).to.contain("network-online.target a.service\n");
    expect(unitOf({})).not.to.contain("PartOf");
    // It takes effect by reloading systemd.
    expect(declaredBy({ part_of: [wireguard] }).unit.digest).to.equal(declaredBy().unit.digest);
  });

  it("takes a unit without a suffix for a service, as systemctl does", () => {
    const lists = {
      after: ["a"],
      wants: ["b.socket"],
      before: ["docker"],
      part_of: ["wg-quick@wg0"],
    };
    const text = unitOf({ ...lists, required_by: ["docker", "x y.target"], wanted_by: ["c.d"] });
    expect(text).to.contain("\nAfter=a.service wg-quick@wg0.service\nWants=b.socket\n");
    expect(text).to.contain("\nPartOf=wg-quick@wg0.service\nBefore=docker.service\n");
    expect(text).to.contain(
      "\nWantedBy=c.d.service\nRequiredBy=docker.service x.service y.target\n",
    );
    expect(declaredBy({ required_by: ["docker"] }).unit.links).to.include(
      "docker.service.requires",
    );
    expect(unitOf({ required_by: ["docker"] })).to.equal(unitOf({}));
  });

  it("names its links as systemctl enable makes them", () => {
    expect(declaredBy().unit.links).to.deep.equal([
      "docker.service.requires",
      "multi-user.target.wants",
    ]);
    const extra = { Install: { WantedBy: "a.target multi-user.target" } };
    expect(declaredBy({ extra_directives: extra }).unit.links).to.deep.equal([
      "a.target.wants",
      "docker.service.requires",
      "multi-user.target.wants",
    ]);
  });

  const commands: [string, unknown, string[]][] = [
    ["one text, commas and all", "/bin/sh -c 'echo a,b'", ["/bin/sh -c 'echo a,b'"]],
    ["a list", ["/bin/true", "-/bin/false"], ["/bin/true", "-/bin/false"]],
    ["nothing", "", []],
    ["systemd's own % and $", "/bin/echo %n $HOME", ["/bin/echo %n $HOME"]],
  ];
  for (const [what, value, expected] of commands) {
    it(`takes exec_start_pre as ${what}`, () => {
      const lines = unitOf({ exec_start_pre: value }).match(/^ExecStartPre=.*$/gm) ?? [];
      expect(lines).to.deep.equal(expected.map((line) => `ExecStartPre=${line}`));
    });
  }

  it("keeps the runtime directory only where systemd can: below /run", () => {
    const runtime = (file: string) =>
      /^RuntimeDirectory=(.*)$/m.exec(unitOf({ settings: { "subnet-file": file } }))?.[1];
    expect(runtime("/run/flannel/subnet.env")).to.equal("flannel");
    expect(runtime("/var/run/flannel/x/subnet.env")).to.equal("flannel/x");
    expect(runtime("/run/subnet.env")).to.equal(undefined);
    expect(runtime("/var/lib/flannel/subnet.env")).to.equal(undefined);
    expect(runtime("/run/../etc/subnet.env")).to.equal(undefined);
  });

  it("adds extra directives to their section, lists repeated", () => {
    const text = unitOf({
      extra_directives: {
        Unit: { StartLimitBurst: 9 },
        Service: { CPUWeight: 200, ReadWritePaths: ["/a", "/b"], NoNewPrivileges: true },
      },
    });
    // Whoever sets a limit of starts has it, and no limit of ours beside it.
    expect(text).to.match(/\[Unit\][^[]*StartLimitBurst=9\n\n/);
    expect(text).to.not.include("StartLimitIntervalSec");
    expect(text).to.match(
      /\[Service\][^[]*CPUWeight=200\nReadWritePaths=\/a\nReadWritePaths=\/b\nNoNewPrivileges=yes\n/,
    );
  });

  it("lets the sandbox write where the subnet file is, whatever the directory is called", () => {
    const writable = (subnetFile: string) => {
      const text = unitOf({ hardening: true, settings: { "subnet-file": subnetFile } });
      return /^ReadWritePaths=(.*)$/m.exec(text)?.[1];
    };
    expect(writable("/run/flannel/subnet.env")).to.equal("/run /proc/sys/net");
    expect(writable("/srv/f/subnet.env")).to.equal("/run /proc/sys/net /srv/f");
    expect(writable("/srv/my f/50%/subnet.env")).to.equal('/run /proc/sys/net "/srv/my f/50%%"');
  });

  it("gives the same fingerprint to a unit that runs the same process", () => {
    const base = digestOf({});
    expect(
      digestOf({ restart_sec: "9", before: [], required_by: [], timeout_start_sec: "3min" }),
    ).to.equal(base);
    for (const given of [
      { limit_nofile: "1" },
      { exec_start_post: "/bin/true" },
      { environment: { A: "1" } },
      { settings: { v: 1 } },
      { extra_directives: { Service: { CPUWeight: 1 } } },
      { hardening: true },
    ]) {
      expect(digestOf(given), JSON.stringify(given)).not.to.equal(base);
    }
  });

  it("does not let a password be guessed from the fingerprint", () => {
    const digest = (password: string) => digestOf({ settings: { "etcd-password": password } });
    expect(digest("a")).to.equal(digest("b"));
  });
});
