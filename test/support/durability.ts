// Whether what was done to files would survive a power cut: from the system calls of a run.

import { dirname } from "node:path";

import { type Call } from "./system-calls";

const RENAMES = ["rename", "renameat", "renameat2"];
const LINKS = ["link", "linkat"];
const SYNCS = ["fsync", "fdatasync"];
const WRITES = ["write", "pwrite64", "writev", "ftruncate", "copy_file_range", "sendfile"];

/** Of no use after a power cut. */
const LOCK = /\.lock$/;

export interface Order {
  /** How many renames were looked at. */
  readonly renames: number;
  readonly faults: readonly string[];
}

/**
 * Every file that is renamed was fsynced after it was last written, so that the name never stands for
 * half a file; and its directory was fsynced afterwards, so that the run ends with what it tells.
 */
export function findDisorder(calls: readonly Call[]): Order {
  const faults: string[] = [];
  let renames = 0;
  for (const [index, { name, paths }] of calls.entries()) {
    const [from, to] = paths;
    const after = calls.slice(index);
    if (
      name === "mkdir" &&
      from !== undefined &&
      !isTaken(from, after) &&
      !isSynced(dirname(from), after)
    )
      faults.push(`${dirname(from)}: was not synced after ${from} was made`);
    if (from === undefined || to === undefined) continue;
    if (LINKS.includes(name) && !LOCK.test(to) && !isSynced(dirname(to), after))
      faults.push(`${dirname(to)}: was not synced after ${to} was made`);
    if (!RENAMES.includes(name)) continue;
    renames += 1;
    if (!isWhole(from, calls.slice(0, index)))
      faults.push(`${from}: was not synced before it became ${to}`);
    if (!isSynced(dirname(to), after))
      faults.push(`${dirname(to)}: was not synced after ${to} came`);
  }
  return { renames, faults };
}

/** What this run has not written needs no fsync. */
function isWhole(path: string, before: readonly Call[]): boolean {
  const touching = before.filter(({ paths }) => paths[0] === path);
  const last = touching.filter(({ name }) => [...WRITES, ...SYNCS].includes(name)).at(-1);
  return last === undefined || SYNCS.includes(last.name);
}

/** Whether the run takes a directory away again. */
function isTaken(path: string, after: readonly Call[]): boolean {
  return after.some(({ name, paths }) => name === "rmdir" && paths[0] === path);
}

function isSynced(path: string, after: readonly Call[]): boolean {
  return after.some(({ name, paths }) => SYNCS.includes(name) && paths[0] === path);
}
