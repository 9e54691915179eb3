// Carries out one change. Every step is atomic, and only the renames change what is in use.

import { chmod, chown, open } from "node:fs/promises";

import { type Run as BaseRun } from "../../ansible/module";
import { DAEMON, MK_DOCKER_OPTS } from "../../flannel/release-assets";
import { type FlannelVersion } from "../../flannel/version";
import {
  type FileAttributes,
  applyAttributes,
  clearAway,
  removeFile,
} from "../../host/atomic-file";
import { type Digest, sha256OfFile } from "../../host/checksum";
import { translateFileError } from "../../host/file-errors";
import {
  type AssetDownload,
  type AttributesSetting,
  type Change,
  type Digests,
  type DirectoryCreation,
  type Installation,
  directoryCreation,
} from "./changes";
import { type Declared } from "./declare";
import { createDirectories, removeEmptyDirectories } from "./directories";
import { settleDigest } from "./expected-digest";
import { fillCache } from "./fill-cache";
import { type Observed } from "./observe";
import { type Asset, type StagedFiles, obtainAsset, unpackAsset } from "./obtain";
import { putInPlace } from "./place";
import { type Plan } from "./plan";
import { type Staging, stagingFor } from "./staging";
import { verifyBinary } from "./verify";

type Run = BaseRun<Declared, Observed, Plan>;

/** What an installation found out. */
export interface Installed {
  readonly asset: Asset;
  /** What the binary tells, if it was among the installed files. */
  readonly version: FlannelVersion | undefined;
  readonly digests: Digests;
  readonly elapsedMs: number;
}

/** Undefined while nothing has been installed. */
export type Outcome = Installed | undefined;

export const nothing: Outcome = undefined;

export async function apply(change: Change, outcome: Outcome, run: Run): Promise<Outcome> {
  switch (change.kind) {
    case "create-directory":
      await create(change, run);
      return outcome;
    case "remove":
      await removeFile(change.path);
      return outcome;
    case "set-attributes":
      await setAttributes(change);
      return outcome;
    case "download":
      return download(change, run);
    case "install":
      return install(change, run).catch(async (error: unknown) => {
        await uncreate(run);
        throw error;
      });
  }
}

async function create({ directories }: DirectoryCreation, run: Run): Promise<void> {
  const created: string[] = [];
  try {
    for await (const path of createDirectories(directories)) created.push(path);
  } catch (error) {
    const left = await removeEmptyDirectories(created);
    if (left.length > 0) run.record(directoryCreation(left));
    throw error;
  }
}

async function setAttributes({ path, attributes }: AttributesSetting): Promise<void> {
  const { mode, uid, gid } = attributes;
  try {
    // chown clears set-id bits, so it comes before chmod.
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
    await chmod(path, mode);
  } catch (error) {
    throw translateFileError(path, "set mode and owner of", error);
  }
}

async function download(change: AssetDownload, run: Run): Promise<Installed> {
  const begunAtMs = Date.now();
  const asset = await fillCache(change, run);
  return { asset, version: undefined, digests: {}, elapsedMs: Date.now() - begunAtMs };
}

/** Stages everything, verifies everything, and only then touches what is in use. */
async function install(change: Installation, run: Run): Promise<Installed> {
  const begunAtMs = Date.now();
  const staging = stagingFor(run.declared.paths);
  try {
    const { asset, digest, staged, version } = await obtain(change, staging, run);
    const digests = await digestsOf(staged);
    await putInPlace(change, { asset, digest, staged, digests, staging }, run);
    return { asset, version, digests, elapsedMs: Date.now() - begunAtMs };
  } finally {
    const { sent } = run.declared.paths;
    const staged: readonly string[] = Object.values(staging);
    const mine = change.source.src === sent ? [...staged, sent] : staged;
    await clearAway(...mine);
  }
}

/** What has been obtained, unpacked and tried. */
interface Obtained {
  readonly asset: Asset;
  /** What it was verified by. */
  readonly digest: Digest | undefined;
  readonly staged: StagedFiles;
  readonly version: FlannelVersion | undefined;
}

/** Whether a file is the right one, is known when it was tried: only then is the search over. */
async function obtain(change: Installation, staging: Staging, run: Run): Promise<Obtained> {
  const { source } = change;
  const digest = await settleDigest(run.observed.digest, source);
  let tried: Tried = { staged: {}, version: undefined };
  const asset = await obtainAsset(source, digest, staging.asset, async (file) => {
    tried = await tryAsset(file, change, staging, run);
  });
  // A file of the host has a digest of its own, which verifies nothing.
  const { checksum } = source;
  const verifiedBy = checksum?.kind === "list" ? digest : checksum?.digest;
  return { asset, digest: verifiedBy, ...tried };
}

type Tried = Pick<Obtained, "staged" | "version">;

async function tryAsset(
  asset: Asset,
  { source, files, attributes }: Installation,
  staging: Staging,
  { observed }: Run,
): Promise<Tried> {
  // An earlier address may have had another one.
  await clearAway(staging.binary, staging.script);
  const places = { [DAEMON]: staging.binary, [MK_DOCKER_OPTS]: staging.script };
  const staged = await unpackAsset(asset, files, places);
  for (const path of Object.values(staged)) await prepare(path, attributes);
  const binary = staged[DAEMON];
  if (binary === undefined) return { staged, version: undefined };
  return { staged, version: await verifyBinary(binary, source, observed.cpu, asset.source) };
}

/** A failed installation leaves nothing behind, not even the directory it was meant for. */
async function uncreate(run: Run): Promise<void> {
  const creation = run.plan.changes.find((change) => change.kind === "create-directory");
  if (creation === undefined) return;
  const left = await removeEmptyDirectories(creation.directories);
  if (left.length === creation.directories.length) return;
  run.revoke(creation);
  if (left.length > 0) run.record(directoryCreation(left));
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

async function digestsOf(staged: StagedFiles): Promise<Digests> {
  const digests: Partial<Record<keyof StagedFiles, string>> = {};
  for (const file of [DAEMON, MK_DOCKER_OPTS] as const) {
    const path = staged[file];
    if (path !== undefined) digests[file] = await sha256OfFile(path);
  }
  return digests;
}
