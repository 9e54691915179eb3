import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { declare } from "../../../../src/modules/flannel_unit/declaration";
import { optionsOf } from "./options";

const DIGEST_LINE = /^Environment=ANSIBLE_FLANNEL_UNIT=[0-9a-f]{16}\n/m;

function unitOf(given: Record<string, unknown>): string {
  return declare(optionsOf(given)).unit.text;
}

function digestOf(given: Record<string, unknown>): string {
  return declare(optionsOf(given)).unit.digest;
}

function faultOf(given: Record<string, unknown>): string {
  try {
    declare(optionsOf(given));
  } catch (error) {
    if (error instanceof ModuleError && error.code === "invalid_arguments") return error.message;
    throw error;
  }
  return "";
}

describe("flannel_unit declaration", () => {
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

  it("names its links as systemctl enable makes them", () => {
    expect(declare(optionsOf()).unit.links).to.deep.equal([
      "docker.service.requires",
      "multi-user.target.wants",
    ]);
    const extra = { Install: { WantedBy: "a.target multi-user.target" } };
    expect(declare(optionsOf({ extra_directives: extra })).unit.links).to.deep.equal([
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
        Unit: { StartLimitIntervalSec: 0 },
        Service: { CPUWeight: 200, ReadWritePaths: ["/a", "/b"], NoNewPrivileges: true },
      },
    });
    expect(text).to.match(/\[Unit\][^[]*StartLimitIntervalSec=0\n/);
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

  it("keeps secrets out of unit and arguments, and in the environment file", () => {
    const declaration = declare(
      optionsOf({
        settings: {
          "etcd-password": 'p"w$`\\ %',
          "etcd-username": "u",
          "kube-api-url": "https://t:s@k",
        },
        secret_settings: ["kube-api-url"],
        environment: { FLANNELD_ETCD_USERNAME: "x", GODEBUG: "a=1" },
      }),
    );
    expect(declaration.unit.text).to.contain("EnvironmentFile=/etc/flannel/flanneld.env\n");
    expect(declaration.unit.text).to.contain("Environment=GODEBUG=a=1\n");
    expect(declaration.unit.text).not.to.contain('p"w').and.not.to.contain("kube-api-url");
    expect(declaration.argv).to.deep.equal(["/usr/local/sbin/flanneld", "-etcd-username=u"]);
    expect(declaration.environmentText).to.equal(
      "# Written by Ansible (flannel_unit): secrets of flanneld.\n" +
        'FLANNELD_ETCD_PASSWORD="p\\"w\\$\\`\\\\ %"\nFLANNELD_KUBE_API_URL="https://t:s@k"\n',
    );
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

  const faults: [Record<string, unknown>, string][] = [
    [{ name: "a/b" }, "is not a unit name"],
    [{ binary: "flanneld" }, "is not an absolute path"],
    [{ network: "10.0.0.0" }, "expected an IPv4 CIDR"],
    [{ ipv6_network: "10.0.0.0/8" }, "expected an IPv6 CIDR"],
    [{ flannel_version: "latest" }, "flannel_version"],
    [{ exec_start_pre: "/bin/true\nUser=evil" }, "newline"],
    [{ exec_start_pre: "/bin/true \\" }, "backslash"],
    [{ exec_start_pre: { a: 1 } }, "command lines as text"],
    [{ restart_sec: "5\nUser=x" }, "newline"],
    [{ options_dir: "/etc\nExecStartPre=/x", settings: { "etcd-password": "a" } }, "options_dir: "],
    [{ environment: { "A B": "1" } }, "not a name"],
    [{ environment: { A: "x\ny" } }, "newline"],
    [{ environment: { A: {} } }, "expected text"],
    [{ extra_directives: { Sevice: { A: 1 } } }, "Unit, Service or Install"],
    [{ extra_directives: { Service: { "A=B": 1 } } }, "name of a directive"],
    [{ extra_directives: { Service: { A: "x\ny" } } }, "newline"],
    [{ secret_settings: ["no-such-flag"] }, "no-such-flag"],
    [
      { settings: { "etcd-password": "a" }, environment: { FLANNELD_ETCD_PASSWORD: "b" } },
      "given again",
    ],
    [{ settings: { iface: ["a", "b"] }, secret_settings: ["iface"] }, "one value only"],
  ];
  for (const [given, expected] of faults) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      expect(faultOf(given)).to.contain(expected);
    });
  }
});
