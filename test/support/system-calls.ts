// A module under strace: killed at the n-th system call of a kind, or with all it does to files written down.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Writable } from "node:stream";

/** What is run: a program with its arguments, its input and its environment. */
export interface Program {
  /** What enters the place where it runs (nsenter and its arguments); right here by default. */
  readonly within?: readonly string[];
  readonly command: readonly string[];
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A moment in the run of a program: right before it makes this call for the `nth` time. */
export interface Moment {
  readonly call: string;
  readonly nth: number;
}

/** strace counts for each thread: with one worker, one thread makes all calls that take time. */
const ONE_WORKER = { UV_THREADPOOL_SIZE: "1" };

/**
 * The calls by which a module changes the disk, and fsync. (A record of a few hundred bytes is
 * written with one `write`, which is followed by an fsync.)
 */
export const CHANGING_CALLS = [
  "chmod",
  "fchmod",
  "fchown",
  "fsync",
  "ftruncate",
  "link",
  "mkdir",
  "pwrite64",
  "rename",
  "rmdir",
  "unlink",
] as const;

/**
 * Kills the program with SIGKILL at this moment, but none that it has started. True if it came to that,
 * false if it had ended before; throws when it ended badly, unless it is to fail.
 */
export async function runKilledAt(
  program: Program,
  { call, nth }: Moment,
  isFailing = false,
): Promise<boolean> {
  const inject = [`trace=${call}`, `inject=${call}:signal=KILL:when=${nth}`];
  const child = underStrace(program, [
    "-o",
    "/dev/null",
    ...inject.flatMap((rule) => ["-e", rule]),
  ]);
  const [exitCode, signal] = (await once(child, "exit")) as [number | null, string | null];
  if (signal === null && exitCode !== 0 && !isFailing)
    throw new Error(`exit ${String(exitCode)} at ${call} ${nth}`);
  return signal === "SIGKILL";
}

/** `-b execve`: what it starts is not looked at. */
function underStrace(
  { within = [], command, input, env }: Program,
  options: readonly string[],
): ChildProcessByStdio<Writable, null, null> {
  const traced = ["strace", "-f", "-b", "execve", "-qq", ...options, ...command];
  const [first = "", ...rest] = [...within, ...traced];
  const child = spawn(first, rest, {
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...process.env, ...ONE_WORKER, ...env },
  });
  child.stdin.on("error", () => undefined); // it may be killed before it has read all
  child.stdin.end(input ?? "");
  return child;
}

/** One system call that succeeded, with the paths that it names or that its files have. */
export interface Call {
  readonly name: string;
  readonly text: string;
  readonly paths: readonly string[];
}

const TRACED = [
  ...["fsync", "fdatasync", "sync", "syncfs", "rename", "renameat", "renameat2"],
  ...["link", "linkat", "unlink", "unlinkat", "mkdir", "rmdir", "openat"],
  ...["write", "pwrite64", "writev", "ftruncate", "copy_file_range", "sendfile"],
];

/** Runs a program to its end and tells what it did to files, in order. Follows what it starts, if told so. */
export async function traceCalls(program: Program, follows = false): Promise<readonly Call[]> {
  const file = join(tmpdir(), `trace-${process.pid}-${Date.now()}`);
  const [first = "", ...rest] = program.command;
  const detach = follows ? [] : ["-b", "execve"];
  const options = ["-f", ...detach, "-y", "-qq", "-s", "0", "-e", `trace=${TRACED.join()}`];
  const child = spawn("strace", [...options, "-o", file, first, ...rest], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...process.env, ...ONE_WORKER, ...program.env },
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(program.input ?? "");
  await once(child, "exit");
  const text = readFileSync(file, "utf8");
  rmSync(file);
  return joinLines(text).flatMap(parseCall);
}

/** Calls that were interrupted by those of other threads, in one line again, where they ended. */
function joinLines(text: string): readonly string[] {
  const begun = new Map<string, string>();
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (rest.endsWith(" <unfinished ...>")) begun.set(thread, rest.slice(0, -17));
    else lines.push(resumed === null ? rest : `${begun.get(thread) ?? ""}${resumed[1] ?? ""}`);
  }
  return lines;
}

/** Nothing of a call that failed: it changed nothing. */
function parseCall(line: string): readonly Call[] {
  const [, name, text = ""] = /^(\w+)\((.*)\) += \d+(?:<.*>)?$/.exec(line) ?? [];
  if (name === undefined) return [];
  const named = /(?:AT_FDCWD<([^>]*)>, )?"([^"]*)"|^\d+<([^>]*)>/g;
  const paths = [...text.matchAll(named)].map(
    ([, cwd = "", path = "", opened]) => opened ?? (path.startsWith("/") ? path : join(cwd, path)),
  );
  return [{ name, text, paths }];
}
