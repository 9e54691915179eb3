// Puts verified files in place. The renames are what changes a host; whatever was done before them
// is taken back when they fail.

import { constants } from "node:fs";
import { copyFile, link, rename } from "node:fs/promises";
import { basename } from "node:path";

import { type Run as BaseRun } from "../../ansible/module";
import { systemCodeOf } from "../../base/errors";
import {
  MK_DOCKER_OPTS,
  PROGRAM,
  type ReleaseFile,
  type ReleasedProgram,
} from "../../flannel/release-assets";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { finishFile, removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { type Digest, formatDigest } from "../../host/checksum";
import { translateFileError } from "../../host/file-errors";
import { labelFor } from "../../host/selinux";
import { alone, refuseStale } from "./alone";
import { type Digests, type Installation, installation, pathOf, withDigests } from "./changes";
import { type Declared } from "./declare";
import { listOf } from "./expected-digest";
import { type InstalledBinary } from "./inspect";
import { type Observed } from "./observe";
import { type Asset, type StagedFiles } from "./obtain";
import {
  type KeptOrigin,
  type Origin,
  type Origins,
  readOrigins,
  renderOrigins,
  tryFindOrigin,
} from "./origin";
import { type Plan } from "./plan";
import { type Source } from "./source";
import { type Staging } from "./staging";
import { type Keeping } from "./way-back";

type Run = Pick<BaseRun<Declared, Observed, Plan>, "declared" | "observed" | "record">;

/** What is ready to be put in place. */
export interface Ready {
  readonly asset: Pick<Asset, "isArchive" | "sha256">;
  /** What verified the asset. */
  readonly digest: Digest | undefined;
  readonly staged: StagedFiles;
  readonly digests: Digests;
  /** What the binary tells, if it is among the files. */
  readonly version: FlannelVersion | undefined;
  readonly staging: Pick<Staging, "previous">;
}

/**
 * Enters into the journal what was put in place, also when the rest fails. Throws
 * StaleObservationError when the files to replace are no longer those that were looked at.
 */
export async function putInPlace(change: Installation, ready: Ready, run: Run): Promise<void> {
  const { paths } = run.declared;
  await alone(paths, async () => {
    await refuseOthers(change, run);
    await place(change, ready, run);
    await syncDirectory(paths.directory);
  });
}

async function refuseOthers({ files }: Installation, { declared, observed }: Run): Promise<void> {
  const { binary, script } = observed.installed;
  await refuseStale({ path: declared.paths.binary, inode: binary?.inode });
  if (!files.includes(MK_DOCKER_OPTS)) return;
  await refuseStale({ path: declared.paths.script, inode: script?.inode });
}

async function place(change: Installation, ready: Ready, run: Run): Promise<void> {
  const { program, paths } = run.declared;
  const { origin } = paths;
  const placed: ReleaseFile[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    // An entry counts only once a file has its digest, so the record may come first.
    const origins = readOrigins(origin, program);
    const write = (files: readonly ReleaseFile[]): Promise<void> =>
      writeOrigins(origin, program, originsWith(origins, files, change, ready, run));
    undo.push(() => write(placed));
    await write(change.files);
    if (change.replaced !== undefined)
      undo.push(await keepPrevious(change.replaced.path, ready, run));
    for await (const file of renameFiles(ready.staged, run)) placed.push(file);
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined); // the first error counts
    throw error;
  } finally {
    if (placed.length > 0) record(placed, change, ready, run);
  }
}

/** The binary last: once it is there, so is all that belongs to it. */
async function* renameFiles(staged: StagedFiles, { declared }: Run): AsyncGenerator<ReleaseFile> {
  for (const file of [MK_DOCKER_OPTS, PROGRAM] as const) {
    const from = staged[file];
    if (from === undefined) continue;
    const to = pathOf(declared.paths, file);
    labelFor(from, to);
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
  const { binary, kept } = installed;
  try {
    await link(paths.binary, staging.previous).catch(async (error: unknown) => {
      if (!LINKLESS.includes(systemCodeOf(error) ?? "") || binary === undefined) throw error;
      const { mode, uid, gid } = binary;
      await copyFile(paths.binary, staging.previous, constants.COPYFILE_EXCL);
      await finishFile(staging.previous, { mode, uid, gid });
    });
    await rename(staging.previous, path);
    const isNew = !kept.some((previous) => previous.path === path);
    return () => (isNew ? removeFile(path) : Promise.resolve());
  } catch (error) {
    throw translateFileError(path, "keep the previous version as", error);
  }
}

/** Where a file can have no second name: its file system has none, or it is a mount of its own. */
const LINKLESS = ["EMLINK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EXDEV"];

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

/** What is known of the files, once those are in place. */
function originsWith(
  origins: Origins,
  files: readonly ReleaseFile[],
  change: Installation,
  ready: Ready,
  { observed: { installed } }: Run,
): Origins {
  const entries = files.map((file) => [file, originOf(file, change, ready)]);
  const isReplaced = files.includes(PROGRAM) && change.replaced !== undefined;
  const names = installed.kept.map(({ path }) => basename(path));
  const left = (origins.kept ?? []).filter(({ name }) => names.includes(name));
  const replaced = isReplaced ? keptOrigin(change.replaced, installed.binary, origins) : [];
  const older = left.filter(({ name }) => !replaced.some((entry) => entry.name === name));
  const kept = [...replaced, ...older];
  return {
    ...origins,
    ...(Object.fromEntries(entries) as Origins),
    kept: kept.length > 0 ? kept : undefined,
  };
}

function originOf(file: ReleaseFile, { source, wayBack }: Installation, ready: Ready): Origin {
  const { asset, digest, digests, version } = ready;
  const known = wayBack?.origin;
  return {
    sha256: digests[file] ?? "",
    version: tagOf(version ?? source.version),
    ...(asset.isArchive ? { archive_sha256: asset.sha256 } : {}),
    ...(digest === undefined ? {} : { checksum: formatDigest(digest), ...listIn(source) }),
    ...known,
  };
}

function listIn(source: Source): { readonly list?: string } {
  const list = listOf(source);
  return list === undefined ? {} : { list };
}

function keptOrigin(
  { path }: Keeping,
  binary: InstalledBinary | undefined,
  origins: Origins,
): readonly KeptOrigin[] {
  if (binary === undefined) return [];
  const { sha256, version } = binary;
  const known =
    tryFindOrigin(origins, sha256) ?? (version === undefined ? {} : { version: tagOf(version) });
  return [{ ...known, name: basename(path), sha256 }];
}

/** A record without entries is none. */
async function writeOrigins(
  path: string,
  program: ReleasedProgram,
  origins: Origins,
): Promise<void> {
  if (Object.values(origins).every((entry) => entry === undefined)) await removeFile(path);
  else await replaceFile(path, renderOrigins(origins, program), { mode: 0o644 });
}
