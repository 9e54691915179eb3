// What is on the host now.

import { access, lstat, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { ModuleError } from "../../base/errors";
import { tryResolveAccount } from "../../host/accounts";
import { listFileNames } from "../../host/directory";
import { type PreviousVersion, listPreviousVersions } from "../../host/previous-versions";
import { type RunningProgram, countRunning } from "../../host/running-programs";
import { type CachedAsset, cachePathsFor, tryInspectCache } from "./cache";
import { type Cpu, readCpu } from "./cpu";
import {
  type Declared,
  type InstallPaths,
  type Wanted,
  type WantedInCache,
  sourceOf,
} from "./declare";
import {
  type ExpectedDigest,
  declaredDigest,
  expectDigest,
  expectationOf,
} from "./expected-digest";
import {
  type InstalledBinary,
  type InstalledFile,
  type InstalledProgram,
  tryInspectFile,
  tryInspectFileIfAny,
  tryInspectProgram,
} from "./inspect";
import { findInstalledVersion, isRightBinary, recordedVersion } from "./installed-version";
import { type Origins, readOrigins } from "./origin";
import { type PublishedDigests, askPage } from "./release-page";
import { type Source } from "./source";
import { findLeftovers } from "./staging";
import { type WayBack, mayLeadBack, orderKept, tryFindWayBack } from "./way-back";

export interface Observed {
  readonly cpu: Cpu;
  readonly directory: Directory;
  readonly installed: InstalledFiles;
  readonly running: RunningProgram;
  readonly account: Account;
  /** What the file to install from must be, as far as that is known by now. */
  readonly digest: ExpectedDigest;
  /** The kept binary that is the wanted one, where another one is installed. */
  readonly wayBack: WayBack | undefined;
  /** The file in the cache of `state: downloaded`. */
  readonly cached: CachedAsset | undefined;
  /** What the page of the release says, for `state: published`. */
  readonly published: PublishedDigests | undefined;
}

/** What is there, before anything is known of its version. */
interface FoundFiles extends Omit<InstalledFiles, "binary"> {
  readonly program: InstalledProgram | undefined;
}

export interface Directory {
  /** It and those above it, as far as they do not exist; the outermost first. */
  readonly missing: readonly string[];
  /** Of files and links. */
  readonly names: readonly string[];
  /** Of this module's files, by path; looked at before anything of them is read. */
  readonly inodes: ReadonlyMap<string, number>;
  /** What killed runs left behind, as paths. */
  readonly leftovers: readonly string[];
}

export interface InstalledFiles {
  readonly binary: InstalledBinary | undefined;
  readonly script: InstalledFile | undefined;
  readonly origins: Origins;
  /** The one replaced last first. */
  readonly kept: readonly PreviousVersion[];
}

/** The declared owner and group; undefined for one that the host does not know. */
export interface Account {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** Reads the host, and a list of checksums where its answer decides what is to be done. */
export async function observe(declared: Declared): Promise<Observed> {
  const cpu = readCpu();
  if (declared.page !== undefined)
    return { ...unseen(cpu), published: await askPage(declared.page) };
  return declared.cache === undefined
    ? observeHost(declared, cpu)
    : observeCache(declared, declared.cache, cpu);
}

/** A host that need not be looked at. */
function unseen(cpu: Cpu): Observed {
  return {
    cpu,
    directory: { missing: [], ...NO_FILES },
    installed: { binary: undefined, script: undefined, origins: {}, kept: [] },
    running: { current: 0, replaced: 0 },
    account: NOBODY,
    digest: UNDECLARED,
    wayBack: undefined,
    cached: undefined,
    published: undefined,
  };
}

async function observeHost(declared: Declared, cpu: Cpu): Promise<Observed> {
  const { paths, wanted } = declared;
  const directory = await observeDirectory(paths, wanted);
  const { program, ...others } = await observeFiles(declared);
  const { kept, origins } = others;
  const running = countRunning(await tryRealPath(paths));
  const account = wanted === undefined ? NOBODY : await observeAccount(wanted);
  const source = sourceOf(declared, { cpu });
  const presumed = { binary: source && presumeBinary(program, others, source), origins };
  const digest = source === undefined ? UNDECLARED : await expectDigest(source, presumed);
  const knowledge = { origins, digest, source, cpu };
  const binary = program && {
    ...program,
    version: await findInstalledVersion(paths.binary, program, knowledge),
  };
  const isRight = source === undefined || isRightBinary(binary, source, origins, digest);
  const wayBack = isRight ? undefined : await tryFindWayBack(kept, source, origins, digest);
  const installed = { ...others, binary };
  return { ...unseen(cpu), directory, installed, running, account, digest, wayBack };
}

/** What an installed or kept binary may be: if it may be the wanted one, its digest decides. */
function presumeBinary(
  program: InstalledProgram | undefined,
  { origins, kept }: Omit<InstalledFiles, "binary">,
  source: Source,
): Pick<InstalledBinary, "sha256" | "version"> | undefined {
  const sha256 = program?.sha256 ?? "";
  if (mayLeadBack(kept, source)) return { sha256, version: source.version };
  if (program?.arch !== source.arch) return undefined;
  return { sha256, version: recordedVersion(program, origins) ?? source.version };
}

/** What is installed on a host that downloads for others does not matter. */
async function observeCache(
  declared: Declared,
  { directory }: WantedInCache,
  cpu: Cpu,
): Promise<Observed> {
  const source = sourceOf(declared, { cpu });
  const digest = source === undefined ? UNDECLARED : await askDigest(source);
  return {
    ...unseen(cpu),
    directory: { missing: await missingDirectories(directory), ...NO_FILES },
    digest,
    cached: source && (await tryInspectCache(cachePathsFor(directory, source), source, digest)),
  };
}

/** A list of checksums is asked in any case: its answer is what the result is wanted for. */
async function askDigest(source: Source): Promise<ExpectedDigest> {
  return expectationOf(await declaredDigest(source));
}

const NO_FILES = { names: [], inodes: new Map<string, number>(), leftovers: [] };
const NOBODY: Account = { uid: undefined, gid: undefined };
const UNDECLARED: ExpectedDigest = { kind: "undeclared" };

/** A script that nobody asks for is in nobody's way, whatever it is. */
async function observeFiles({ program: released, paths, wanted }: Declared): Promise<FoundFiles> {
  const origins = readOrigins(paths.origin, released);
  const withScript = wanted?.source.withScript === true;
  const [program, script, kept] = await Promise.all([
    tryInspectProgram(paths.binary),
    withScript ? tryInspectFile(paths.script) : tryInspectFileIfAny(paths.script),
    listPreviousVersions(paths.binary),
  ]);
  return { program, script, origins, kept: orderKept(kept, origins) };
}

/** /proc names a process's program without the symbolic links in its path. */
async function tryRealPath(paths: InstallPaths): Promise<string> {
  const directory = await realpath(paths.directory).catch(() => paths.directory);
  return join(directory, basename(paths.binary));
}

async function observeDirectory(
  paths: InstallPaths,
  wanted: Wanted | undefined,
): Promise<Directory> {
  return {
    names: listFileNames(paths.directory),
    inodes: await findInodes([paths.binary, paths.script, paths.origin]),
    // Only what is wanted there needs them.
    missing: wanted === undefined ? [] : await missingDirectories(paths.directory),
    leftovers: findLeftovers(paths, wanted?.source.src),
  };
}

async function findInodes(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const inodes = new Map<string, number>();
  for (const path of paths) {
    const info = await lstat(path).catch(() => undefined);
    if (info !== undefined) inodes.set(path, info.ino);
  }
  return inodes;
}

async function missingDirectories(directory: string): Promise<readonly string[]> {
  const exists = await access(directory).then(
    () => true,
    () => false,
  );
  if (exists) return [];
  if (await isLink(directory)) {
    const message = `${directory}: a dangling symbolic link is in the way, move it aside`;
    throw new ModuleError("host", message);
  }
  return [...(await missingDirectories(dirname(directory))), directory];
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
}

async function observeAccount({ owner, group }: Wanted): Promise<Account> {
  return {
    uid: await tryResolveAccount("passwd", owner),
    gid: await tryResolveAccount("group", group),
  };
}
