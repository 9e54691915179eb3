// Scenes for flannel_install: options, and a host as it can be, without touching one.

import { basename, dirname, join } from "node:path";

import { type Told } from "../../src/ansible/module";
import { type Arch } from "../../src/flannel/arch";
import { type ReleaseFile } from "../../src/flannel/release-assets";
import { parseVersion } from "../../src/flannel/version";
import { type FlannelInstallOptions } from "../../src/generated/flannel_install";
import { previousPath } from "../../src/host/previous-versions";
import { type RunningProgram } from "../../src/host/running-programs";
import { type Outcome, nothing } from "../../src/modules/flannel_install/apply";
import { type CachedAsset } from "../../src/modules/flannel_install/cache";
import { type Change } from "../../src/modules/flannel_install/changes";
import { type Declared, declare } from "../../src/modules/flannel_install/declare";
import {
  type InstalledBinary,
  type InstalledFile,
} from "../../src/modules/flannel_install/inspect";
import { type Observed } from "../../src/modules/flannel_install/observe";
import { type Origin } from "../../src/modules/flannel_install/origin";
import { type Plan, plan } from "../../src/modules/flannel_install/plan";
import { type PublishedDigests } from "../../src/modules/flannel_install/release-page";
import { report } from "../../src/modules/flannel_install/report";
import { type Source, sourceFor } from "../../src/modules/flannel_install/source";
import { type WayBack } from "../../src/modules/flannel_install/way-back";

export type Options = Partial<FlannelInstallOptions>;

const DIRECTORY = "/usr/local/sbin";
export const BINARY = join(DIRECTORY, "flanneld");
export const SCRIPT = join(DIRECTORY, "mk-docker-opts.sh");
export const RECORD = join(DIRECTORY, ".flanneld.origin.json");
export const LEFTOVER = join(DIRECTORY, ".flanneld.new-7");

const DEFAULTS: FlannelInstallOptions = {
  program: "flanneld",
  version: "v0.28.9",
  state: "present",
  bin_dir: DIRECTORY,
  mode: "0750",
  owner: "root",
  group: "root",
  url: ["https://github.com/flannel-io/flannel/releases/download/{version}/{asset}"],
  use_netrc: true,
  validate_certs: true,
  timeout: 30,
  deadline: 900,
  require_checksum: false,
  release_page: "https://api.example/tags/{version}",
  retries: 3,
  keep: 1,
  mk_docker_opts: false,
};

export const digest = (letter: string): string => letter.repeat(64);

/** The options as they are after their defaults have been filled in. */
export const optionsWith = (options: Options = {}): FlannelInstallOptions => ({
  ...DEFAULTS,
  ...options,
});

/** The file that these options ask for, for this CPU. */
export const sourceWith = (options: Options, arch: Arch): Source => {
  const { wanted } = declare(optionsWith(options));
  if (wanted === undefined) throw new Error("nothing is wanted");
  return sourceFor(wanted.source, arch);
};

/** An installed binary of this version, as the module leaves it; undefined: it tells none. */
export const binaryOf = (
  version: string | undefined,
  more: Partial<InstalledBinary> = {},
): InstalledBinary => ({
  ...{ sha256: digest("a"), mode: 0o750, uid: 0, gid: 0, inode: 1, isLink: false, names: 1 },
  ...{ arch: "amd64", distrust: undefined },
  version: version === undefined ? undefined : parseVersion(version),
  ...more,
});

/** An installed mk-docker-opts.sh. */
export const scriptWith = (more: Partial<InstalledFile> = {}): InstalledFile => ({
  ...{ sha256: digest("5"), mode: 0o750, uid: 0, gid: 0, inode: 2, isLink: false, names: 1 },
  ...more,
});

/** Where a replaced version is kept. */
export const keptPath = (version: string): string => previousPath(BINARY, version);

