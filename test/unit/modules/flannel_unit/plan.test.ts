import { expect } from "chai";

import { type FlannelUnitOptions } from "../../../../src/generated/flannel_unit";
import { type FileState } from "../../../../src/host/atomic-file";
import { type UnitState } from "../../../../src/host/systemd";
import { declare } from "../../../../src/modules/flannel_unit/declaration";
import { type Observation } from "../../../../src/modules/flannel_unit/observe";
import { declarePrerequisites } from "../../../../src/modules/flannel_unit/prerequisites";
import { planUnit } from "../../../../src/modules/flannel_unit/plan";
import { optionsOf } from "./options";

const RUNNING: UnitState = {
  loadState: "loaded",
  activeState: "active",
  subState: "running",
  result: "success",
  mainPid: 4711,
  exitKind: "",
  exitStatus: 0,
  startedAtUs: 1,
  unitFileState: "enabled",
  fragmentPath: "/etc/systemd/system/flanneld.service",
  dropInPaths: [],
  needsReload: false,
  restarts: 0,
  hasJob: false,
  statusText: "",
  invocationId: "0",
};
const DEAD: UnitState = { ...RUNNING, activeState: "inactive", subState: "dead", mainPid: 0 };
const BINARY = { device: 1, inode: 2 };

const MARK = "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16 SubnetLen=26";

function file(content: string, mode: number, uid = 0): FileState {
  return { content, mode, uid, gid: 0 };
}

/** A host that is exactly as the options say. */
function converged(options: FlannelUnitOptions): Observation {
  const declaration = declare(options);
  const { environmentText, unit, argv, environment, networkMark } = declaration;
  const prerequisites = declarePrerequisites(options, declaration);
  return {
    declaration,
    unit: RUNNING,
    unitFile: file(unit.text, 0o644),
    environmentFile: environmentText === undefined ? undefined : file(environmentText, 0o600),
    ownDropIns: [],
    links: unit.links,
    process: {
      pid: 4711,
      argv,
      environment: new Map([
        ...Object.entries(environment),
        ["ANSIBLE_FLANNEL_UNIT", unit.digest],
        ...(networkMark === undefined ? [] : [["ANSIBLE_FLANNEL_NETWORK", networkMark] as const]),
        ["PATH", "/usr/bin"],
      ]),
      executable: BINARY,
    },
    processStartMs: 1000,
    nowMs: 5000,
    binary: BINARY,
    restartOn: options.restart_on.map((path) => ({ path, changedAtMs: 500 })),
    dropIns: [],
    foreignVariables: new Set(),
    subnet: { network: "10.200.0.0/16", subnet: "10.200.1.1/24" },
    subnetState: undefined,
    prerequisites,
    host: {
      files: prerequisites.files.map(({ content }) =>
        content === undefined ? undefined : file(content, 0o644),
      ),
      hasBridgeFilter: true,
      isForwarding: true,
      offloading: [],
      missing: [],
    },
    residue: undefined,
    missingFiles: [],
    missingInterfaces: [],
  };
}

function summaries(options: FlannelUnitOptions, observation: Observation): readonly string[] {
  return planUnit(options, observation).changes.map((change) => change.summary);
}

const BARE: Partial<Observation> = {
  unit: undefined,
  unitFile: undefined,
  environmentFile: undefined,
  links: [],
  process: undefined,
  processStartMs: undefined,
  binary: undefined,
  subnet: undefined,
};

