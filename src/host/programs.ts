// Programs of the host: never through a shell, always with a time limit, and in the C locale,
// because answers are read. `askProgram` is for the path of a run that changes nothing: execa and
// the streams of a process take longer to set up than a short answer takes (docs/adr/0010).

import type * as childProcess from "node:child_process";
import { once } from "node:events";

import { ModuleError, messageOf, systemCodeOf } from "../base/errors";
import { monotonicMs } from "./clock";

export interface CommandOptions {
  readonly timeoutMs?: number;
  /** Added to this process's own; undefined: without this one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly cwd?: string;
}

export interface CommandResult {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** How long a program that was told to end may take for it. */
const GRACE_MS = 1000;
const MAX_RUN_BYTES = 4 * 1024 * 1024;
/** The rules of a packet filter with thousands of services are several MiB. */
const MAX_ASK_BYTES = 64 * 1024 * 1024;
const MAX_SHOWN = 2000;

/** Why a program does not start, or has no usable answer, by the codes of Node.js and execa. */
const START_FAILURES: Readonly<Record<string, string>> = {
  E2BIG: "its arguments are longer than this system allows",
  EACCES: "this user may not execute it",
  EAGAIN: "this user cannot start any more processes at the moment",
  ENOBUFS: "printed too much for an answer",
  ENOENT: "no such program on this host, install it or fix PATH",
  ENOEXEC: "is not a program for this host",
  ENOMEM: "there is not enough memory to start it",
  ENOTDIR: "a part of its path is not a directory",
  "maxBuffer exceeded": "printed too much for an answer",
  ERR_INVALID_ARG_VALUE:
    "an argument contains a NUL character, which cannot be passed to a program",
};

/**
 * Runs `file`, without input unless there is some, and waits for it. Throws ModuleError `host` when it
 * cannot be started (the `cause` has the system's code) or dies of a signal, and `timeout`.
 */
export function askProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
  { env, input }: Pick<CommandOptions, "env" | "input"> = {},
): CommandResult {
  try {
    const { spawnSync } = loadChildProcess();
    const { error, signal, status, stdout, stderr } = spawnSync(file, args, {
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: MAX_ASK_BYTES,
      cwd: "/",
      env: { ...process.env, LC_ALL: "C", ...env },
      encoding: "utf8",
      ...(input === undefined ? {} : { input }),
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    if (error !== undefined) throw error;
    if (status === null) throw deathOf(file, signal);
    return { command: [file, ...args].join(" "), exitCode: status, stdout, stderr };
  } catch (error) {
    if (systemCodeOf(error) === "ETIMEDOUT") throw silenceOf(file, timeoutMs, error);
    throw translateStartError(file, error);
  }
}

/** As `askProgram`; undefined for a program that cannot be run on this host. */
export function tryAskProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
): CommandResult | undefined {
  try {
    return askProgram(file, args, timeoutMs);
  } catch (error) {
    if (error instanceof ModuleError && error.code === "host") return undefined;
    throw error;
  }
}

/**
 * Runs `file` and returns whatever it exits with, without the last line end of each output. Throws
 * as `askProgram` does; a program that takes longer than `timeoutMs` (30 s) has ended by then.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { execa } = await import("execa");
  const timeoutMs = Math.ceil(options.timeoutMs ?? DEFAULT_TIMEOUT_MS); // whole, or execa refuses
  const startedMs = monotonicMs();
  const child = execa(file, args, {
    reject: false,
    timeout: timeoutMs,
    maxBuffer: MAX_RUN_BYTES,
    stripFinalNewline: true,
    env: { LC_ALL: "C", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
  });
  const result = await child.catch((error: unknown) => {
    throw translateStartError(file, error);
  });
  await ensureEnd(child);
  // Once in a while execa 8 reports the death it brought about itself without setting timedOut.
  const killedLate = result.signal !== undefined && monotonicMs() - startedMs >= timeoutMs;
  if (result.timedOut || killedLate) throw silenceOf(file, timeoutMs, undefined);
  // execa 8 leaves exitCode undefined where the program was never started or was killed.
  const exitCode = result.exitCode as number | undefined;
  if (result.signal !== undefined) throw deathOf(file, result.signal);
  if (exitCode === undefined) throw translateStartError(file, result);
  const { stdout, stderr } = result;
  return { command: [file, ...args].join(" "), exitCode, stdout, stderr };
}

/** The end of an output, where programs say why they failed: short enough to be shown. */
export function lastWordsOf(output: string): string {
  const words = output.trim();
  return words.length > MAX_SHOWN ? `...${words.slice(-MAX_SHOWN)}` : words;
}

/** Loaded by the first program: a run that starts none does without the milliseconds it takes. */
function loadChildProcess(): typeof childProcess {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() has no synchronous form
  return require("node:child_process") as typeof childProcess;
}

/** SIGTERM was sent when the time was over; what ignores it is killed, so that nothing stays. */
async function ensureEnd(child: childProcess.ChildProcess): Promise<void> {
  if (child.pid === undefined || (await endsInTime(child))) return;
  child.kill("SIGKILL");
  await endsInTime(child);
}

async function endsInTime(child: childProcess.ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort();
  }, GRACE_MS);
  const ended = once(child, "exit", { signal: limit.signal });
  return ended
    .then(
      () => true,
      () => false,
    )
    .finally(() => {
      clearTimeout(timer);
    });
}

function silenceOf(file: string, timeoutMs: number, cause: unknown): ModuleError {
  const message = `${file}: gave no answer within ${timeoutMs / 1000} s`;
  return new ModuleError("timeout", message, { cause });
}

function deathOf(file: string, signal: string | null): ModuleError {
  return new ModuleError("host", `${file}: was killed by ${String(signal)}`);
}

function translateStartError(file: string, error: unknown): ModuleError {
  if (error instanceof ModuleError) return error;
  const told = reasonOf(error);
  const known = START_FAILURES[systemCodeOf(error) ?? told];
  const reason = known ?? `cannot be started: ${lastWordsOf(told)}`;
  return new ModuleError("host", `${file}: ${reason}`, { cause: error });
}

/** execa puts all that the program printed behind its own message. */
function reasonOf(error: unknown): string {
  const { originalMessage } = error as { readonly originalMessage?: unknown };
  return typeof originalMessage === "string" ? originalMessage : messageOf(error);
}
