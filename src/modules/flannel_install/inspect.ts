// Looks at an installed or staged file: what it is, whose it is, and what it says of itself.

import { type Stats } from "node:fs";
import { lstat, stat } from "node:fs/promises";

import { ModuleError, systemCodeOf } from "../../base/errors";
import { type Arch, tryArchOfElf } from "../../flannel/release-assets";
import { type FlannelVersion, findVersion } from "../../flannel/version";
import { sha256OfFile } from "../../host/checksum";
import { tryReadElf } from "../../host/elf";
import { translateFileError } from "../../host/file-errors";
import { type CommandResult, askProgram } from "../../host/programs";

export interface InstalledFile {
  readonly sha256: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Tells this very file from another one that has taken its place meanwhile. */
  readonly inode: number;
  /** A symbolic link is followed for reading, and replaced as a whole. */
  readonly isLink: boolean;
}

export interface InstalledBinary extends InstalledFile {
  /** Undefined when the file is not a whole program for a CPU of flannel's. */
  readonly arch: Arch | undefined;
  /** Undefined when it is not for the wanted CPU, does not run here, or does not tell. */
  readonly version: FlannelVersion | undefined;
}

const VERSION_TIMEOUT_MS = 10_000;

/** Undefined when there is no such file. Throws when something else is in its place. */
export async function tryInspectFile(path: string): Promise<InstalledFile | undefined> {
  const info = await tryStat(path);
  if (info === undefined) return undefined;
  const isLink = await lstat(path).then((link) => link.isSymbolicLink());
  return {
    sha256: await sha256OfFile(path),
    mode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
    inode: info.ino,
    isLink,
  };
}

/**
 * As `tryInspectFile`, and asks the program for its version, if it is for `runnable`.
 * (What the kernel cannot run, Node hands to a shell, which must not read a foreign program.)
 */
export async function tryInspectBinary(
  path: string,
  runnable: Arch | undefined,
): Promise<InstalledBinary | undefined> {
  if ((await tryStat(path)) === undefined) return undefined;
  const arch = await tryReadArch(path);
  const version = arch === undefined || arch !== runnable ? undefined : tryAskVersion(path);
  const file = await tryInspectFile(path);
  return file && { ...file, arch, version };
}

async function tryStat(path: string): Promise<Stats | undefined> {
  const info = await stat(path).catch((error: unknown) => {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw translateFileError(path, "read", error);
  });
  if (info === undefined || info.isFile()) return info;
  const what = info.isDirectory() ? "a directory" : "something that is not a file";
  throw new ModuleError("host", `${path}: ${what} is in the way, move it aside`);
}

/** A program that was cut short, or that the kernel would refuse, is none. */
async function tryReadArch(path: string): Promise<Arch | undefined> {
  const [program, info] = await Promise.all([tryReadElf(path), stat(path)]);
  if (program === undefined || info.size < program.expectedBytes) return undefined;
  if (program.refusal !== undefined) return undefined;
  return tryArchOfElf(program);
}

function tryAskVersion(path: string): FlannelVersion | undefined {
  try {
    return findVersion(askVersion(path));
  } catch {
    return undefined;
  }
}

/** Runs `flanneld --version`. Throws ModuleError when it cannot be run. */
export function askVersion(path: string): CommandResult {
  return askProgram(path, ["--version"], VERSION_TIMEOUT_MS);
}
