// Runs a program for its version, and knows whether the kernel of this host would: what it refuses,
// Node.js hands to a shell.

import { existsSync } from "node:fs";
import { open } from "node:fs/promises";

import { type Arch } from "../../flannel/arch";
import { type ReleasedProgram } from "../../flannel/release-assets";
import { tryFindEmulator } from "../../host/binfmt";
import { type CommandResult, askProgram } from "../../host/programs";
import { type Cpu } from "./cpu";

/** A good binary is not unknown because the machine is slow. */
const VERSION_TIMEOUT_MS = 60_000;
/** What binfmt_misc looks at. */
const HEAD_BYTES = 256;
/** Settings that only kernels for arm64 have which run 32 bit programs, too. */
const COMPAT_SETTINGS = ["/proc/sys/abi/cp15_barrier", "/proc/sys/abi/setend"];

/** True for a program of this CPU, and for one that an emulator is registered for. */
export async function canRun(path: string, arch: Arch, cpu: Cpu): Promise<boolean> {
  if (arch === cpu.arch) return true;
  if (arch === "arm" && cpu.arch === "arm64" && runsArm()) return true;
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return tryFindEmulator(buffer.subarray(0, bytesRead)) !== undefined;
  } finally {
    await handle.close();
  }
}

/** Asks a program for its version (`flanneld --version`). Throws ModuleError when it cannot be run. */
export function askVersion(
  path: string,
  { question }: Pick<ReleasedProgram, "question">,
  timeoutMs = VERSION_TIMEOUT_MS,
): CommandResult {
  // A plugin does what this variable says; its own task has none, but that of a whole play may.
  return askProgram(path, question, timeoutMs, { env: { CNI_COMMAND: undefined } });
}

function runsArm(): boolean {
  return process.arch === "arm" || COMPAT_SETTINGS.some((path) => existsSync(path));
}
