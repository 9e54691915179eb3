// What is on the host now, and what the task's options mean there.

import { access, readdir, realpath } from "node:fs/promises";
import { endianness, machine } from "node:os";
import { basename, dirname, join } from "node:path";

import { ModuleError, systemCodeOf } from "../../base/errors";
import { type ModuleContext } from "../../ansible/module";
import { type Arch, parseArch, tryArchOfMachine } from "../../flannel/release-assets";
import { satisfies } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import { tryResolveAccount } from "../../host/accounts";
import { translateFileError } from "../../host/file-errors";
import { findChecksum, sha256OfFile } from "../../host/checksum";
import { showUrl } from "../../host/download/address";
import { fetchText } from "../../host/download/fetch-text";
import { type PreviousVersion, listPreviousVersions } from "../../host/previous-versions";
import { type RunningProgram, countRunning, tryProgramOf } from "../../host/running-programs";
import {
  type InstalledBinary,
  type InstalledFile,
  tryInspectBinary,
  tryInspectFile,
} from "./inspect";
import { type Origins, readOrigins } from "./origin";
import { type InstallPaths, type InstallRequest, pathsOf, resolveRequest } from "./request";

export interface HostState {
  readonly paths: InstallPaths;
  /** What is in the directory. */
  readonly names: readonly string[];
  /** The directory and those above it, as far as they do not exist; the outermost first. */
  readonly missing: readonly string[];
  readonly binary: InstalledBinary | undefined;
  readonly script: InstalledFile | undefined;
  readonly origins: Origins;
  readonly kept: readonly PreviousVersion[];
  /** What killed runs left behind. */
  readonly leftovers: readonly string[];
  readonly running: RunningProgram;
}

/** `request` is undefined for `state: absent`. */
export interface Observation {
  readonly host: HostState;
  readonly request: InstallRequest | undefined;
  /** Owner of the files; undefined in check mode for an account that does not exist yet. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** SHA-256 the file to install from must have, as far as it is declared and already known. */
  readonly assetSha256: string | undefined;
}

export async function observe(
  options: FlannelInstallOptions,
  context: ModuleContext,
): Promise<Observation> {
  const arch = options.arch === undefined ? tryHostArch() : parseArch(options.arch);
  const request =
    options.state === "present" ? resolveRequest(options, arch ?? refuseHost()) : undefined;
  const host = await observeHost(pathsOf(options.bin_dir), arch);
  if (request === undefined) {
    return { host, request, uid: undefined, gid: undefined, assetSha256: undefined };
  }
  return {
    host,
    request,
    uid: await resolveAccount("passwd", "owner", options.owner, context),
    gid: await resolveAccount("group", "group", options.group, context),
    assetSha256: await knownSha256(request, host),
  };
}

/** flannel's name for the CPU of this host. */
export function tryHostArch(): Arch | undefined {
  return tryArchOfMachine(machine(), endianness());
}

function refuseHost(): never {
  throw new ModuleError(
    "unsupported",
    `the host's CPU is ${machine()}, for which flannel is not released; ` +
      `declare arch if one of flannel's binaries runs on it`,
  );
}

async function observeHost(paths: InstallPaths, arch: Arch | undefined): Promise<HostState> {
  const [names, binary, script, kept, program] = await Promise.all([
    listNames(paths.directory),
    tryInspectBinary(paths.binary, arch),
    tryInspectFile(paths.script),
    listPreviousVersions(paths.binary),
    tryRealPath(paths),
  ]);
  const origins = readOrigins(paths.origin);
  const running = countRunning(program);
  const leftovers = findLeftovers(paths.directory, names);
  const missing = await missingDirectories(paths.directory);
  return { paths, names, missing, binary, script, origins, kept, leftovers, running };
}

/** /proc names a process's program without the symbolic links in its path. */
async function tryRealPath(paths: InstallPaths): Promise<string> {
  const directory = await realpath(paths.directory).catch(() => paths.directory);
  return join(directory, basename(paths.binary));
}

const STAGED = /^\.(?:flanneld|mk-docker-opts\.sh|\.flanneld\.origin\.json)\.new-(\d+)/;

/** Staged files whose process is gone; those of another run in progress are none of ours. */
function findLeftovers(directory: string, names: readonly string[]): readonly string[] {
  const isLeftover = (name: string): boolean => {
    const processId = STAGED.exec(name)?.[1];
    if (processId === undefined) return false;
    // This run has staged nothing yet: what bears its number is of another process that had it before.
    const isOwn = processId === String(process.pid);
    return isOwn || tryProgramOf(processId) !== process.execPath;
  };
  return names.filter(isLeftover).map((name) => join(directory, name));
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw translateFileError(directory, "use", error);
  }
}

async function missingDirectories(directory: string): Promise<readonly string[]> {
  if (await exists(directory)) return [];
  return [...(await missingDirectories(dirname(directory))), directory];
}

async function resolveAccount(
  database: "group" | "passwd",
  option: string,
  name: string,
  context: ModuleContext,
): Promise<number | undefined> {
  const id = await tryResolveAccount(database, name);
  if (id !== undefined) return id;
  const message = `${option}: ${name}: there is no such ${database === "group" ? "group" : "user"}`;
  if (!context.checkMode) throw new ModuleError("not_found", `${message}, create it first`);
  context.warn(`${message} on this host yet`);
  return undefined;
}

/**
 * The digest of the file to install from. A list of checksums is asked only if the answer decides
 * whether something has to be installed; otherwise that is left to the installation.
 */
async function knownSha256(request: InstallRequest, host: HostState): Promise<string | undefined> {
  const { checksum, src } = request;
  const version = host.binary?.version;
  const isUndecided = version !== undefined && satisfies(version, request.version);
  const declared =
    checksum?.kind === "digest" || isUndecided ? await declaredSha256(request) : undefined;
  if (src === undefined || !(await exists(src))) return declared;
  const actual = await sha256OfFile(src).catch((error: unknown) => {
    throw translateFileError(src, "read", error);
  });
  if (declared === undefined || declared === actual) return actual;
  throw new ModuleError(
    "verification",
    `src: ${src}: its SHA-256 is ${actual}, declared is ${declared}`,
  );
}

/** The declared digest, fetched if it is declared as a list. */
export async function declaredSha256(request: InstallRequest): Promise<string | undefined> {
  const { checksum } = request;
  if (checksum === undefined) return undefined;
  if (checksum.kind === "digest") return checksum.sha256;
  const url = new URL(checksum.url);
  const list = await fetchText(url, request.download);
  return findChecksum(list, request.assetNames, showUrl(url));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
