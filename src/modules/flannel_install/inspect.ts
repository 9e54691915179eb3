// Looks at an installed or staged file, without running it: what it is, and whose it is.

import { type Stats } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { ModuleError, systemCodeOf } from "../../base/errors";
import { type Arch, tryArchOfElf } from "../../flannel/arch";
import { type FlannelVersion } from "../../flannel/version";
import { sha256OfFile } from "../../host/checksum";
import { tryReadElf } from "../../host/elf";
import { translateFileError } from "../../host/file-errors";
import { whyNotTrusted } from "./origin";

export interface InstalledFile {
  readonly sha256: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Tells this very file from another one that has taken its place meanwhile. */
  readonly inode: number;
  /** A symbolic link is followed for reading, and replaced as a whole. */
  readonly isLink: boolean;
  /** Names that the file has, one of them here. */
  readonly names: number;
}

export interface InstalledProgram extends InstalledFile {
  /** Undefined when the file is not a whole program for a CPU of flannel's. */
  readonly arch: Arch | undefined;
  /** Why anybody could have written it, so that it must not be run; undefined when root alone could. */
  readonly distrust: string | undefined;
}

export interface InstalledBinary extends InstalledProgram {
  /** Undefined when nothing tells it (installed-version.ts). */
  readonly version: FlannelVersion | undefined;
}

/** Undefined when there is no such file. Throws when something else is in its place. */
export async function tryInspectFile(path: string): Promise<InstalledFile | undefined> {
  return unlessGone(() => inspectFile(path));
}

/** What another run removes while it is looked at is not there. */
export async function unlessGone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const cause = error instanceof ModuleError ? error.cause : error;
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw error;
  }
}

async function inspectFile(path: string): Promise<InstalledFile | undefined> {
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
    names: info.nlink,
  };
}

/** As `tryInspectFile`; undefined for whatever is no file, too. */
export async function tryInspectFileIfAny(path: string): Promise<InstalledFile | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true ? tryInspectFile(path) : undefined;
}

/** As `tryInspectFile`, for a program. */
export async function tryInspectProgram(path: string): Promise<InstalledProgram | undefined> {
  const file = await tryInspectFile(path);
  if (file === undefined) return undefined;
  return unlessGone(async () => {
    const [arch, distrust] = await Promise.all([tryReadArch(path), findDistrust(path, file)]);
    return { ...file, arch, distrust };
  });
}

/** Who may write to the directory may put another file there. */
async function findDistrust(path: string, file: InstalledFile): Promise<string | undefined> {
  const { mode, uid, gid } = await stat(dirname(await realpath(path)));
  const isSticky = (mode & 0o1000) !== 0;
  // The group of a directory is chosen by who runs the host (root:staff of /usr/local in Debian).
  const writers = isSticky ? 0o755 : mode & 0o757;
  const directory = whyNotTrusted({ mode: writers, uid, gid });
  return whyNotTrusted(file) ?? (directory && `of its directory, ${directory}`);
}

async function tryStat(path: string): Promise<Stats | undefined> {
  const info = await stat(path).catch((error: unknown) => {
    // Links in a circle lead nowhere, too.
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(systemCodeOf(error) ?? "")) return undefined;
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
