// Asks a program of the host something short on the path of a run that changes nothing. Does what
// `runCommand` does, on Node's own execFile: loading execa takes longer than such a program does,
// and would be half of a bundle that needs it for nothing else (docs/adr/0010).

import { type ExecFileException } from "node:child_process";

import { ModuleError, messageOf } from "../ansible/errors";
import { type CommandResult } from "./process";

const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Runs `file` without a shell, in the C locale, with no input. Throws ModuleError `host` when it
 * cannot be started (the `cause` has the system's code) or dies of a signal, and `timeout`.
 */
export async function askProgram(
  file: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: MAX_OUTPUT_BYTES,
      cwd: "/",
      env: { ...process.env, LC_ALL: "C" },
    } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const failure = error === null ? undefined : describeFailure(file, error, timeoutMs);
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      const exitCode = child.exitCode ?? 0;
      resolve({ command: [file, ...args].join(" "), exitCode, stdout, stderr });
    });
    child.stdin?.on("error", () => undefined).end();
  });
}

/** Undefined for a program that ran and ended by itself, whatever its exit code. */
function describeFailure(
  file: string,
  error: ExecFileException,
  timeoutMs: number,
): ModuleError | undefined {
  if (typeof error.code === "number") return undefined;
  if (error.killed === true && typeof error.code !== "string") {
    const message = `${file}: gave no answer within ${timeoutMs / 1000} s`;
    return new ModuleError("timeout", message, { cause: error });
  }
  const reason = error.signal ? `was killed by ${error.signal}` : reasonOf(error);
  return new ModuleError("host", `${file}: ${reason}`, { cause: error });
}

function reasonOf(error: ExecFileException): string {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "not executable for this user",
    ENOENT: "no such program on this host, install it or fix the PATH",
  };
  return reasons[error.code ?? ""] ?? `cannot be started: ${messageOf(error)}`;
}
