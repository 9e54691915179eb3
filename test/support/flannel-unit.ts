// Scenes for flannel_unit: hosts that can exist, seen through the options of a task. A host is made
// by the options of an earlier task; what then happened to it is said in the host's own words.

import { basename, dirname } from "node:path";

import { expect } from "chai";

import { type Obstacle } from "../../src/ansible/module";
import { parseOptions } from "../../src/ansible/options";
import { Redactor } from "../../src/ansible/redact";
import { type FlannelVersion, parseVersion } from "../../src/flannel/version";
import { spec } from "../../src/generated/flannel_unit";
import { type FileState } from "../../src/host/atomic-file";
import { type FileInfo } from "../../src/host/file-info";
import { type FileIdentity } from "../../src/host/proc";
import { type UnitState } from "../../src/host/systemd";
import { type Stranger } from "../../src/modules/flannel_unit/adoption";
import { withAddress } from "../../src/modules/flannel_unit/daemon";
import { type Declared, declare } from "../../src/modules/flannel_unit/declare";
import { renderEnvironmentFile } from "../../src/modules/flannel_unit/environment";
import { hostNeedsOf } from "../../src/modules/flannel_unit/host-settings";
import { type Lack } from "../../src/modules/flannel_unit/lacks";
import { type Observed, type RunningDaemon } from "../../src/modules/flannel_unit/observe";
import { type Plan, plan } from "../../src/modules/flannel_unit/plan";
import { type Expiry } from "../../src/modules/flannel_unit/expiry";
import { type PreviousFile } from "../../src/modules/flannel_unit/previous-files";
import { type Answers } from "../../src/modules/flannel_unit/query";
import { type SwitchState } from "../../src/modules/flannel_unit/switch-state";
import { type Residue } from "../../src/modules/flannel_unit/residue";
import { renderUnit } from "../../src/modules/flannel_unit/unit-text";

type Given = Readonly<Record<string, unknown>>;

/** What a task's options come to, completed with the defaults; it knows of what check mode imagines. */
export function declaredBy(given: Given = {}, checkMode = true): Declared {
  return declare(parseOptions(spec, given, new Redactor()), { checkMode });
}

/** A host on which nothing of the daemon's is left. */
export const NO_RESIDUE: Residue = {
  devices: [],
  rules: "",
  rules6: "",
  tables: [],
  routes: "",
  routes6: "",
  policies: "",
  keys: [],
};

/** A file of root's. */
export function fileOf(content: string, mode = 0o644, owner: Partial<FileState> = {}): FileState {
  return { content, mode, uid: 0, gid: 0, ...owner };
}

