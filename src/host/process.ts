// Runs programs of the host: never through a shell, always with a time limit, and in the C locale
// because some answers are read.

import { ModuleError } from "../base/errors";

export interface CommandOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
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
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * Runs `file` and returns whatever it exits with. Throws ModuleError `host` when it cannot be
 * started or dies of a signal, and `timeout` when it takes longer than `timeoutMs` (30 s).
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { execa } = await import("execa");
  const timeoutMs = Math.ceil(options.timeoutMs ?? DEFAULT_TIMEOUT_MS); // whole, or execa refuses
  const startedMs = Date.now();
  const result = await execa(file, args, {
    reject: false,
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
    stripFinalNewline: true,
    env: { LC_ALL: "C", ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
  });
  // Once in a while execa 8 reports the death it brought about itself without setting timedOut.
  const killedLate = result.signal !== undefined && Date.now() - startedMs >= timeoutMs;
  if (result.timedOut || killedLate) {
    throw new ModuleError("timeout", `${file}: gave no answer within ${timeoutMs / 1000} s`);
  }
  // execa 8 leaves exitCode undefined where the program was never started or was killed.
  const exitCode = result.exitCode as number | undefined;
  if (exitCode === undefined) {
    throw new ModuleError("host", describeSpawnFailure(file, result), { cause: result });
  }
  return {
    command: [file, ...args].join(" "),
    exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

function describeSpawnFailure(
  file: string,
  failure: { signal?: string; message?: string },
): string {
  if (failure.signal !== undefined) return `${file}: was killed by ${failure.signal}`;
  const reason = failure.message ?? "unknown reason";
  if (reason.includes("ENOENT"))
    return `${file}: no such program on this host, install it or fix the PATH`;
  if (reason.includes("EACCES")) return `${file}: not executable for this user`;
  return `${file}: cannot be started: ${reason}`;
}
