// The last word before a binary is put in place: it is for this CPU, whole, runs here, and is the
// version that was asked for.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";

import { ModuleError, messageOf, systemCodeOf } from "../../base/errors";
import { type Arch, tryArchOfElf } from "../../flannel/arch";
import { type ReleasedProgram } from "../../flannel/release-assets";
import { type FlannelVersion, satisfies, tagOf } from "../../flannel/version";
import { type ElfProgram, tryReadElf } from "../../host/elf";
import { type CommandResult } from "../../host/programs";
import { type Cpu } from "./cpu";
import { askVersion, canRun } from "./runnable";
import { type Source } from "./source";

type Wanted = Pick<Source, "arch" | "program" | "version">;

/**
 * Checks a staged binary and returns the version it tells. Throws `verification` with a message
 * that begins with `origin`.
 */
export async function verifyBinary(
  path: string,
  wanted: Wanted,
  cpu: Cpu,
  origin: string,
): Promise<FlannelVersion> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ModuleError("verification", `${origin}: ${reason}; nothing was replaced`, { cause });
  };
  const elf = await tryReadElf(path);
  const { size } = await stat(path);
  const flaw = findFlaw(elf, size, wanted.arch, whoWants(wanted.arch, cpu));
  if (flaw !== undefined) return refuse(flaw);
  const foreign = describeForeign(wanted, cpu);
  if (!(await canRun(path, wanted.arch, cpu))) {
    return refuse(`no emulator for it is registered (binfmt_misc)${foreign}`);
  }
  const { program } = wanted;
  const answer = run({ path, program, interpreter: elf?.interpreter }, foreign, refuse);
  const version = program.findVersion(answer, wanted.version);
  if (version === undefined)
    return refuse(`does not report its version${foreign}: ${describe(program, answer)}`);
  if (version === "unnumbered") return wanted.version;
  if (satisfies(version, wanted.version)) return version;
  return refuse(`is ${program.title} ${tagOf(version)}, version asks for ${tagOf(wanted.version)}`);
}

/**
 * Why these bytes cannot be a program for the CPU; undefined when they can. `who` says who wants it,
 * such as "arch asks for amd64".
 */
export function findFlaw(
  program: ElfProgram | undefined,
  sizeBytes: number,
  wanted: Arch,
  who: string,
): string | undefined {
  if (program === undefined) return "is not a program";
  const arch = tryArchOfElf(program);
  if (arch !== wanted) {
    const is = arch ?? `a CPU with ELF number ${program.machine}`;
    return `this is a binary for ${is}, ${who}`;
  }
  if (sizeBytes < program.expectedBytes) {
    return `the program is cut short: ${sizeBytes} of at least ${program.expectedBytes} bytes`;
  }
  return program.refusal && `the kernel would not run it: ${program.refusal}`;
}

function whoWants(arch: Arch, cpu: Cpu): string {
  return arch === cpu.arch ? `the host is ${arch}` : `arch asks for ${arch}`;
}

interface Candidate {
  readonly path: string;
  readonly program: ReleasedProgram;
  readonly interpreter: string | undefined;
}

function run(
  { path, program, interpreter }: Candidate,
  foreign: string,
  refuse: (reason: string, cause?: unknown) => never,
): CommandResult {
  try {
    return askVersion(path, program);
  } catch (error) {
    const cause = error instanceof ModuleError ? error.cause : error;
    switch (systemCodeOf(cause) ?? "") {
      case "EACCES":
        throw new ModuleError(
          "host",
          `${dirname(path)}: programs cannot be run there, its file system is probably mounted ` +
            `noexec; choose another bin_dir or remount it. Nothing was replaced`,
          { cause: error },
        );
      case "ENOENT":
        return refuse(`needs ${interpreter ?? "a loader"}, which this host does not have`, error);
      default:
        return refuse(`cannot be run${foreign}: ${messageOf(error)}`, error);
    }
  }
}

/** Where an emulator is registered for the programs of other CPUs, they run, and may end in any way. */
function describeForeign({ arch }: Wanted, cpu: Cpu): string {
  const host = cpu.arch ?? cpu.machine;
  return arch === host ? "" : ` (it is for ${arch}, the host is ${host})`;
}

function describe({ question }: ReleasedProgram, answer: CommandResult): string {
  const asked = question.length > 0 ? `"${question.join(" ")}"` : "run without arguments, it";
  const lines = `${answer.stdout}\n${answer.stderr}`.split("\n").filter((line) => line !== "");
  const shown = JSON.stringify((lines.at(-1) ?? "").slice(0, 200));
  return `${asked} exits ${answer.exitCode} and prints ${shown}`;
}