export const RUNNING: UnitState = {
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
const DEAD: Partial<UnitState> = { activeState: "inactive", subState: "dead", mainPid: 0 };
const BINARY: FileIdentity = { device: 1, inode: 2 };
const STARTED_MS = 1000;
export const NOW_MS = 5000;

interface Facts {
  readonly systemd: UnitState | undefined;
  readonly files: ReadonlyMap<string, FileState>;
  readonly links: readonly string[];
  readonly daemon: RunningDaemon | undefined;
  readonly runningVersion: FlannelVersion | undefined;
  readonly stranger: Stranger | undefined;
  readonly binary: FileIdentity | undefined;
  /** Dates of the files of restart_on; those that are not in it are older than the daemon. */
  readonly dates: ReadonlyMap<string, number | undefined>;
  /** Fingerprints of those that are there, by path. */
  readonly certificates: ReadonlyMap<string, string>;
  readonly dropIns: ReadonlyMap<string, number>;
  readonly foreign: readonly string[];
  readonly lacks: readonly Lack[];
  readonly switch: SwitchState | undefined;
  readonly previousFiles: readonly PreviousFile[];
  readonly kernel: { readonly bridgeFilter: boolean; readonly forwarding: boolean };
  readonly devices: ReadonlyMap<string, boolean>;
  readonly residue: Residue | undefined;
  readonly expiry: Expiry | undefined;
  readonly addresses: ReadonlyMap<string, string>;
  /** Networks that there are routes to. */
  readonly routes: ReadonlySet<string>;
  readonly folders: ReadonlyMap<string, FileInfo>;
  readonly answers: Answers;
}

/** One host; every method gives another one, to which that has happened. */
export class UnitHost {
  private constructor(private readonly facts: Facts) {}

  /** Nothing is there, not even the program. */
  static bare(): UnitHost {
    return new UnitHost({
      systemd: { ...RUNNING, ...DEAD, loadState: "not-found" },
      files: new Map(),
      links: [],
      daemon: undefined,
      runningVersion: undefined,
      stranger: undefined,
      binary: undefined,
      dates: new Map(),
      certificates: new Map(),
      dropIns: new Map(),
      foreign: [],
      lacks: [
        lackOf(
          "binary: /usr/local/sbin/flanneld: does not exist, install it first (flannel_install)",
          {
            isBroughtLater: true,
          },
        ),
      ],
      switch: undefined,
      previousFiles: [],
      kernel: { bridgeFilter: true, forwarding: true },
      devices: new Map([["flannel.1", false]]),
      residue: undefined,
      expiry: undefined,
      addresses: new Map([["wg0", "10.9.0.1"]]),
      routes: new Set(),
      folders: new Map(),
      answers: { arch: "amd64", certificates: undefined, networkLacks: undefined },
    });
  }

  /** A host on which a task with these options has done its work. */
  static running(given: Given = {}): UnitHost {
    const declared = withAddress(declaredBy({ ...given, state: "started" }), "10.9.0.1");
    const { mark, environmentPath, variables, unit } = declared;
    const environment = renderEnvironmentFile(variables.secret, mark);
    const needs = [...hostNeedsOf(declared.host, declared.network).files, ...declared.confFiles];
    const files = new Map([
      [
        declared.unitPath,
        fileOf(renderUnit(unit, { network: mark, certificates: "" }, environmentPath)),
      ],
      [
        declared.subnetFile,
        fileOf("FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.1.1/24\n"),
      ],
      ...(environment === undefined
        ? []
        : ([[environmentPath, fileOf(environment, 0o600)]] as const)),
      ...needs.flatMap(({ path, content }) =>
        content === undefined ? [] : ([[path, fileOf(content, modeOf(path))]] as const),
      ),
    ]);
    return UnitHost.bare().but({
      systemd: RUNNING,
      files,
      links: unit.links,
      daemon: {
        pid: 4711,
        argv: declared.argv,
        environment: variablesOf(declared),
        executable: BINARY,
        startedAtMs: STARTED_MS,
      },
      binary: BINARY,
      lacks: [],
    });
  }

  stopped(activeState: "failed" | "inactive" = "inactive"): UnitHost {
    const { systemd } = this.facts;
    const unit = { ...(systemd ?? RUNNING), ...DEAD, activeState, subState: activeState };
    return this.but({ systemd: unit, daemon: undefined });
  }

  withoutSystemd(): UnitHost {
    return this.stopped().but({ systemd: undefined });
  }

  systemdSays(change: Partial<UnitState>): UnitHost {
    return this.but({ systemd: { ...(this.facts.systemd ?? RUNNING), ...change } });
  }

  /** `undefined` removes the file. */
  withFile(path: string, file: FileState | undefined): UnitHost {
    const files = new Map(this.facts.files);
    if (file === undefined) files.delete(path);
    else files.set(path, file);
    return this.but({ files });
  }

  /** `undefined` takes the variable away. */
  withVariables(change: Readonly<Record<string, string | undefined>>): UnitHost {
    const environment = new Map(this.facts.daemon?.environment);
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) environment.delete(name);
      else environment.set(name, value);
    }
    return this.withDaemon({ environment });
  }

  withDaemon(change: Partial<RunningDaemon>): UnitHost {
    if (this.facts.daemon === undefined) throw new Error("no daemon runs on this host");
    return this.but({ daemon: { ...this.facts.daemon, ...change } });
  }

  withBinary(binary: FileIdentity | undefined): UnitHost {
    return this.but({
      binary,
      lacks:
        binary === undefined ? [lackOf("binary: it does not exist", { isBroughtLater: true })] : [],
    });
  }

  /** What an earlier run has left. */
  leftWith(change: Partial<Pick<Facts, "previousFiles" | "switch">>): UnitHost {
    return this.but(change);
  }

  lacking(message: string, kind: Partial<Lack> = {}): UnitHost {
    return this.but({ lacks: [...this.facts.lacks, lackOf(message, kind)] });
  }

  touched(path: string, changedAtMs: number | undefined): UnitHost {
    return this.but({ dates: new Map([...this.facts.dates, [path, changedAtMs]]) });
  }

  /** Fingerprints by path. */
  withCertificates(certificates: Readonly<Record<string, string>>): UnitHost {
    return this.but({ certificates: new Map(Object.entries(certificates)) });
  }

  withDropIn(path: string, changedAtMs: number, text = "[Service]\n"): UnitHost {
    const dropIns = new Map([...this.facts.dropIns, [path, changedAtMs]]);
    return this.withFile(path, fileOf(text)).but({ dropIns });
  }

  withForeignVariables(...foreign: readonly string[]): UnitHost {
    return this.but({ foreign });
  }

  linkedFrom(...links: readonly string[]): UnitHost {
    return this.but({ links });
  }

  withKernel(kernel: Partial<Facts["kernel"]>): UnitHost {
    return this.but({ kernel: { ...this.facts.kernel, ...kernel } });
  }

  /** Device to whether its TX checksum offload is on. */
  withDevices(devices: Readonly<Record<string, boolean>>): UnitHost {
    return this.but({ devices: new Map(Object.entries(devices)) });
  }

  withResidue(residue: Partial<Residue>): UnitHost {
    return this.but({ residue: { ...NO_RESIDUE, ...residue } });
  }

  withExpiry(expiry: Expiry): UnitHost {
    return this.but({ expiry });
  }

  withRoutes(...routes: readonly string[]): UnitHost {
    return this.but({ routes: new Set(routes) });
  }

  /** Without this interface, or without an address on it. */
  withoutAddress(name: string): UnitHost {
    const addresses = new Map(this.facts.addresses);
    addresses.delete(name);
    return this.but({ addresses });
  }

  withFolder(path: string, info: Partial<FileInfo> = {}): UnitHost {
    const whole = { isFile: false, mode: 0o755, uid: 0, gid: 0, ...info };
    return this.but({ folders: new Map([...this.facts.folders, [path, whole]]) });
  }

  /** A daemon of another role's, of this release. */
  adopted(tag: string | undefined, change: Partial<Stranger> = {}): UnitHost {
    const version = tag === undefined ? undefined : parseVersion(tag);
    const host = this.withVariables({ ANSIBLE_FLANNEL_UNIT: undefined });
    return host.but({ stranger: { version, isKube: false, dependents: [], ...change } });
  }

  runningRelease(tag: string): UnitHost {
    return this.but({ runningVersion: parseVersion(tag) });
  }

  answering(answers: Partial<Answers>): UnitHost {
    return this.but({ answers: { ...this.facts.answers, ...answers } });
  }

  /** What a task with these options finds here. */
  seenBy(declared: Declared): Observed {
    const { facts } = this;
    const file = (path: string) => facts.files.get(path);
    const files = {
      unit: file(declared.unitPath),
      environment: file(declared.environmentPath),
      subnet: file(declared.subnetFile),
      dropIns: [...facts.dropIns.keys()].map((path) => ({ path, file: file(path) })),
    };
    return {
      systemd: facts.systemd,
      files: declared.state === "absent" ? files : { ...files, dropIns: [] },
      links: facts.links,
      daemon: facts.daemon,
      runningVersion: facts.runningVersion,
      stranger: facts.stranger,
      binary: facts.binary,
      touched: {
        nowMs: NOW_MS,
        files: declared.restartOn.map((path) => ({
          path,
          changedAtMs: facts.dates.has(path) ? facts.dates.get(path) : STARTED_MS - 500,
        })),
        certificates: facts.certificates,
        dropIns: [...facts.dropIns].map(([path, changedAtMs]) => ({ path, changedAtMs })),
        foreign: new Set(facts.foreign),
      },
      settings: this.#settingsFor(declared),
      lacks: facts.lacks,
      residue: declared.isPurged ? facts.residue : undefined,
      expiry: facts.expiry,
      network: {
        address: facts.addresses.get(declared.interface ?? ""),
        etcdAddress: facts.addresses.get(declared.etcdInterface ?? ""),
        interfaces: [...facts.addresses.keys(), "lo"],
        routes: facts.routes,
      },
      confFiles: declared.confFiles.map((wanted) => ({
        file: wanted,
        before: file(wanted.path),
        folder: wanted.isShared ? facts.folders.get(dirname(wanted.path)) : undefined,
        neighbours: wanted.isShared ? this.#namesIn(dirname(wanted.path)) : [],
      })),
      plugins: [],
      optionsDir: declared.state === "absent" ? this.#folderAt(declared.optionsDir) : undefined,
      certificates: undefined,
      switch: facts.switch,
      previousFiles: facts.previousFiles,
      answers: declared.query === undefined ? undefined : facts.answers,
    };
  }

  #folderAt(path: string): Observed["optionsDir"] {
    const info = this.facts.folders.get(path);
    return info && { info, names: this.#namesIn(path) };
  }

  #namesIn(path: string): readonly string[] {
    const paths = [...this.facts.files.keys()].filter((each) => dirname(each) === path);
    return paths.map((each) => basename(each));
  }

  #settingsFor(declared: Declared): Observed["settings"] {
    const { kernel, devices, files } = this.facts;
    const needs = hostNeedsOf(declared.host, declared.network);
    const { plainDevices } = needs;
    return {
      files: needs.files.map((wanted) => ({ file: wanted, before: files.get(wanted.path) })),
      lacksBridgeFilter: needs.bridgeFilter && !kernel.bridgeFilter,
      wantsBridgeFilter: needs.needsFilter && !kernel.bridgeFilter,
      lacksForwarding: needs.forwarding && !kernel.forwarding,
      offloading: plainDevices.filter((device) => devices.get(device) === true),
      missing: plainDevices.filter((device) => !devices.has(device)),
    };
  }

  private but(change: Partial<Facts>): UnitHost {
    return new UnitHost({ ...this.facts, ...change });
  }
}

