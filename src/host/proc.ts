// A running process as /proc shows it.

import { readFile, stat } from "node:fs/promises";

import { systemCodeOf } from "../ansible/errors";
import { translateFileError } from "./atomic-file";

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
export async function tryReadProcess(pid: number): Promise<ProcessState | undefined> {
  const folder = `/proc/${pid}`;
  try {
    const [argv, environment, executable] = await Promise.all([
      readFile(`${folder}/cmdline`, "utf8"),
      readFile(`${folder}/environ`, "utf8"),
      stat(`${folder}/exe`),
    ]);
    // A zombie has no command line any more.
    if (argv === "") return undefined;
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

/** The identity of a file; undefined when there is none. */
export async function tryIdentify(path: string): Promise<FileIdentity | undefined> {
  const info = await tryStat(path);
  return info === undefined ? undefined : { device: info.dev, inode: info.ino };
}

/**
 * When a file got its present content, in milliseconds of wall clock: written, or put in place as
 * a new file with an old date (`cp -p`, rsync). undefined when there is none.
 */
export async function tryChangeTime(path: string): Promise<number | undefined> {
  const info = await tryStat(path);
  return info === undefined ? undefined : Math.max(info.mtimeMs, info.birthtimeMs);
}

/** A moment of the monotonic clock (microseconds) as wall clock time (milliseconds), as of now. */
export function toWallClockMs(monotonicUs: number): number {
  const nowUs = Number(process.hrtime.bigint() / 1000n);
  return Date.now() - (nowUs - monotonicUs) / 1000;
}

async function tryStat(path: string) {
  try {
    return await stat(path);
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
