// What is on the host now. Reads only, and starts one process (systemctl show).

import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

import { tryParseAddress } from "../../flannel/address";
import { FLAGS, flagValue, isFlagOn } from "../../flannel/flags";
import { type SubnetEnv, parseSubnetEnv } from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { hasAddress, listInterfaces } from "../../host/network";
import {
  type FileIdentity,
  type ProcessState,
  toWallClockMs,
  tryChangeTime,
  tryIdentify,
  tryReadProcess,
} from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";
import { type Declaration, declare, locateUnit } from "./declaration";
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
export async function observe(options: FlannelUnitOptions): Promise<Observation> {
  const { unitName, unitPath } = locateUnit(options);
  const unitFile = await tryReadFile(unitPath);
  const declaration = declare(options, unitFile?.content);
  const { environmentPath } = declaration;
  const [unit, environmentFile, links, ownDropIns, subnetFile] = await Promise.all([
    tryShowUnit(unitName),
    tryReadFile(environmentPath),
    findLinks(unitName),
    options.state === "absent" ? readDropIns(`${unitPath}.d`) : [],
    tryReadFile(declaration.subnetFile),
  ]);
  const subnet = subnetFile === undefined ? undefined : parseSubnetEnv(subnetFile.content);
  const prerequisites = declarePrerequisites(options, declaration);
  const isPurged = options.state === "absent" && options.purge;
  const running = unit === undefined || unit.mainPid === 0 ? undefined : unit;
  return {
    declaration,
    unit,
    unitFile,
    environmentFile,
    ownDropIns,
    links,
    process: running === undefined ? undefined : await tryReadProcess(running.mainPid),
    processStartMs: running === undefined ? undefined : toWallClockMs(running.startedAtUs),
    nowMs: Date.now(),
    binary: await tryIdentify(options.binary),
    restartOn: await readChangeTimes(options.restart_on),
    dropIns: await readChangeTimes(unit?.dropInPaths ?? []),
    subnet,
    subnetState: subnetFile,
    prerequisites,
    host: await observeHost(prerequisites),
    residue: isPurged ? await observeResidue(declaration.networks, subnet) : undefined,
    missingFiles: await findMissingFiles(declaration),
    missingInterfaces: await findMissingInterfaces(declaration),
  };
}

async function readChangeTimes(paths: readonly string[]): Promise<readonly FileChange[]> {
  return await Promise.all(
    paths.map(async (path) => ({ path, changedAtMs: await tryChangeTime(path) })),
  );
}

/** Directories of links ("x.wants", "x.requires") that hold one to this unit. */
async function findLinks(unitName: string): Promise<readonly string[]> {
  const entries = await readdir(LINK_DIR).catch(() => []);
  const folders = entries.filter((name) => /\.(wants|requires)$/.test(name)).sort();
  const found = await Promise.all(
    folders.map(async (folder) => await isLink(join(LINK_DIR, folder, unitName))),
  );
  return folders.filter((_, index) => found[index]);
}

async function isLink(path: string): Promise<boolean> {
  return await readlink(path).then(
    () => true,
    () => false,
  );
}

async function readDropIns(folder: string): Promise<Observation["ownDropIns"]> {
  const names = await readdir(folder).catch(() => []);
  const paths = names.filter((name) => name.endsWith(".conf")).sort();
  return await Promise.all(
    paths.map(async (name) => {
      const path = join(folder, name);
      return { path, file: await tryReadFile(path) };
    }),
  );
}

/** Flags of a daemon without kube-subnet-mgr never read these, and the other way round. */
const KUBE_FILES = new Set(["kubeconfig-file", "net-config-path"]);

async function findMissingFiles({ flags }: Declaration): Promise<readonly string[]> {
  const isKube = isFlagOn(flags, "kube-subnet-mgr");
  const files = flags.filter(
    ({ name, value }) =>
      value !== "" && FLAGS[name]?.kind === "file" && KUBE_FILES.has(name) === isKube,
  );
  const missing = await Promise.all(
    files.map(async ({ value }) => (await tryIdentify(value)) === undefined),
  );
  return files.filter((_, index) => missing[index]).map(({ name, value }) => `${name}: ${value}`);
}

async function findMissingInterfaces({ flags }: Declaration): Promise<readonly string[]> {
  const wanted = flags.filter((flag) => flag.name === "iface").map((flag) => flag.value);
  if (wanted.length === 0) return [];
  const names = new Set(await listInterfaces());
  const missing = wanted.filter(
    (value) => !names.has(value) && !(tryParseAddress(value) !== undefined && hasAddress(value)),
  );
  // The daemon tries one after the other, so one that exists is enough.
  const alternatives =
    missing.length < wanted.length || flagValue(flags, "iface-regex") !== undefined;
  return alternatives ? [] : missing;
}
