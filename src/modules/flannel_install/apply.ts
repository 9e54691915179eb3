// Carries out one change. Every step is atomic, and only the renames change what is in use.

import { type Run as BaseRun } from "../../ansible/module";
import { ModuleError, StaleObservationError } from "../../base/errors";
import { MK_DOCKER_OPTS, PROGRAM } from "../../flannel/release-assets";
import { type FlannelVersion } from "../../flannel/version";
import { clearAway, finishFile, removeFile } from "../../host/atomic-file";
import { type Digest, sha256OfFile } from "../../host/checksum";
import { monotonicMs } from "../../host/clock";
import { alone, refuseStale } from "./alone";
import { setAttributes } from "./attributes";
import {
  type AssetDownload,
  type Change,
  type Digests,
  type DirectoryCreation,
  type Installation,
  type Removal,
  directoryCreation,
} from "./changes";
import { type Declared } from "./declare";
import { createDirectories, removeEmptyDirectories } from "./directories";
import { settleDigest } from "./expected-digest";
import { fillCache } from "./fill-cache";
import { type Observed, observe } from "./observe";
import { type Asset, type StagedFiles, obtainAsset, unpackAsset } from "./obtain";
import { putInPlace } from "./place";
import { type Plan, plan } from "./plan";
import { type Source } from "./source";
import { type Staging, stagingFor } from "./staging";
import { verifyBinary } from "./verify";
import { type WayBack } from "./way-back";

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
      await remove(change, run);
      return outcome;
    case "set-attributes":
      await setAttributes(change, run.declared.paths);
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

/** Throws StaleObservationError when another run has put there meanwhile what is to be removed, too. */
async function remove(change: Removal, { declared, plan: planned }: Run): Promise<void> {
  const { path, inode } = change;
  await alone(declared.paths, async () => {
    if (inode !== undefined) await refuseStale({ path, inode, isItself: true });
    await removeFile(path);
  });
  const isLast = change === planned.changes.at(-1);
  if (!isLast || declared.wanted !== undefined) return;
  const [left] = plan(declared, await observe(declared)).changes;
  if (left === undefined) return;
  const { paths, program } = declared;
  const message = `${paths.directory}: another run is installing ${program.title} there`;
  throw new StaleObservationError("conflict", message);
}

async function download(change: AssetDownload, run: Run): Promise<Installed> {
  const begunAtMs = monotonicMs();
  const asset = await fillCache(change, run);
  return {
    asset,
    version: undefined,
    digests: {},
    elapsedMs: Math.round(monotonicMs() - begunAtMs),
  };
}

/** Stages everything, verifies everything, and only then touches what is in use. */
async function install(change: Installation, run: Run): Promise<Installed> {
  const begunAtMs = monotonicMs();
  const staging = stagingFor(run.declared.paths);
  try {
    const { asset, staged, digest, version } = await obtain(change, staging, run);
    const digests = await digestsOf(staged);
    const ready = { asset, staged, digest, digests, version, staging };
    await putInPlace(change, ready, run);
    return { asset, version, digests, elapsedMs: Math.round(monotonicMs() - begunAtMs) };
  } finally {
    const { sent } = run.declared.paths;
    const staged: readonly string[] = Object.values(staging);
    const mine = change.source.src === sent ? [...staged, sent] : staged;
    await clearAway(...mine);
  }
}

/** What has been obtained, unpacked and tried. */
interface Obtained extends Tried {
  readonly asset: Asset;
  /** What it was verified by. */
  readonly digest: Digest | undefined;
}

interface Tried {
  readonly staged: StagedFiles;
  readonly version: FlannelVersion | undefined;
}

/** Whether a file is the right one, is known when it was tried: only then is the search over. */
async function obtain(change: Installation, staging: Staging, run: Run): Promise<Obtained> {
  const { source, wayBack } = change;
  let tried: Tried = { staged: {}, version: undefined };
  const check = async (file: Asset): Promise<void> => {
    tried = await tryAsset(file, change, staging, run);
  };
  if (wayBack !== undefined) {
    const asset = await copyKept(source, wayBack, staging.asset, check);
    return { asset, digest: undefined, ...tried };
  }
  const digest = await settleDigest(run.observed.digest, source);
  const asset = await obtainAsset(source, digest, staging.asset, check);
  // A file of the host has a digest of its own, which verifies nothing.
  const { checksum } = source;
  const verifiedBy = checksum?.kind === "list" ? digest : checksum?.digest;
  return { asset, digest: verifiedBy, ...tried };
}

async function tryAsset(
  asset: Asset,
  { source, files, attributes }: Installation,
  staging: Staging,
  { observed }: Run,
): Promise<Tried> {
  // An earlier address may have had another one.
  await clearAway(staging.binary, staging.script);
  const places = { [PROGRAM]: staging.binary, [MK_DOCKER_OPTS]: staging.script };
  const staged = await unpackAsset(asset, source, files, places);
  for (const path of Object.values(staged)) await finishFile(path, attributes);
  const binary = staged[PROGRAM];
  if (binary === undefined) return { staged, version: undefined };
  return { staged, version: await verifyBinary(binary, source, observed.cpu, asset.source) };
}

/** Throws StaleObservationError when it is no longer what was looked at. */
async function copyKept(
  source: Source,
  { path: src, sha256: hex }: WayBack,
  staged: string,
  check: (asset: Asset) => Promise<void>,
): Promise<Asset> {
  const bare = { ...source, src, withScript: false };
  try {
    return await obtainAsset(bare, { algorithm: "sha256", hex }, staged, check);
  } catch (cause) {
    const isGone = cause instanceof ModuleError && cause.code !== "host";
    if (!isGone) throw cause;
    throw new StaleObservationError("conflict", cause.message, { cause });
  }
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

async function digestsOf(staged: StagedFiles): Promise<Digests> {
  const digests: Partial<Record<keyof StagedFiles, string>> = {};
  for (const file of [PROGRAM, MK_DOCKER_OPTS] as const) {
    const path = staged[file];
    if (path !== undefined) digests[file] = await sha256OfFile(path);
  }
  return digests;
}