describe("flannel_unit plan", () => {
  const options = optionsOf({
    settings: { "etcd-prefix": "/net", "etcd-password": "hunter2" },
    environment: { GODEBUG: "a=1" },
    restart_on: ["/ca.pem"],
    network_config: {
      Network: "10.200.0.0/16",
      SubnetLen: 26,
      Backend: { VNI: 7, Type: "vxlan" },
    },
  });

  it("changes nothing on a converged host", () => {
    const plan = planUnit(options, converged(options));
    expect(plan).to.deep.equal({ changes: [], restartReasons: [], obstacles: [], warnings: [] });
  });

  it("does everything on a bare host, and warns of what a start would lack", () => {
    const plan = planUnit(options, { ...converged(options), ...BARE });
    expect(plan.changes.map(({ summary }) => summary)).to.deep.equal([
      "write /etc/flannel/flanneld.env",
      "write /etc/systemd/system/flanneld.service",
      "reload systemd",
      "enable flanneld.service",
      "start flanneld.service",
    ]);
    expect(plan.warnings?.join()).to.contain("does not exist, install it first");
  });

  // Every way in which a running process differs from the declared one, each on its own.
  const process = (change: Partial<NonNullable<Observation["process"]>>) => {
    const { process: running } = converged(options);
    if (running === undefined) throw new Error("a converged host has a process");
    return { process: { ...running, ...change } };
  };
  const environment = (change: Record<string, string | undefined>) => {
    const { process: running } = converged(options);
    const variables = new Map(running?.environment);
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) variables.delete(name);
      else variables.set(name, value);
    }
    return process({ environment: variables });
  };
  const reasons: [string, Partial<Observation>, string][] = [
    [
      "another executable",
      { binary: { device: 1, inode: 3 } },
      "executable: the process runs another file than /usr/local/sbin/flanneld is now",
    ],
    [
      "the same inode of another disk",
      { binary: { device: 9, inode: 2 } },
      "executable: the process runs another file than /usr/local/sbin/flanneld is now",
    ],
    [
      "other arguments",
      process({ argv: ["/usr/local/sbin/flanneld", "-etcd-prefix=/old"] }),
      "arguments: added -etcd-prefix=/net, removed -etcd-prefix=/old",
    ],
    [
      "an old password on the command line",
      process({ argv: ["/usr/local/sbin/flanneld", "-etcd-password=old", "-etcd-prefix=/net"] }),
      "arguments: removed -etcd-password=********",
    ],
    [
      "another password",
      environment({ FLANNELD_ETCD_PASSWORD: "old" }),
      "environment: FLANNELD_ETCD_PASSWORD",
    ],
    ["a variable too few", environment({ GODEBUG: undefined }), "environment: GODEBUG"],
    [
      "a flag variable too many",
      environment({ FLANNELD_IFACE: "x" }),
      "environment: FLANNELD_IFACE",
    ],
    [
      "other directives",
      environment({ ANSIBLE_FLANNEL_UNIT: "0" }),
      "unit: the process was started with other service directives",
    ],
    [
      "no fingerprint",
      environment({ ANSIBLE_FLANNEL_UNIT: undefined }),
      "unit: the process was started from another unit",
    ],
    [
      "a unit newer than systemd knows",
      { unit: { ...RUNNING, needsReload: true } },
      "unit: the unit on disk is newer than what systemd has loaded",
    ],
    [
      "a newer certificate",
      { restartOn: [{ path: "/ca.pem", changedAtMs: 1001 }] },
      "file: /ca.pem has changed since the process started",
    ],
    [
      "a newer drop-in",
      { dropIns: [{ path: "/d.conf", changedAtMs: 1001 }] },
      "drop-in: /d.conf has changed since the process started",
    ],
    [
      "another network",
      { subnet: { network: "10.9.0.0/16", subnet: "10.9.1.1/24" } },
      "network: /run/flannel/subnet.env has network 10.9.0.0/16, declared is 10.200.0.0/16",
    ],
    [
      "another backend and a longer subnet",
      environment({
        ANSIBLE_FLANNEL_NETWORK: "Backend.Type=vxlan Backend.VNI=1 Network=10.200.0.0/16",
      }),
      "network: the process was started for another configuration: Backend.VNI was 1, is 7; SubnetLen was not set, is 26",
    ],
    [
      "another configuration, before it has another subnet",
      {
        ...environment({ ANSIBLE_FLANNEL_NETWORK: `${MARK} IPv6Network=fd00::/48` }),
        subnet: { network: "10.9.0.0/16", subnet: "10.9.1.1/24" },
      },
      "network: the process was started for another configuration: IPv6Network was fd00::/48, is not set",
    ],
    [
      "an unknown configuration",
      environment({ ANSIBLE_FLANNEL_NETWORK: undefined }),
      "network: the process does not tell which network configuration it was started for",
    ],
    ["no subnet file", { subnet: undefined }, "subnet: /run/flannel/subnet.env does not exist"],
  ];
  for (const [what, change, reason] of reasons) {
    it(`restarts for ${what}, and for nothing else`, () => {
      const plan = planUnit(options, { ...converged(options), ...change });
      expect(plan.restartReasons).to.deep.equal([reason]);
      const expected = reason.startsWith("unit: the unit on disk")
        ? ["reload systemd", "restart flanneld.service"]
        : ["restart flanneld.service"];
      expect(plan.changes.map(({ summary }) => summary)).to.deep.equal(expected);
    });
  }

  const harmless: [string, Partial<Observation>][] = [
    [
      "a certificate as old as the process",
      { restartOn: [{ path: "/ca.pem", changedAtMs: 1000 }] },
    ],
    ["a certificate from the future", { restartOn: [{ path: "/ca.pem", changedAtMs: 5001 }] }],
    ["a certificate that is gone", { restartOn: [{ path: "/ca.pem", changedAtMs: undefined }] }],
    ["a binary that is gone", { binary: undefined }],
    ["a flag's file that is gone", { missingFiles: ["etcd-cafile: /x"] }],
  ];
  for (const [what, change] of harmless) {
    it(`warns of ${what}, but does not restart for it`, () => {
      const plan = planUnit(options, { ...converged(options), ...change });
      expect(plan.changes).to.deep.equal([]);
      const isOld = what.includes("as old");
      expect(plan.warnings).to.have.length(isOld ? 0 : 1);
    });
  }

  it("does not restart for a flag variable that a drop-in would set again", () => {
    const foreignVariables = new Set(["FLANNELD_IFACE"]);
    const observation = { ...converged(options), ...environment({ FLANNELD_IFACE: "x" }) };
    expect(summaries(options, { ...observation, foreignVariables })).to.deep.equal([]);
  });

  it("does not restart for directives that need no restart", () => {
    const before = converged(options);
    const after = { ...options, restart_sec: "9", timeout_start_sec: "2min" };
    expect(summaries(after, { ...before, declaration: declare(after) })).to.deep.equal([
      "write /etc/systemd/system/flanneld.service",
      "reload systemd",
    ]);
  });

  it("compares with what the unit file says where no network configuration is declared", () => {
    const before = converged(options);
    const silent = { ...options, network_config: {} };
    const kept = { ...before, declaration: declare(silent, before.unitFile?.content) };
    expect(planUnit(silent, kept).changes).to.deep.equal([]);
    const other = environment({ ANSIBLE_FLANNEL_NETWORK: "Network=10.9.0.0/16" });
    expect(planUnit(silent, { ...kept, ...other }).restartReasons).to.have.length(1);
    const unmarked = { ...converged(silent), ...other };
    expect(planUnit(silent, unmarked).changes).to.deep.equal([]);
  });

  it("writes the unit before it restarts for another network configuration", () => {
    const after = { ...options, network_config: { ...options.network_config, SubnetLen: 25 } };
    const declaration = declare(after, converged(options).unitFile?.content);
    const plan = planUnit(after, { ...converged(options), declaration });
    expect(plan.changes.map(({ summary }) => summary)).to.deep.equal([
      "write /etc/systemd/system/flanneld.service",
      "reload systemd",
      "restart flanneld.service",
    ]);
    expect(plan.restartReasons).to.deep.equal([
      "network: the process was started for another configuration: SubnetLen was 26, is 25",
    ]);
  });

  it("restarts on request, once more than needed", () => {
    const plan = planUnit({ ...options, state: "restarted" }, converged(options));
    expect(plan.restartReasons).to.deep.equal(["requested: state is restarted"]);
  });

  it("starts what does not run, also when asked to restart", () => {
    for (const state of ["started", "restarted"] as const) {
      const stopped = { ...converged(options), unit: DEAD, process: undefined };
      expect(summaries({ ...options, state }, stopped)).to.deep.equal(["start flanneld.service"]);
    }
  });

  it("starts a daemon that systemd keeps restarting, whatever its process is now", () => {
    const unit = { ...RUNNING, activeState: "activating", subState: "start" };
    expect(summaries(options, { ...converged(options), unit })).to.deep.equal([
      "start flanneld.service",
    ]);
  });

  it("stops what runs, and leaves what does not", () => {
    const stopped = { ...options, state: "stopped" as const };
    expect(summaries(stopped, converged(options))).to.deep.equal(["stop flanneld.service"]);
    expect(
      summaries(stopped, { ...converged(options), unit: DEAD, process: undefined }),
    ).to.deep.equal([]);
    const failed = { ...DEAD, activeState: "failed" };
    expect(
      summaries(stopped, { ...converged(options), unit: failed, process: undefined }),
    ).to.deep.equal([]);
  });

  it("mends the links of enablement, and takes them away", () => {
    const cases: [boolean, string[], string[]][] = [
      [true, [], ["enable flanneld.service"]],
      [true, ["multi-user.target.wants"], ["re-enable flanneld.service"]],
      [false, ["docker.service.requires"], ["disable flanneld.service"]],
      [false, [], []],
    ];
    for (const [enabled, links, expected] of cases) {
      expect(summaries({ ...options, enabled }, { ...converged(options), links })).to.deep.equal(
        expected,
      );
    }
  });

  it("reloads for a unit that systemd has not seen, or not in this state", () => {
    const unknown = {
      ...converged(options),
      unit: { ...DEAD, loadState: "not-found" },
      process: undefined,
    };
    expect(summaries(options, unknown)).to.deep.equal(["reload systemd", "start flanneld.service"]);
  });

  it("corrects mode and owner, and says so in the diff", () => {
    const { declaration } = converged(options);
    const unitFile = file(declaration.unit.text, 0o664, 7);
    const [change] = planUnit(options, { ...converged(options), unitFile }).changes;
    expect(change?.diff?.before).to.equal("mode 664, owner 7:0\n");
    expect(change?.diff?.after).to.equal("mode 644, owner 0:0\n");
  });

  it("shows a restart and its reasons in the diff, although it changes no file", () => {
    const observation = {
      ...converged(options),
      restartOn: [{ path: "/ca.pem", changedAtMs: 1001 }],
    };
    const [restart, ...others] = planUnit(options, observation).changes;
    expect(others).to.deep.equal([]);
    expect(restart?.diff?.after).to.equal(
      "restarted:\n  file: /ca.pem has changed since the process started\n",
    );
  });

  it("shows no secret in a diff, but that it changes", () => {
    const environmentFile = file('FLANNELD_ETCD_PASSWORD="old-secret"\n', 0o600);
    const unitFile = file("ExecStart=/f \\\n  -etcd-password=old-secret \\\n  -v=1\n", 0o644);
    const diffs = planUnit(options, {
      ...converged(options),
      environmentFile,
      unitFile,
    }).changes.map(({ diff }) => diff);
    expect(JSON.stringify(diffs)).not.to.contain("old-secret").and.not.to.contain("hunter2");
    expect(diffs[0]?.before).not.to.equal(diffs[0]?.after);
    expect(diffs[1]?.before).to.contain("-etcd-password=********").and.contain("-v=1");
  });

  it("removes the environment file once no secret needs it, after the unit let go of it", () => {
    const open = optionsOf({ settings: { "etcd-prefix": "/net" } });
    const observation = { ...converged(open), environmentFile: file("A=1\n", 0o600) };
    expect(summaries(open, observation)).to.deep.equal(["remove /etc/flannel/flanneld.env"]);
  });

  const hosts: [string, Record<string, unknown>, Partial<Observation["host"]>, string[]][] = [
    [
      "loads br_netfilter where 0.26 needs it",
      { flannel_version: "v0.26.0" },
      { hasBridgeFilter: false },
      ["load kernel module br_netfilter"],
    ],
    [
      "does without br_netfilter before",
      { flannel_version: "v0.25.7" },
      { hasBridgeFilter: false },
      [],
    ],
    [
      "does without br_netfilter when told",
      { flannel_version: "v0.26.0", load_br_netfilter: false },
      { hasBridgeFilter: false },
      [],
    ],
    [
      "does without br_netfilter where flannel uses nftables",
      { flannel_version: "v0.26.0", network_config: { EnableNFTables: true } },
      { hasBridgeFilter: false },
      [],
    ],
    [
      "switches forwarding on",
      { ip_forward: true },
      { isForwarding: false },
      ["set net.ipv4.ip_forward to 1"],
    ],
    ["leaves forwarding alone", {}, { isForwarding: false }, []],
    [
      "switches TX checksums off",
      { tx_checksum_offload: false },
      { offloading: ["flannel.1"] },
      ["switch off TX checksum offload of flannel.1"],
    ],
  ];
  for (const [what, given, host, expected] of hosts) {
    it(what, () => {
      const declared = optionsOf(given);
      const observation = converged(declared);
      expect(
        summaries(declared, { ...observation, host: { ...observation.host, ...host } }),
      ).to.deep.equal(expected);
    });
  }

  it("switches TX checksums off on the device a start is about to make, not while it is stopped", () => {
    const declared = optionsOf({ tx_checksum_offload: false });
    const observation = { ...converged(declared), unit: DEAD, process: undefined };
    const host = { ...observation.host, missing: ["flannel.1"] };
    expect(summaries(declared, { ...observation, host })).to.deep.equal([
      "start flanneld.service",
      "switch off TX checksum offload of flannel.1",
    ]);
    expect(summaries({ ...declared, state: "stopped" }, { ...observation, host })).to.deep.equal(
      [],
    );
    expect(summaries({ ...declared, wait_timeout: 0 }, { ...observation, host })).to.deep.equal([
      "start flanneld.service",
    ]);
  });

  it("writes a .link file against MAC rewriting for the versions and the backend that suffer", () => {
    const contents = (given: Record<string, unknown>) => {
      const declared = optionsOf(given);
      return declarePrerequisites(declared, declare(declared)).files[2]?.content;
    };
    expect(contents({ flannel_version: "v0.22.2" })).to.contain("MACAddressPolicy=none");
    expect(contents({ flannel_version: "v0.22.3" })).to.equal(undefined);
    expect(contents({ flannel_version: "v0.22.2", backend: { Type: "host-gw" } })).to.equal(
      undefined,
    );
    expect(contents({ flannel_version: "v0.22.2", keep_mac_address: false })).to.equal(undefined);
    expect(contents({ tx_checksum_offload: false })).to.contain(
      "[Link]\nTransmitChecksumOffload=no\n",
    );
  });

  it("names what would make the start fail", () => {
    const plan = planUnit(options, {
      ...converged(options),
      ...BARE,
      unit: { ...DEAD, loadState: "masked" },
      missingFiles: ["etcd-cafile: /ca.pem"],
      missingInterfaces: ["wg0"],
    });
    expect(plan.obstacles.join("\n"))
      .to.contain("/usr/local/sbin/flanneld: does not exist")
      .and.contain("unmask")
      .and.contain("etcd-cafile: /ca.pem: no such file")
      .and.contain("iface: wg0");
  });

  it("lets a change that starts nothing pass where a start would lack something", () => {
    const after = { ...options, restart_sec: "9" };
    const observation = { ...converged(options), declaration: declare(after), binary: undefined };
    const plan = planUnit(after, observation);
    expect(plan.obstacles).to.deep.equal([]);
    expect(plan.warnings).to.have.length(1);
  });

  it("does not undo a mask, not even to leave the daemon stopped", () => {
    const unit = { ...DEAD, loadState: "masked" };
    const observation = {
      ...converged(options),
      unit,
      process: undefined,
      unitFile: file("", 0o666),
    };
    const plan = planUnit({ ...options, state: "stopped" }, observation);
    expect(plan.obstacles.join()).to.contain("systemctl unmask flanneld.service");
  });

  it("lacks nothing to stop a daemon", () => {
    const plan = planUnit({ ...options, state: "stopped" }, { ...converged(options), ...BARE });
    expect(plan.obstacles).to.deep.equal([]);
  });
});

