// Puts verified files in place. The renames are what changes a host; whatever was done before them
// is taken back when they fail.

import { link, lstat, rename, rm } from "node:fs/promises";

import { type Run as BaseRun } from "../../ansible/module";
import { StaleObservationError } from "../../base/errors";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { type Digest, formatDigest } from "../../host/checksum";
import { translateFileError } from "../../host/file-errors";
import { type Digests, type Installation, installation, pathOf, withDigests } from "./changes";
import { type Declared } from "./declare";
import { listOf } from "./expected-digest";
import { type Observed } from "./observe";
import { type Asset, type StagedFiles } from "./obtain";
import { type Origins, renderOrigins } from "./origin";
import { type Plan } from "./plan";
import { type Staging } from "./staging";

type Run = Pick<BaseRun<Declared, Observed, Plan>, "declared" | "observed" | "record">;

/** What is ready to be put in place. */
export interface Ready {
  readonly asset: Pick<Asset, "isArchive" | "sha256">;
  /** What verified the asset. */
  readonly digest: Digest | undefined;
  readonly staged: StagedFiles;
  readonly digests: Digests;
  readonly staging: Pick<Staging, "previous">;
}

/**
 * Enters into the journal what was put in place, also when the rest fails. Throws
 * StaleObservationError when the binary is no longer the one whose version was asked.
 */
export async function putInPlace(change: Installation, ready: Ready, run: Run): Promise<void> {
  const { paths } = run.declared;
  const placed: ReleaseFile[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    if (isWorthARecord(change, ready)) {
      // An entry counts only once a file has its digest, so the record may come first.
      undo.push(() => writeOrigins(originsWith(placed, change, ready, run), run));
      await writeOrigins(originsWith(change.files, change, ready, run), run);
    }
    if (change.replaced !== undefined)
      undo.push(await keepPrevious(change.replaced.path, ready, run));
    for await (const file of renameFiles(ready.staged, run)) placed.push(file);
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined); // the first error counts
    throw error;
  } finally {
    if (placed.length > 0) record(placed, change, ready, run);
  }
  await syncDirectory(paths.directory);
}

/** What the file's own SHA-256 will not tell tomorrow. */
function isWorthARecord({ source }: Installation, { asset, digest }: Ready): boolean {
  const isListed = listOf(source) !== undefined;
  return asset.isArchive || isListed || (digest !== undefined && digest.algorithm !== "sha256");
}

/** The binary last: once it is there, so is all that belongs to it. */
async function* renameFiles(staged: StagedFiles, { declared }: Run): AsyncGenerator<ReleaseFile> {
  for (const file of [MK_DOCKER_OPTS, DAEMON] as const) {
    const from = staged[file];
    if (from === undefined) continue;
    const to = pathOf(declared.paths, file);
    await rename(from, to).catch((error: unknown) => {
      throw translateFileError(to, "replace", error);
    });
    yield file;
  }
}

/**
 * Gives the binary in use a second name; it loses its first when the new one is renamed over it.
 * Returns how to take the name back, if it was not there before.
 */
async function keepPrevious(
  path: string,
  { staging }: Ready,
  { declared: { paths }, observed: { installed } }: Run,
): Promise<() => Promise<void>> {
  try {
    await link(paths.binary, staging.previous);
    const { ino } = await lstat(staging.previous);
    if (ino !== installed.binary?.inode) {
      throw new StaleObservationError("conflict", `${paths.binary}: another run replaces it too`);
    }
    await rename(staging.previous, path);
    const isNew = !installed.kept.some((previous) => previous.path === path);
    return () => (isNew ? rm(path, { force: true }) : Promise.resolve());
  } catch (error) {
    throw translateFileError(path, "keep the previous version as", error);
  }
}

function record(
  placed: readonly ReleaseFile[],
  change: Installation,
  { digests }: Ready,
  { declared, observed, record: enter }: Run,
): void {
  const isWhole = change.files.every((file) => placed.includes(file));
  const part = { ...change, files: placed, replaced: undefined };
  const done = isWhole ? change : installation(declared.paths, observed, part);
  enter(withDigests(done, digests));
}

function originsWith(
  files: readonly ReleaseFile[],
  { source }: Installation,
  { asset, digest, digests }: Ready,
  { observed }: Run,
): Origins {
  const known = {
    version: tagOf(source.version),
    ...(asset.isArchive ? { archive_sha256: asset.sha256 } : {}),
    ...(digest === undefined ? {} : { checksum: formatDigest(digest), list: listOf(source) }),
  };
  const entries = files.map((file) => [file, { sha256: digests[file], ...known }]);
  return { ...observed.installed.origins, ...(Object.fromEntries(entries) as Origins) };
}

/** A record without entries is none. */
async function writeOrigins(origins: Origins, { declared: { paths } }: Run): Promise<void> {
  if (Object.keys(origins).length === 0) await removeFile(paths.origin);
  else await replaceFile(paths.origin, renderOrigins(origins), { mode: 0o644 });
}
