// The next version of a file is prepared beside it, under a name that says which process does so:
// what a killed run has left is known by it, and what a running one still needs is let be.

import { basename, dirname, join } from "node:path";

import { listNames } from "./directory";
import { tryStartOf } from "./proc";

/** The process that staged a file. */
export interface Stager {
  readonly pid: number;
  /** When it was started; undefined in names that have only its number. */
  readonly startTicks: number | undefined;
}

const NAME = /^\.(?<target>.+)\.new-(?<pid>\d+)(?:\.(?<start>\d+))?(?:-[\w-]+)?$/;

/** Where this process prepares the next version of `path`, or something for it (`purpose`). */
export function stagedPath(path: string, purpose = ""): string {
  const start = tryStartOf(process.pid);
  const stager = start === undefined ? `${process.pid}` : `${process.pid}.${start}`;
  const suffix = purpose === "" ? "" : `-${purpose}`;
  return join(dirname(path), `.${basename(path)}.new-${stager}${suffix}`);
}

/** True for the name of a file that is staged for one of `targets`, which are names too. */
export function isStagedName(name: string, targets: readonly string[]): boolean {
  return targets.includes(NAME.exec(name)?.groups?.["target"] ?? "");
}

/** Which process has staged the file of this name; undefined for other files. */
export function processOf(name: string): Stager | undefined {
  const { pid, start } = NAME.exec(name)?.groups ?? {};
  if (pid === undefined) return undefined;
  return { pid: Number(pid), startTicks: start === undefined ? undefined : Number(start) };
}

/**
 * True if the process that staged the file of this name has ended. A number is given to new
 * processes again and again, so the moment of its start counts too, and nothing else of it does:
 * another run may use another Node.js, or belong to another user.
 */
export function isAbandoned(name: string): boolean {
  const stager = processOf(name);
  if (stager === undefined) return false;
  const startTicks = tryStartOf(stager.pid);
  if (startTicks === undefined) return true;
  if (stager.startTicks !== undefined) return stager.startTicks !== startTicks;
  // A name without a start is not of this process, whatever its number.
  return stager.pid === process.pid;
}

/** What runs that have ended left in `directory` for these `targets` (names); as paths. */
export function listAbandoned(directory: string, targets: readonly string[]): readonly string[] {
  const names = visibleNames(directory).filter((name) => isStagedName(name, targets));
  return names.filter(isAbandoned).map((name) => join(directory, name));
}

function visibleNames(directory: string): readonly string[] {
  try {
    return listNames(directory);
  } catch {
    return []; // what cannot be seen is in nobody's way
  }
}
