// Which processes run from a program file, as the kernel sees it. Synchronous: /proc answers at
// once, and a promise for each of some hundred processes takes three times as long as the answer.

import { type Stats, readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

import { glanceAtLink } from "./glance";

export interface RunningProgram {
  /** Processes that run the file which is there now. */
  readonly current: number;
  /** Processes that run a file which was there and has been replaced or removed. */
  readonly replaced: number;
}

/**
 * Counts the processes running from `path` (without symbolic links in it). What a container has at
 * the same path is another file.
 */
export function countRunning(path: string): RunningProgram {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const programs = ids.map((id) => ({ id, target: tryProgramOf(id) }));
  const current = programs.filter(({ id, target }) => target === path && isAt(id, path));
  const replaced = programs.filter(
    ({ id, target }) => target === `${path} (deleted)` && wasAt(id, path),
  );
  return { current: current.length, replaced: replaced.length };
}

/**
 * The file a process runs from; undefined for kernel threads, for processes that have ended, and
 * for those of other users.
 */
export function tryProgramOf(processId: string): string | undefined {
  return glanceAtLink(`/proc/${processId}/exe`);
}

function isAt(processId: string, path: string): boolean {
  return isSameFile(tryStat(`/proc/${processId}/exe`), tryStat(path));
}

/**
 * A service may have mounts of its own, and still run what is installed here: a file that is gone is
 * then known by the root that its path begins at, and by its file system.
 */
function wasAt(processId: string, path: string): boolean {
  const [process, here] = [`/proc/${processId}`, "/proc/self"];
  if (glanceAtLink(`${process}/ns/mnt`) === glanceAtLink(`${here}/ns/mnt`)) return true;
  if (!isSameFile(tryStat(`${process}/root`), tryStat(`${here}/root`))) return false;
  // An overlay tells other devices for files than for directories.
  const devices = [path, dirname(path)].map((known) => tryStat(known)?.dev);
  return devices.includes(tryStat(`${process}/exe`)?.dev);
}

function isSameFile(one: Stats | undefined, other: Stats | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
