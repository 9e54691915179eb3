// The CPUs that flannel is built for: its own names of them, those of the kernel, and what tells their programs apart.

import { ModuleError } from "../base/errors";
import { didYouMean } from "../base/nearest";

export type Arch = "amd64" | "arm" | "arm64" | "mips64le" | "ppc64le" | "riscv64" | "s390x";

/** The fields of an ELF header that tell CPUs apart. */
export interface ElfIdentity {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
}

interface ArchFacts {
  /** What `uname -m` calls it. */
  readonly machines: readonly string[];
  readonly elf: ElfIdentity;
}

const elf = (machine: number, bits: 32 | 64 = 64, littleEndian = true): ElfIdentity => ({
  machine,
  bits,
  littleEndian,
});

/** ELF machine numbers: the System V ABI's registry (EM_X86_64 = 62 and so on). */
const ARCHITECTURES: Readonly<Record<Arch, ArchFacts>> = {
  amd64: { machines: ["x86_64"], elf: elf(62) },
  arm: { machines: ["armv6l", "armv7l", "armv8l"], elf: elf(40, 32) },
  arm64: { machines: ["aarch64"], elf: elf(183) },
  mips64le: { machines: ["mips64"], elf: elf(8) },
  ppc64le: { machines: ["ppc64le"], elf: elf(21) },
  riscv64: { machines: ["riscv64"], elf: elf(243) },
  s390x: { machines: ["s390x"], elf: elf(22, 64, false) },
};

/** flannel's names of all CPUs. */
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as readonly Arch[];

const ALL = Object.entries(ARCHITECTURES) as (readonly [Arch, ArchFacts])[];

/** flannel's name of the CPU that `uname -m` calls `machine`; undefined when it has none. */
export function tryArchOfMachine(machine: string, endianness: "BE" | "LE"): Arch | undefined {
  const found = ALL.find(([, facts]) => facts.machines.includes(machine));
  // "mips64" is the name of both byte orders; flannel is built for one of them.
  const littleEndian = endianness === "LE";
  return found?.[1].elf.littleEndian === littleEndian ? found[0] : undefined;
}

/** Reads the option `arch`: flannel's name or the kernel's. Throws `invalid_arguments`. */
export function parseArch(text: string): Arch {
  const found = ALL.find(([arch, facts]) => arch === text || facts.machines.includes(text));
  if (found !== undefined) return found[0];
  throw new ModuleError(
    "invalid_arguments",
    `arch: ${text}: not a CPU flannel is built for` +
      `${didYouMean(text, ARCHITECTURE_NAMES)} (known: ${ARCHITECTURE_NAMES.join(", ")})`,
  );
}

/** flannel's name of the CPU a program was built for; undefined for a CPU flannel does not know. */
export function tryArchOfElf(identity: ElfIdentity): Arch | undefined {
  return ALL.find(
    ([, facts]) =>
      facts.elf.machine === identity.machine &&
      facts.elf.bits === identity.bits &&
      facts.elf.littleEndian === identity.littleEndian,
  )?.[0];
}