describe("flannel_unit plan of absent", () => {
  const options = optionsOf({ state: "absent", settings: { "etcd-password": "x" } });

  it("takes everything back, in order", () => {
    const observation = {
      ...converged(options),
      ownDropIns: [
        { path: "/etc/systemd/system/flanneld.service.d/a.conf", file: file("[Service]\n", 0o644) },
      ],
    };
    expect(summaries(options, observation)).to.deep.equal([
      "stop flanneld.service",
      "disable flanneld.service",
      "remove /etc/systemd/system/flanneld.service.d/a.conf",
      "remove /etc/systemd/system/flanneld.service",
      "remove /etc/flannel/flanneld.env",
      "reload systemd",
    ]);
  });

  it("shows no secret of what it takes back", () => {
    const dropIn = file('[Service]\nEnvironment="FLANNELD_ETCD_PASSWORD=old-secret"\n', 0o644);
    const observation = { ...converged(options), ownDropIns: [{ path: "/a.conf", file: dropIn }] };
    const diffs = planUnit(options, observation).changes.map(({ diff }) => diff);
    expect(JSON.stringify(diffs)).to.contain("/a.conf").and.not.to.contain("old-secret");
  });

  it("does nothing where nothing is", () => {
    const gone = { ...converged(options), ...BARE, unit: { ...DEAD, loadState: "not-found" } };
    expect(summaries(options, gone)).to.deep.equal([]);
    expect(summaries(options, { ...gone, unit: undefined })).to.deep.equal([]);
  });

  it("takes back the host's settings it made, and nobody else's", () => {
    const given = {
      flannel_version: "v0.10.0",
      load_br_netfilter: true,
      ip_forward: true,
      tx_checksum_offload: false,
    };
    const before = converged(optionsOf(given));
    const absent = optionsOf({ ...given, state: "absent" });
    const gone = { ...converged(absent), ...BARE, unit: { ...DEAD, loadState: "not-found" } };
    expect(summaries(absent, { ...gone, host: before.host })).to.deep.equal([
      "remove /etc/modules-load.d/flanneld.conf",
      "remove /etc/sysctl.d/90-flanneld.conf",
      "remove /etc/systemd/network/10-flanneld.link",
    ]);
    const foreign = { ...before.host, files: before.host.files.map(() => file("# mine\n", 0o644)) };
    expect(summaries(absent, { ...gone, host: foreign })).to.deep.equal([]);
  });

  it("purges rules before the device, and the subnet file that tells them last", () => {
    const gone = { ...converged(options), ...BARE, unit: { ...DEAD, loadState: "not-found" } };
    const residue = {
      devices: ["flannel.1"],
      rules: "*nat\n-F X\nCOMMIT\n",
      rules6: "",
      tables: ["ip flannel-ipv4"],
    };
    const subnetState = file("FLANNEL_NETWORK=10.200.0.0/16\n", 0o644);
    expect(summaries(options, { ...gone, residue, subnetState })).to.deep.equal([
      "remove flannel's iptables rules",
      "delete nftables table ip flannel-ipv4",
      "delete network device flannel.1",
      "remove /run/flannel/subnet.env",
    ]);
  });

  it("finishes what a killed run began", () => {
    const gone = { ...converged(options), ...BARE };
    const unloaded = { ...gone, unit: { ...DEAD, needsReload: true } };
    expect(summaries(options, unloaded)).to.deep.equal(["reload systemd"]);
    const failed = { ...gone, unit: { ...DEAD, activeState: "failed" } };
    expect(summaries(options, failed)).to.deep.equal(["forget the failure of flanneld.service"]);
  });
});
