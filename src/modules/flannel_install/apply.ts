// Carries a plan out. Every step is atomic, and only the renames change what is in use.

import { chmod, chown, link, lstat, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";

import { StaleObservationError, systemCodeOf } from "../../base/errors";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import {
  type FileAttributes,
  applyAttributes,
  removeFile,
  replaceFile,
  syncDirectory,
} from "../../host/atomic-file";
import { sha256OfFile } from "../../host/checksum";
import { translateFileError } from "../../host/file-errors";
import { type HostState, type Observation } from "./observe";
import {
  type Asset,
  type StagedFiles,
  type Staging,
  obtainAsset,
  stagingFor,
  unpackAsset,
} from "./obtain";
import { type Origins, renderOrigins } from "./origin";
import { type InstallChange, type InstallPlan } from "./plan";
import { type InstallPaths, type InstallRequest } from "./request";
import { verifyBinary } from "./verify";

type Installation = Extract<InstallChange, { kind: "install" }>;

/** What an installation found out. */
export interface Installed {
  readonly asset: Asset;
  /** What the binary tells, if it was among the installed files. */
  readonly version: FlannelVersion | undefined;
  /** SHA-256 of the installed files. */
  readonly digests: Readonly<Partial<Record<ReleaseFile, string>>>;
  readonly elapsedMs: number;
}

/** Undefined when the plan had nothing to install. */
export type Outcome = Installed | undefined;

export async function applyPlan(
  plan: InstallPlan,
  _options: FlannelInstallOptions,
  observation: Observation,
): Promise<Outcome> {
  let outcome: Outcome;
  try {
    for (const change of plan.changes) {
      outcome = (await applyChange(change, observation)) ?? outcome;
    }
    return outcome;
  } catch (error) {
    // A failed installation leaves nothing behind, not even the directory it was meant for.
    const created = plan.changes.find((change) => change.kind === "create-directory");
    if (created !== undefined) await removeEmptyDirectories(created.directories);
    throw error;
  }
}

async function applyChange(change: InstallChange, observation: Observation): Promise<Outcome> {
  switch (change.kind) {
    case "create-directory":
      await createDirectories(change.directories);
      return undefined;
    case "remove":
      await removeFile(change.path);
      return undefined;
    case "set-attributes":
      await setAttributes(change.path, observation);
      return undefined;
    case "install":
      return observation.request && install(change, observation.request, observation);
  }
}

/** Creates directories that do not exist, outermost first, whatever the umask of the task. */
async function createDirectories(directories: readonly string[]): Promise<void> {
  for (const path of directories) {
    try {
      await mkdir(path);
      await chmod(path, 0o755);
      await syncDirectory(dirname(path));
    } catch (error) {
      if (systemCodeOf(error) !== "EEXIST") throw translateFileError(path, "create", error);
    }
  }
}

async function removeEmptyDirectories(directories: readonly string[]): Promise<void> {
  for (const path of [...directories].reverse()) await rmdir(path).catch(() => undefined);
}

async function setAttributes(path: string, observation: Observation): Promise<void> {
  const { request, uid, gid } = observation;
  if (request === undefined || uid === undefined || gid === undefined) return;
  try {
    // chown clears set-id bits, so it comes before chmod.
    await chown(path, uid, gid);
    await chmod(path, request.mode);
  } catch (error) {
    throw translateFileError(path, "set mode and owner of", error);
  }
}

/** Stages everything, verifies everything, and only then touches what is in use. */
async function install(
  change: Installation,
  request: InstallRequest,
  { host, uid, gid, assetSha256 }: Observation,
): Promise<Installed> {
  const begunAt = Date.now();
  const staging = stagingFor(host.paths);
  try {
    const asset = await obtainAsset(request, assetSha256, staging);
    const staged = await unpackAsset(asset, change.files, staging);
    for (const path of Object.values(staged)) await prepare(path, { mode: request.mode, uid, gid });
    const binary = staged[DAEMON];
    const version =
      binary === undefined ? undefined : await verifyBinary(binary, request, asset.source);
    const digests = await digestsOf(staged);
    if (asset.isArchive) await recordOrigins(host, request, asset, digests);
    if (change.keepAs !== undefined) {
      await keepPrevious(host, change.keepAs, staging);
    }
    await putInPlace(staged, host.paths);
    const elapsedMs = Date.now() - begunAt;
    return { asset, version, digests, elapsedMs };
  } finally {
    const paths: readonly string[] = Object.values(staging);
    for (const path of paths) await rm(path, { force: true });
  }
}

async function prepare(path: string, attributes: FileAttributes): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await applyAttributes(handle, attributes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateFileError(path, "set mode and owner of", error);
  }
}

async function digestsOf(staged: StagedFiles): Promise<Installed["digests"]> {
  const digests: Partial<Record<ReleaseFile, string>> = {};
  for (const file of [DAEMON, MK_DOCKER_OPTS] as const) {
    const path = staged[file];
    if (path !== undefined) digests[file] = await sha256OfFile(path);
  }
  return digests;
}

/** Written before the files are in place: an entry counts only once a file has its digest. */
async function recordOrigins(
  host: HostState,
  request: InstallRequest,
  asset: Asset,
  digests: Installed["digests"],
): Promise<void> {
  const entries = Object.entries(digests).map(([file, sha256]) => [
    file,
    { sha256, version: tagOf(request.version), archive_sha256: asset.sha256 },
  ]);
  const origins = { ...host.origins, ...Object.fromEntries(entries) } as Origins;
  await replaceFile(host.paths.origin, renderOrigins(origins), { mode: 0o644 });
}

/**
 * Gives the binary in use a second name; it loses its first when the new one is renamed over it.
 * Throws StaleObservationError when it is no longer the one whose version was asked.
 */
async function keepPrevious(
  { binary, paths }: HostState,
  path: string,
  staging: Staging,
): Promise<void> {
  try {
    await link(paths.binary, staging.previous);
    const { ino } = await lstat(staging.previous);
    if (ino !== binary?.inode) {
      throw new StaleObservationError("conflict", `${paths.binary}: another run replaces it too`);
    }
    await rename(staging.previous, path);
  } catch (error) {
    throw translateFileError(path, "keep the previous version as", error);
  }
}

/** The binary last: once it is there, so is all that belongs to it. */
async function putInPlace(staged: StagedFiles, paths: InstallPaths): Promise<void> {
  const renames = [
    [staged[MK_DOCKER_OPTS], paths.script],
    [staged[DAEMON], paths.binary],
  ] as const;
  for (const [from, to] of renames) {
    if (from === undefined) continue;
    await rename(from, to).catch((error: unknown) => {
      throw translateFileError(to, "replace", error);
    });
  }
  await syncDirectory(paths.directory);
}
