// SHA-256 of files, and the two ways to declare one.

import { open } from "node:fs/promises";

import { ModuleError } from "../base/errors";
import { showAddress } from "./download/address";

/** A declared checksum: the digest itself, or a URL (template) where a list of digests is. */
export type DeclaredChecksum =
  | { readonly kind: "digest"; readonly sha256: string }
  | { readonly kind: "list"; readonly url: string };

const DIGEST = /^[0-9a-f]{64}$/i;

/** Reads `sha256:HEX` or `sha256:URL`. Throws `invalid_arguments`. */
export function parseChecksum(text: string): DeclaredChecksum {
  const value = /^sha256:(.+)$/.exec(text.trim())?.[1]?.trim() ?? "";
  if (DIGEST.test(value)) return { kind: "digest", sha256: value.toLowerCase() };
  if (/^(https?|file):\/\//.test(value)) return { kind: "list", url: value };
  throw new ModuleError(
    "invalid_arguments",
    `checksum: "${showAddress(text)}": expected sha256: followed by 64 hexadecimal digits ` +
      `or by the URL of a list in the format of sha256sum`,
  );
}

/**
 * The digest of a file in the output of sha256sum (text, binary or `--tag` form), under the first
 * of `names` that is in it, or the only digest of a list without names. Throws `verification` when
 * the list does not answer.
 */
export function findChecksum(list: string, names: readonly string[], origin: string): string {
  const lines = list.split(/\r?\n/).filter((line) => line.trim() !== "");
  const entries = lines.map(parseLine).filter((entry) => entry !== undefined);
  const nameless = entries.length === 1 && entries[0]?.name === "" ? entries : [];
  const name = names.find((candidate) => entries.some((entry) => entry.name === candidate));
  const matches = [...entries.filter((entry) => entry.name === name), ...nameless];
  const digests = new Set(matches.map((entry) => entry.sha256));
  const [digest] = digests;
  if (digest !== undefined && digests.size === 1) return digest;
  const found = digests.size === 0 ? "holds no SHA-256" : "holds different SHA-256 digests";
  throw new ModuleError(
    "verification",
    `checksum: ${origin} ${found} for ${names.join(" or ")}, expected a line of sha256sum for it ` +
      `(${entries.length} of its ${lines.length} lines are such lines)`,
  );
}

interface Entry {
  readonly sha256: string;
  readonly name: string;
}

function parseLine(line: string): Entry | undefined {
  const plain = /^\\?([0-9a-f]{64})(?:\s+\*?(.*))?$/i.exec(line.trim());
  const tagged = /^SHA256 \((.*)\) = ([0-9a-f]{64})$/i.exec(line.trim());
  const [sha256, name] = plain ? [plain[1], plain[2]] : [tagged?.[2], tagged?.[1]];
  if (sha256 === undefined) return undefined;
  return { sha256: sha256.toLowerCase(), name: (name ?? "").replace(/^.*\//, "") };
}

/** The SHA-256 of a file, in lower-case hexadecimal. Throws system errors. */
export async function sha256OfFile(path: string): Promise<string> {
  const { createHash } = await import("node:crypto"); // a run that refuses its options does without
  const hash = createHash("sha256");
  const handle = await open(path, "r");
  try {
    // One buffer for all reads: a stream of a new one for each costs half as much time again.
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
