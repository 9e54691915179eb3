// Which processes run from a program file, as the kernel sees it. Synchronous: /proc answers at
// once, and a promise for each of some hundred processes takes three times as long as the answer.

import { readdirSync, readlinkSync } from "node:fs";

export interface RunningProgram {
  /** Processes that run the file which is there now. */
  readonly current: number;
  /** Processes that run a file which was there and has been replaced or removed. */
  readonly replaced: number;
}

/** Counts the processes running from `path` (without symbolic links in it). */
export function countRunning(path: string): RunningProgram {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const targets = ids.map(tryProgramOf);
  return {
    current: targets.filter((target) => target === path).length,
    replaced: targets.filter((target) => target === `${path} (deleted)`).length,
  };
}

/**
 * The file a process runs from; undefined for kernel threads, for processes that have ended, and
 * for those of other users.
 */
export function tryProgramOf(processId: string): string | undefined {
  try {
    return readlinkSync(`/proc/${processId}/exe`);
  } catch {
    return undefined;
  }
}
