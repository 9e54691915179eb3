// Which processes run from a program file, as the kernel sees it.

import { readdir, readlink } from "node:fs/promises";

export interface RunningProgram {
  /** Processes that run the file which is there now. */
  readonly current: number;
  /** Processes that run a file which was there and has been replaced or removed. */
  readonly replaced: number;
}

/** Counts the processes running from `path` (without symbolic links in it). */
export async function countRunning(path: string): Promise<RunningProgram> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const targets = await Promise.all(ids.map(tryProgramOf));
  return {
    current: targets.filter((target) => target === path).length,
    replaced: targets.filter((target) => target === `${path} (deleted)`).length,
  };
}

/**
 * The file a process runs from; undefined for kernel threads, for processes that have ended, and
 * for those of other users.
 */
export async function tryProgramOf(processId: string): Promise<string | undefined> {
  try {
    return await readlink(`/proc/${processId}/exe`);
  } catch {
    return undefined;
  }
}
