// `state: downloaded`: one run downloads, the others that ask for the same file at the same time wait
// for it, and find the file, or are told why there is none.

import { chmod, lstat, rename } from "node:fs/promises";
import { basename, join } from "node:path";

import { type Run as BaseRun } from "../../ansible/module";
import { ModuleError, StaleObservationError, systemCodeOf } from "../../base/errors";
import { clearAway, replaceFile, syncDirectory } from "../../host/atomic-file";
import { listNames } from "../../host/directory";
import { translateFileError } from "../../host/file-errors";
import { type Lock, acquireLock } from "../../host/lock";
import { isStagedName, listAbandoned, stagedPath } from "../../host/staging";
import { type CachePaths, renderRecord } from "./cache";
import { type AssetDownload, withDigest } from "./changes";
import { type Declared } from "./declare";
import { createDirectories, removeEmptyDirectories } from "./directories";
import { settleDigest } from "./expected-digest";
import { type Observed } from "./observe";
import { type Asset, obtainAsset } from "./obtain";
import { type Plan } from "./plan";
import { findReleaseFault } from "./release-file";
import { rethrowShared, shareFailure } from "./shared-failure";

type Run = Pick<BaseRun<Declared, Observed, Plan>, "observed" | "record">;

/** What everybody may read: Ansible's copy may run as another user. */
const MODE = 0o644;

/**
 * Downloads the file into the cache, and enters it into the journal. Throws StaleObservationError
 * when another run has put a file there meanwhile.
 */
export async function fillCache(change: AssetDownload, run: Run): Promise<Asset> {
  const created: string[] = [];
  try {
    for await (const path of createDirectories(run.observed.directory.missing)) created.push(path);
    const asset = await withLock(change, run);
    run.record(withDigest(change, asset.sha256));
    return asset;
  } catch (error) {
    await removeEmptyDirectories(created);
    throw error;
  }
}

async function withLock(change: AssetDownload, { observed }: Run): Promise<Asset> {
  const { paths, source } = change;
  const lock = await lockCache(change);
  try {
    if (lock.hasWaited) await rethrowShared(paths.failure, source);
    await refuseStale(paths, observed);
    await removeDebris(paths);
    return await download(change, observed);
  } catch (error) {
    if (lock.isWaitedFor()) await shareFailure(paths.failure, source, error);
    else await clearAway(paths.failure);
    throw error;
  } finally {
    lock.release();
  }
}

async function lockCache({ paths, source: { download } }: AssetDownload): Promise<Lock> {
  try {
    return await acquireLock(paths.lock, download);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (systemCodeOf(cause) !== "ENOENT") throw error;
    // A run that failed has taken the directory away again.
    throw new StaleObservationError("conflict", `${paths.directory}: another run has removed it`);
  }
}

async function refuseStale({ asset }: CachePaths, { cached }: Observed): Promise<void> {
  const inode = await lstat(asset).then(
    ({ ino }) => ino,
    () => undefined,
  );
  if (inode === cached?.inode) return;
  throw new StaleObservationError("conflict", `${asset}: another run is downloading it, too`);
}

/** With the lock in hand, whatever is prepared for the file is of a run that was killed. */
async function removeDebris({
  directory,
  asset,
  record,
  lock,
  failure,
}: CachePaths): Promise<void> {
  const targets = [asset, record].map((path) => basename(path));
  const prepared = listNames(directory).filter((name) => isStagedName(name, targets));
  const debris = [
    ...prepared.map((name) => join(directory, name)),
    ...listAbandoned(directory, [basename(lock)]),
    failure,
  ];
  await clearAway(...debris);
}

/** The record first: without its file it says nothing, and a file that it does not fit is replaced. */
async function download({ paths, source }: AssetDownload, observed: Observed): Promise<Asset> {
  const staged = stagedPath(paths.asset);
  try {
    const digest = await settleDigest(observed.digest, source);
    const version = digest === undefined ? source.version : undefined;
    const asset = await obtainAsset(source, digest, staged, async (file) => {
      const fault = await findReleaseFault(staged, { ...source, version });
      if (fault !== undefined) throw new ModuleError("verification", `${file.source}: ${fault}`);
    });
    const record = renderRecord({ sha256: asset.sha256, source: asset.source });
    await replaceFile(paths.record, record, { mode: MODE });
    await place(staged, paths);
    return asset;
  } finally {
    await clearAway(staged);
  }
}

async function place(staged: string, { asset, directory }: CachePaths): Promise<void> {
  try {
    await chmod(staged, MODE);
    await rename(staged, asset);
    await syncDirectory(directory);
  } catch (error) {
    throw translateFileError(asset, "replace", error);
  }
}
