// A running process as /proc shows it, and the dates of the files it depends on.

import { type Stats, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

import { systemCodeOf } from "../base/errors";
import { translateFileError } from "./file-errors";

/** What the kernel follows, too (path_resolution(7)). */
const MAX_LINKS = 40;

/** Identity of a file: the same inode of the same file system. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

export interface ProcessState {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** The file that is being executed, even if its name is gone. */
  readonly executable: FileIdentity;
}

/** Reads a process; undefined when it is gone. Throws ModuleError `permission` for another user's. */
export function tryReadProcess(pid: number): ProcessState | undefined {
  const folder = `/proc/${pid}`;
  try {
    const argv = readFileSync(`${folder}/cmdline`, "utf8");
    // A zombie has no command line any more.
    if (argv === "") return undefined;
    const environment = readFileSync(`${folder}/environ`, "utf8");
    const executable = statSync(`${folder}/exe`);
    return {
      pid,
      argv: splitNul(argv),
      environment: parseEnvironment(environment),
      executable: { device: executable.dev, inode: executable.ino },
    };
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(systemCodeOf(error) ?? "")) return undefined;
    throw translateFileError(folder, "read", error);
  }
}

/**
 * When a process was started, in clock ticks since the system was; undefined when there is none of
 * this number. Everybody may ask for everybody's, and a number is not reused within one tick.
 */
export function tryStartOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // "pid (name) state ppid ... starttime": the name may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const hasEnded = ["Z", "X"].includes(fields[0] ?? "");
  return hasEnded ? undefined : Number(fields[19]);
}

/** The identity of a file; undefined when there is none. */
export function tryIdentify(path: string): FileIdentity | undefined {
  const info = tryStat(path);
  return info === undefined ? undefined : { device: info.dev, inode: info.ino };
}

/**
 * When a path got its present content, in milliseconds of wall clock: written, put in place as a new file
 * with an old date (`cp -p`, rsync), moved there, or led elsewhere by a link on the way. undefined when there is none.
 */
export function tryChangeTime(path: string): number | undefined {
  const file = tryStat(path);
  if (file === undefined) return undefined;
  const { links, end } = followLinks(path);
  const times = links.flatMap((link) => {
    const info = tryStat(link, lstatSync);
    return info === undefined ? [] : [changeTimeOf(info, link)];
  });
  return Math.max(changeTimeOf(file, end), ...times);
}

/** The links that a path leads over, those of its directories included, and where it ends. */
function followLinks(path: string): { readonly links: readonly string[]; readonly end: string } {
  const links: string[] = [];
  const rest = partsOf(path);
  let end = "/";
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = join(end, part);
    const isLink = tryStat(next, lstatSync)?.isSymbolicLink() === true && links.length < MAX_LINKS;
    if (isLink) {
      const target = readlinkSync(next);
      links.push(next);
      rest.unshift(...partsOf(target));
      if (isAbsolute(target)) end = "/";
    } else {
      end = next;
    }
  }
  return { links, end };
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

/** A move changes the file's ctime and the directory; chmod and chown, which are no new content, only the first. */
function changeTimeOf({ mtimeMs, birthtimeMs, ctimeMs }: Stats, path: string): number {
  const movedAtMs = Math.min(ctimeMs, tryStat(dirname(path))?.mtimeMs ?? 0);
  return Math.max(mtimeMs, birthtimeMs, movedAtMs);
}

function tryStat(path: string, look: (path: string) => Stats = statSync): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) return undefined;
    throw translateFileError(path, "look at", error);
  }
}

function splitNul(text: string): readonly string[] {
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function parseEnvironment(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const entry of splitNul(text)) {
    const equals = entry.indexOf("=");
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return variables;
}
