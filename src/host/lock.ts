// A lock between processes, as a file. It is there so that work is not done twice; what it guards
// must be whole without it, too, because nothing on earth can tell a process that hangs from one
// that has ended on another machine.

import {
  chmodSync,
  linkSync,
  lstatSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname } from "node:path";

import { isRecord } from "../base/json";
import { systemCodeOf } from "../base/errors";
import { listNames } from "./directory";
import { translateFileError } from "./file-errors";
import { tryStartOf } from "./proc";
import { isAbandoned, isStagedName, stagedPath } from "./staging";

export interface Lock {
  /** Another process had it when it was asked for. */
  readonly hasWaited: boolean;
  /** Another process is waiting for it at this moment. */
  isWaitedFor(): boolean;
  /** Gives it back; never throws. */
  release(): void;
}

export interface LockSettings {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** A holder that gives no sign of life for so long has ended. */
  readonly silenceMs?: number;
}

const LOOK_AGAIN_MS = 100;
const SIGN_OF_LIFE_MS = 1_000;
const SILENCE_MS = 30_000;

/**
 * Waits for the lock and takes it. A holder that was killed is no obstacle: on this machine it is
 * known at once, on another one (a directory that is shared) by its silence.
 */
export async function acquireLock(path: string, settings: LockSettings): Promise<Lock> {
  const ticket = stagedPath(path);
  try {
    const hasWaited = await waitForTurn(path, ticket, settings);
    const life = setInterval(() => {
      giveSignOfLife(path);
    }, SIGN_OF_LIFE_MS);
    life.unref();
    const release = (): void => {
      clearInterval(life);
      if (isOwn(path)) tryUnlink(path);
    };
    return { hasWaited, release, isWaitedFor: () => isWaitedFor(path, ticket) };
  } finally {
    tryUnlink(ticket);
  }
}

/** True for a lock whose process has ended; on another machine, nobody knows. */
export function isLeftLock(path: string): boolean {
  try {
    const holder = readHolder(path);
    return holder !== undefined && hasEnded(holder);
  } catch {
    return false; // what cannot be read is told by whoever needs it
  }
}

async function waitForTurn(path: string, ticket: string, settings: LockSettings): Promise<boolean> {
  const { sleep, silenceMs = SILENCE_MS } = settings;
  let hasWaited = false;
  while (!tryTake(path, ticket)) {
    const holder = readHolder(path);
    const isLeft = holder !== undefined && hasEnded(holder);
    if (isLeft || silenceOf(path) > silenceMs) removeAbandoned(path, holder);
    else {
      hasWaited = true;
      await sleep(LOOK_AGAIN_MS);
    }
  }
  return hasWaited;
}

/** A link is made of a file that is complete, so that nobody ever reads half a lock. */
function tryTake(path: string, ticket: string): boolean {
  try {
    writeFileSync(ticket, describeSelf());
    chmodSync(ticket, 0o644); // others must be able to see whose it is
    linkSync(ticket, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw translateFileError(path, "lock", error);
  }
}

/** Whoever waits keeps its ticket beside the lock. */
function isWaitedFor(path: string, ownTicket: string): boolean {
  const tickets = listNames(dirname(path)).filter((name) => isStagedName(name, [basename(path)]));
  return tickets.some((name) => name !== basename(ownTicket) && !isAbandoned(name));
}

/** One line of JSON: which process of which machine, and when it was started. */
function describeSelf(): string {
  const startTicks = tryStartOf(process.pid) ?? null;
  return JSON.stringify({ host: hostname(), pid: process.pid, startTicks });
}

function readHolder(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw translateFileError(path, "lock", error);
  }
}

/** Whether it can or not: another error may be under way, and what is left is no obstacle. */
function tryUnlink(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or in a directory that gives nothing back.
  }
}

function isOwn(path: string): boolean {
  try {
    return readHolder(path) === describeSelf();
  } catch {
    return false;
  }
}

function giveSignOfLife(path: string): void {
  const now = new Date();
  try {
    if (isOwn(path)) utimesSync(path, now, now);
  } catch {
    // Gone between two looks; release finds out.
  }
}

function hasEnded(holder: string): boolean {
  const { host, pid, startTicks } = parseHolder(holder);
  if (typeof pid !== "number") return true; // not written by this function
  if (host !== hostname()) return false;
  if (startTicks !== null) return tryStartOf(pid) !== startTicks;
  return !isRunning(pid);
}

function parseHolder(text: string): Readonly<Record<string, unknown>> {
  try {
    const holder: unknown = JSON.parse(text);
    return isRecord(holder) ? holder : {};
  } catch {
    return {};
  }
}

/** For systems without /proc. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === "EPERM";
  }
}

function silenceOf(path: string): number {
  try {
    return Date.now() - lstatSync(path).mtimeMs;
  } catch {
    return 0; // released meanwhile
  }
}

/**
 * Moves it aside before it is removed: of several processes that have seen the same lock only one
 * succeeds. If what was moved is a new lock after all, it is given back.
 */
function removeAbandoned(path: string, holder: string | undefined): void {
  const aside = stagedPath(path, "abandoned");
  try {
    renameSync(path, aside);
    if (readHolder(aside) !== holder) linkSync(aside, path);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes(systemCodeOf(error) ?? "")) {
      throw translateFileError(path, "lock", error);
    }
  } finally {
    tryUnlink(aside);
  }
}