function lackOf(message: string, kind: Partial<Lack> = {}): Lack {
  return { message, isVital: true, isBroughtLater: false, ...kind };
}

function modeOf(path: string): number {
  return /\.(conflist|json)$/.test(path) ? 0o600 : 0o644;
}

/** What a process of this unit carries. */
function variablesOf({ variables, unit, mark }: Declared): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries({ ...variables.open, ...variables.secret }),
    ["ANSIBLE_FLANNEL_UNIT", unit.digest],
    ...(mark === undefined ? [] : [["ANSIBLE_FLANNEL_NETWORK", mark.open] as const]),
    ...(mark === undefined || mark.hidden === ""
      ? []
      : [["ANSIBLE_FLANNEL_NETWORK_HIDDEN", mark.hidden] as const]),
    ["PATH", "/usr/bin"],
  ]);
}

/** A task on a host, and what it plans there. */
export class Scene {
  readonly plan: Plan;

  constructor(
    readonly declared: Declared,
    readonly observed: Observed,
  ) {
    this.plan = plan(declared, observed);
  }

  get summaries(): readonly string[] {
    return this.plan.changes.map(({ summary }) => summary);
  }

  /** Exactly these steps. */
  plans(...summaries: readonly string[]): this {
    expect(this.summaries).to.deep.equal(summaries);
    return this;
  }

  /** Exactly these reasons for a restart. */
  because(...reasons: readonly string[]): this {
    expect(this.plan.restartReasons).to.deep.equal(reasons);
    return this;
  }

  /** Refused with these words, and no others. */
  refuses(...parts: readonly string[]): this {
    const obstacles: readonly Obstacle[] = this.plan.obstacles ?? [];
    expect(obstacles).to.have.length(parts.length);
    parts.forEach((part, index) => {
      expect(obstacles[index]?.message).to.contain(part);
    });
    return this;
  }

  /** Warned with these words, and no others. */
  warns(...parts: readonly string[]): this {
    const warnings = this.plan.warnings ?? [];
    expect(warnings).to.have.length(parts.length);
    parts.forEach((part, index) => {
      expect(warnings[index]).to.contain(part);
    });
    return this;
  }
}

/** A task with these options, to be put on a host. */
export function given(options: Given): { on: (host: UnitHost) => Scene } {
  const declared = declaredBy(options);
  return { on: (host) => new Scene(declared, host.seenBy(declared)) };
}
