// What a flannel release consists of: which file for which CPU, and where it is published.
// Source: the Makefile and the published files of the tags v0.7.0 to v0.28.9.

import { ModuleError } from "../base/errors";
import { didYouMean } from "../base/nearest";
import { userinfoIn } from "../base/userinfo";
import { type FlannelVersion, compareVersions, isAtLeast, parseVersion, tagOf } from "./version";

export type Arch = "amd64" | "arm" | "arm64" | "mips64le" | "ppc64le" | "riscv64" | "s390x";

/** The names under which a release archive holds the files that can be installed. */
export const DAEMON = "flanneld";
export const MK_DOCKER_OPTS = "mk-docker-opts.sh";
export type ReleaseFile = typeof DAEMON | typeof MK_DOCKER_OPTS;

/** `binary`: the bare daemon; `archive`: a tar.gz of daemon and mk-docker-opts.sh. */
export type AssetKind = "archive" | "binary";

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
  /** First and last release that has it. */
  readonly since?: string;
  readonly until?: string;
}

const elf = (machine: number, bits: 32 | 64 = 64, littleEndian = true): ElfIdentity => ({
  machine,
  bits,
  littleEndian,
});

/** ELF machine numbers: the System V ABI's registry (EM_X86_64 = 62 and so on). */
const ARCHITECTURES: Readonly<Record<Arch, ArchFacts>> = {
  amd64: { machines: ["x86_64"], elf: elf(62) },
  arm: { machines: ["armv6l", "armv7l", "armv8l"], elf: elf(40, 32), since: "0.7.1" },
  arm64: { machines: ["aarch64"], elf: elf(183), since: "0.7.1" },
  mips64le: { machines: ["mips64"], elf: elf(8), since: "0.16.2", until: "0.24.0" },
  ppc64le: { machines: ["ppc64le"], elf: elf(21), since: "0.7.1" },
  riscv64: { machines: ["riscv64"], elf: elf(243), since: "0.24.0" },
  s390x: { machines: ["s390x"], elf: elf(22, 64, false), since: "0.8.0" },
};

const ALL = Object.entries(ARCHITECTURES) as (readonly [Arch, ArchFacts])[];

/** Where flannel publishes its releases. */
export const OFFICIAL_URL =
  "https://github.com/flannel-io/flannel/releases/download/{version}/{asset}";

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
  const known = ALL.map(([arch]) => arch);
  throw new ModuleError(
    "invalid_arguments",
    `arch: ${text}: not a CPU flannel is built for` +
      `${didYouMean(text, known)} (known: ${known.join(", ")})`,
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

/** The name of a release file: "flanneld-amd64" or "flannel-v0.28.9-linux-amd64.tar.gz". */
export function assetName(kind: AssetKind, version: FlannelVersion, arch: Arch): string {
  return kind === "binary" ? `${DAEMON}-${arch}` : `flannel-${tagOf(version)}-linux-${arch}.tar.gz`;
}

/** What the placeholders of a URL template stand for. */
export interface AssetChoice {
  readonly version: FlannelVersion;
  readonly arch: Arch;
  readonly kind: AssetKind;
}

/**
 * Fills `{version}` (the tag), `{arch}` and `{asset}` of a URL template. Throws
 * `invalid_arguments` for a placeholder that does not exist: it would only be a puzzling 404.
 */
export function expandTemplate(template: string, choice: AssetChoice): string {
  const values: Readonly<Record<string, string>> = {
    version: tagOf(choice.version),
    arch: choice.arch,
    asset: assetName(choice.kind, choice.version, choice.arch),
  };
  return template.replace(/\{(\w*)\}/g, (placeholder, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    const isSecret = userinfoIn(template).some((secret) => secret.includes(placeholder));
    const shown = isSecret ? "{...} in a user or password" : placeholder;
    throw new ModuleError(
      "invalid_arguments",
      `${shown}: unknown placeholder in a URL, known are {version}, {arch} and {asset}`,
    );
  });
}

/** Why the official release cannot serve this CPU, or undefined when it can. */
export function whyNotReleased(version: FlannelVersion, arch: Arch): string | undefined {
  const { since, until } = ARCHITECTURES[arch];
  const tooOld = since !== undefined && !isAtLeast(version, since);
  const tooNew = until !== undefined && compareVersions(version, parseVersion(until)) > 0;
  if (!tooOld && !tooNew) return undefined;
  const span = [since && `from v${since}`, until && `to v${until}`].filter(Boolean).join(" ");
  return `flannel ${tagOf(version)} was not released for ${arch} (that CPU: ${span})`;
}
