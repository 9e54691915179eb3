// What is declared and known of the digests of a release's files.

import { ModuleError } from "../../base/errors";
import { isRecord } from "../../base/json";
import { type Arch, parseArch } from "../../flannel/arch";
import { type DeclaredChecksum, parseChecksum } from "../../host/checksum";
import { type ChecksumPolicy } from "./source";

/** The options that are about it. */
interface ChecksumOptions {
  readonly checksum?: unknown;
  readonly known_checksums?: Readonly<Record<string, unknown>>;
  readonly require_checksum: boolean;
}

/** Says that nothing shall be checked. */
const WAIVED = "none";

/** Throws `invalid_arguments`. */
export function declareChecksums(options: ChecksumOptions): ChecksumPolicy {
  const { checksum, require_checksum: isRequired } = options;
  const isWaived = checksum === WAIVED;
  if (isWaived && isRequired) {
    throw new ModuleError(
      "invalid_arguments",
      `checksum: ${WAIVED}: require_checksum demands one, leave one of the two out`,
    );
  }
  const known = readKnown(options.known_checksums ?? {});
  return { ...parseDeclared(isWaived ? undefined : checksum), isWaived, isRequired, known };
}

/** One for every CPU, or a dictionary of one for each. */
function parseDeclared(checksum: unknown): Pick<ChecksumPolicy, "architectures" | "declaredFor"> {
  if (!isRecord(checksum)) {
    const declared =
      checksum === undefined ? undefined : parseChecksum(textOf(checksum, "checksum"));
    return { architectures: [], declaredFor: () => declared };
  }
  const byArch = new Map(
    Object.entries(checksum).map(
      ([arch, text]) =>
        [parseArch(arch), parseChecksum(textOf(text, `checksum: ${arch}`))] as const,
    ),
  );
  const architectures = [...byArch.keys()];
  const declaredFor = (arch: Arch): DeclaredChecksum => {
    const declared = byArch.get(arch);
    if (declared !== undefined) return declared;
    throw new ModuleError(
      "invalid_arguments",
      `checksum: there is none for ${arch}, only for ${architectures.join(", ")}; add it`,
    );
  };
  return { architectures, declaredFor };
}

function textOf(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new ModuleError(
    "invalid_arguments",
    `${what}: expected sha256:HEX or sha256:URL, or a dictionary of one for each CPU`,
  );
}

/** The table of a release: by name, a digest or a dictionary that holds one. */
function readKnown(table: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => {
      const value = isRecord(entry) ? entry["sha256"] : entry;
      const hex = /^(?:sha256:)?([0-9a-f]{64})$/.exec(String(value))?.[1];
      if (hex !== undefined) return [name, hex];
      throw new ModuleError(
        "invalid_arguments",
        `known_checksums: ${name}: expected a SHA-256, 64 hexadecimal digits`,
      );
    }),
  );
}
