// What is on the host now.

import { access, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { tryResolveAccount } from "../../host/accounts";
import { listNames } from "../../host/directory";
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
  tryInspectBinary,
  tryInspectFile,
} from "./inspect";
import { type Origins, readOrigins } from "./origin";
import { type PublishedDigests, askPage } from "./release-page";
import { type Source } from "./source";
import { findLeftovers } from "./staging";

export interface Observed {
  readonly cpu: Cpu;
  readonly directory: Directory;
  readonly installed: InstalledFiles;
  readonly running: RunningProgram;
  readonly account: Account;
  /** What the file to install from must be, as far as that is known by now. */
  readonly digest: ExpectedDigest;
  /** The file in the cache of `state: downloaded`. */
  readonly cached: CachedAsset | undefined;
  /** What the page of the release says, for `state: published`. */
  readonly published: PublishedDigests | undefined;
}

export interface Directory {
  /** It and those above it, as far as they do not exist; the outermost first. */
  readonly missing: readonly string[];
  readonly names: readonly string[];
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
    directory: { missing: [], names: [], leftovers: [] },
    installed: { binary: undefined, script: undefined, origins: {}, kept: [] },
    running: { current: 0, replaced: 0 },
    account: NOBODY,
    digest: UNDECLARED,
    cached: undefined,
    published: undefined,
  };
}

async function observeHost(declared: Declared, cpu: Cpu): Promise<Observed> {
  const { paths, wanted } = declared;
  const directory = await observeDirectory(paths, wanted?.source.src);
  const installed = await observeFiles(paths, declared.arch ?? cpu.arch);
  const running = countRunning(await tryRealPath(paths));
  const account = wanted === undefined ? NOBODY : await observeAccount(wanted);
  const source = sourceOf(declared, { cpu });
  const digest = source === undefined ? UNDECLARED : await expectDigest(source, installed);
  return { ...unseen(cpu), directory, installed, running, account, digest };
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
    directory: { missing: await missingDirectories(directory), names: [], leftovers: [] },
    digest,
    cached: source && (await tryInspectCache(cachePathsFor(directory, source), source, digest)),
  };
}

/** A list of checksums is asked in any case: its answer is what the result is wanted for. */
async function askDigest(source: Source): Promise<ExpectedDigest> {
  return expectationOf(await declaredDigest(source));
}

const NOBODY: Account = { uid: undefined, gid: undefined };
const UNDECLARED: ExpectedDigest = { kind: "undeclared" };

async function observeFiles(paths: InstallPaths, arch: Cpu["arch"]): Promise<InstalledFiles> {
  const [binary, script, kept] = await Promise.all([
    tryInspectBinary(paths.binary, arch),
    tryInspectFile(paths.script),
    listPreviousVersions(paths.binary),
  ]);
  return { binary, script, origins: readOrigins(paths.origin), kept };
}

/** /proc names a process's program without the symbolic links in its path. */
async function tryRealPath(paths: InstallPaths): Promise<string> {
  const directory = await realpath(paths.directory).catch(() => paths.directory);
  return join(directory, basename(paths.binary));
}

async function observeDirectory(paths: InstallPaths, src: string | undefined): Promise<Directory> {
  return {
    names: listNames(paths.directory),
    missing: await missingDirectories(paths.directory),
    leftovers: findLeftovers(paths, src),
  };
}

async function missingDirectories(directory: string): Promise<readonly string[]> {
  const exists = await access(directory).then(
    () => true,
    () => false,
  );
  return exists ? [] : [...(await missingDirectories(dirname(directory))), directory];
}

async function observeAccount({ owner, group }: Wanted): Promise<Account> {
  return {
    uid: await tryResolveAccount("passwd", owner),
    gid: await tryResolveAccount("group", group),
  };
}