/** What is on a host; all else follows from it. */
export interface Host {
  readonly cpu?: Arch | "sparc64";
  /** Directories that do not exist, the outermost first. */
  readonly missing?: readonly string[];
  readonly binary?: InstalledBinary;
  readonly script?: InstalledFile;
  /** What the record says came out of an archive. */
  readonly unpacked?: Readonly<Partial<Record<ReleaseFile, Origin>>>;
  /** The kept binary that is the wanted one. */
  readonly wayBack?: WayBack;
  /** Kept versions, the one replaced last first. */
  readonly kept?: readonly string[];
  readonly leftovers?: readonly string[];
  /** Files of others. */
  readonly others?: readonly string[];
  readonly running?: Partial<RunningProgram>;
  /** Declared accounts that the host does not know. */
  readonly unknown?: readonly ("group" | "owner")[];
  /** The digest that the file to install from must have; "later": a list of checksums says it. */
  readonly expected?: string;
  /** The file in the cache. */
  readonly cached?: CachedAsset;
  /** What the page of the release says. */
  readonly published?: PublishedDigests;
}

/** What `observe` would tell of the host. Throws for one that cannot be. */
function observedOn(host: Host, declared: Declared): Observed {
  const { binary, script, unpacked, missing = [], leftovers = [] } = host;
  const kept = (host.kept ?? []).map((version) => ({
    ...{ version, path: keptPath(version), inode: 3 },
  }));
  const names = [
    ...(binary === undefined ? [] : [BINARY]),
    ...(script === undefined ? [] : [SCRIPT]),
    ...(unpacked === undefined ? [] : [RECORD]),
    ...kept.map(({ path }) => path),
    ...leftovers,
    ...(host.others ?? []),
  ].map((path) => basename(path));
  if (missing.length > 0 && names.length > 0) throw new Error("no directory, but files in it");
  if (leftovers.some((path) => dirname(path) !== DIRECTORY)) throw new Error("left elsewhere");
  return {
    cpu: cpuOf(host.cpu ?? "amd64"),
    directory: { missing, names, leftovers, inodes: new Map() },
    installed: { binary, script, origins: unpacked ?? {}, kept },
    running: { current: 0, replaced: 0, ...host.running },
    account: accountOn(host, declared),
    digest: digestFor(host.expected),
    wayBack: host.wayBack,
    cached: host.cached,
    published: host.published,
  };
}

function cpuOf(cpu: Arch | "sparc64"): Observed["cpu"] {
  return { machine: cpu, arch: cpu === "sparc64" ? undefined : cpu };
}

function accountOn({ unknown = [] }: Host, { wanted }: Declared): Observed["account"] {
  const idOf = (option: "group" | "owner"): number | undefined =>
    wanted === undefined || unknown.includes(option) ? undefined : 0;
  return { uid: idOf("owner"), gid: idOf("group") };
}

function digestFor(expected: string | undefined): Observed["digest"] {
  if (expected === undefined) return { kind: "undeclared" };
  return expected === "later" ? { kind: "later" } : { kind: "known", sha256: expected };
}

/** One scene, and what the module makes of it. */
export class Scene {
  readonly declared: Declared;
  readonly observed: Observed;

  constructor(options: Options, host: Host) {
    this.declared = declare(optionsWith(options));
    this.observed = observedOn(host, this.declared);
  }

  get plan(): Plan {
    return plan(this.declared, this.observed);
  }

  get steps(): readonly string[] {
    return this.plan.changes.map(({ summary }) => summary);
  }

  /** The keys of the result when these changes were made; of a prediction by default. */
  report(told: Partial<Told<Change, Outcome>> = {}): Readonly<Record<string, unknown>> {
    const { changes } = this.plan;
    return report(this.declared, this.observed, this.plan, { changes, outcome: nothing, ...told });
  }
}

/** `given({ version: "v0.28.9" }).on({ binary: binaryOf("v0.16.1") })`. */
export function given(options: Options = {}): { readonly on: (host: Host) => Scene } {
  return { on: (host) => new Scene(options, host) };
}
