// What is on the host now. Reads only; the programs it starts (systemctl show) only answer.

import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

import { tryParseAddress } from "../../flannel/address";
import { FLAGS, flagValue, isFlagOn } from "../../flannel/flags";
import { type SubnetEnv, parseSubnetEnv } from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { toWallClockMs } from "../../host/clock";
import { hasAddress, listInterfaces } from "../../host/network";
import {
  type FileIdentity,
  type ProcessState,
  tryChangeTime,
  tryIdentify,
  tryReadProcess,
} from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";
import { type Declaration, declare, locateUnit } from "./declaration";
import { findForeignVariables } from "./foreign-variables";
import {
  type HostState,
  type Prerequisites,
  declarePrerequisites,
  observeHost,
} from "./prerequisites";
import { type Residue, observeResidue } from "./residue";

export interface FileChange {
  readonly path: string;
  /** Wall clock, milliseconds; undefined when the file does not exist. */
  readonly changedAtMs: number | undefined;
}

export interface Observation {
  readonly declaration: Declaration;
  /** undefined where systemd does not run (a bare host or an image, in check mode). */
  readonly unit: UnitState | undefined;
  readonly unitFile: FileState | undefined;
  readonly environmentFile: FileState | undefined;
  /** Drop-ins in `<unit_dir>/<unit>.d`, for removal. */
  readonly ownDropIns: readonly { readonly path: string; readonly file: FileState | undefined }[];
  /** "multi-user.target.wants" and so on: where links to the unit are. */
  readonly links: readonly string[];
  readonly process: ProcessState | undefined;
  /** Wall clock, milliseconds. */
  readonly processStartMs: number | undefined;
  readonly nowMs: number;
  readonly binary: FileIdentity | undefined;
  readonly restartOn: readonly FileChange[];
  readonly dropIns: readonly FileChange[];
  /** Flag variables that drop-ins and further directives set. */
  readonly foreignVariables: ReadonlySet<string>;
  readonly subnet: SubnetEnv | undefined;
  readonly subnetState: FileState | undefined;
  readonly prerequisites: Prerequisites;
  readonly host: HostState;
  /** Only looked for when it is to be purged. */
  readonly residue: Residue | undefined;
  /** Files named by flags that do not exist. */
  readonly missingFiles: readonly string[];
  /** Values of `iface` that are neither an interface nor an address of one. */
  readonly missingInterfaces: readonly string[];
}

/** Where `systemctl enable` puts its links, whatever directory the unit is in. */
const LINK_DIR = "/etc/systemd/system";

/** Looks at unit, files and process. Throws `invalid_arguments` for options that cannot be meant. */
export function observe(options: FlannelUnitOptions): Observation {
  const { unitName, unitPath } = locateUnit(options);
  const unit = tryShowUnit(unitName);
  const unitFile = tryReadFile(unitPath);
  const declaration = declare(options, unitFile?.content);
  const subnetFile = tryReadFile(declaration.subnetFile);
  const subnet = subnetFile === undefined ? undefined : parseSubnetEnv(subnetFile.content);
  const prerequisites = declarePrerequisites(options, declaration);
  const isPurged = options.state === "absent" && options.purge;
  const running = unit === undefined || unit.mainPid === 0 ? undefined : unit;
  return {
    declaration,
    unit,
    unitFile,
    environmentFile: tryReadFile(declaration.environmentPath),
    ownDropIns: options.state === "absent" ? readDropIns(`${unitPath}.d`) : [],
    links: findLinks(unitName),
    process: running === undefined ? undefined : tryReadProcess(running.mainPid),
    processStartMs: running === undefined ? undefined : toWallClockMs(running.startedAtUs),
    nowMs: Date.now(),
    binary: tryIdentify(options.binary),
    restartOn: readChangeTimes(options.restart_on),
    dropIns: readChangeTimes(unit?.dropInPaths ?? []),
    foreignVariables: observeForeignVariables(declaration, unit),
    subnet,
    subnetState: subnetFile,
    prerequisites,
    host: observeHost(prerequisites),
    residue: isPurged ? observeResidue(declaration.networks, subnet) : undefined,
    missingFiles: findMissingFiles(declaration),
    missingInterfaces: findMissingInterfaces(declaration),
  };
}

function readChangeTimes(paths: readonly string[]): readonly FileChange[] {
  return paths.map((path) => ({ path, changedAtMs: tryChangeTime(path) }));
}

/** The environment file of this module is not foreign: what it does not hold any more has to go. */
function observeForeignVariables(
  { unit: { text }, environmentPath }: Declaration,
  unit: UnitState | undefined,
): ReadonlySet<string> {
  const dropIns = (unit?.dropInPaths ?? []).map((path) => tryReadFile(path)?.content ?? "");
  return findForeignVariables([text, ...dropIns], (path) =>
    path.startsWith("/") && path !== environmentPath ? tryReadFile(path)?.content : undefined,
  );
}

/** Directories of links ("x.wants", "x.requires") that hold one to this unit. */
function findLinks(unitName: string): readonly string[] {
  const folders = namesIn(LINK_DIR).filter((name) => /\.(wants|requires)$/.test(name));
  return folders.filter((folder) => isLink(join(LINK_DIR, folder, unitName))).sort();
}

function isLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

function readDropIns(folder: string): Observation["ownDropIns"] {
  const paths = namesIn(folder)
    .filter((name) => name.endsWith(".conf"))
    .sort();
  return paths.map((name) => {
    const path = join(folder, name);
    return { path, file: tryReadFile(path) };
  });
}

/** Nothing is in a folder that does not exist. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Flags of a daemon without kube-subnet-mgr never read these, and the other way round. */
const KUBE_FILES = new Set(["kubeconfig-file", "net-config-path"]);

function findMissingFiles({ flags }: Declaration): readonly string[] {
  const isKube = isFlagOn(flags, "kube-subnet-mgr");
  const files = flags.filter(
    ({ name, value }) =>
      value !== "" && FLAGS[name]?.kind === "file" && KUBE_FILES.has(name) === isKube,
  );
  const missing = files.filter(({ value }) => tryIdentify(value) === undefined);
  return missing.map(({ name, value }) => `${name}: ${value}`);
}

function findMissingInterfaces({ flags }: Declaration): readonly string[] {
  const wanted = flags.filter((flag) => flag.name === "iface").map((flag) => flag.value);
  if (wanted.length === 0) return [];
  const names = new Set(listInterfaces());
  const missing = wanted.filter(
    (value) => !names.has(value) && !(tryParseAddress(value) !== undefined && hasAddress(value)),
  );
  // The daemon tries one after the other, so one that exists is enough.
  const alternatives =
    missing.length < wanted.length || flagValue(flags, "iface-regex") !== undefined;
  return alternatives ? [] : missing;
}
