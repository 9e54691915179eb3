// Asks a program of the host something short on the path of a run that changes nothing. Does what
// `runCommand` does, on Node's own spawnSync: execa and the streams of an asynchronous process take
// longer to set up than such a program takes to answer (docs/adr/0010).

import { spawnSync } from "node:child_process";

import { ModuleError, messageOf, systemCodeOf } from "../base/errors";
import { type CommandResult } from "./process";

/** The rules of a packet filter with thousands of services are several MiB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs `file` without a shell, in the C locale, with no input. Throws ModuleError `host` when it
 * cannot be started (the `cause` has the system's code) or dies of a signal, and `timeout`.
 */
export function askProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
): CommandResult {
  const { error, signal, status, stdout, stderr } = spawnSync(file, args, {
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: MAX_OUTPUT_BYTES,
    cwd: "/",
    env: { ...process.env, LC_ALL: "C" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (status !== null && error === undefined) {
    return { command: [file, ...args].join(" "), exitCode: status, stdout, stderr };
  }
  throw describeFailure(file, error, signal, timeoutMs);
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

function describeFailure(
  file: string,
  cause: Error | undefined,
  signal: NodeJS.Signals | null,
  timeoutMs: number,
): ModuleError {
  if (systemCodeOf(cause) === "ETIMEDOUT") {
    const message = `${file}: gave no answer within ${timeoutMs / 1000} s`;
    return new ModuleError("timeout", message, { cause });
  }
  const reason = cause === undefined ? `was killed by ${String(signal)}` : reasonOf(cause);
  return new ModuleError("host", `${file}: ${reason}`, { cause });
}

function reasonOf(error: Error): string {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "not executable for this user",
    ENOENT: "no such program on this host, install it or fix the PATH",
  };
  return reasons[systemCodeOf(error) ?? ""] ?? `cannot be started: ${messageOf(error)}`;
}
