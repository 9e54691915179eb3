// Digests of files, and the two ways to declare one: itself, or where a list has it.

import { type FileHandle } from "node:fs/promises";

import { ModuleError } from "../base/errors";
import { isRecord, tryParseJson } from "../base/json";
import { showAddress } from "./download/address";
import { openRegularFile } from "./regular-file";

export type Algorithm = "sha256" | "sha384" | "sha512";

export interface Digest {
  readonly algorithm: Algorithm;
  /** In lower-case hexadecimal. */
  readonly hex: string;
}

/** A declared checksum: the digest itself, or a URL (template) where a list of digests is. */
export type DeclaredChecksum =
  | { readonly kind: "digest"; readonly digest: Digest }
  | { readonly kind: "list"; readonly algorithm: Algorithm; readonly url: string };

const HEX_DIGITS: Readonly<Record<Algorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** "SHA-256" for `sha256`. */
export function nameOfAlgorithm(algorithm: Algorithm): string {
  return algorithm.replace("sha", "SHA-");
}

/** A digest as it is declared: "sha256:HEX". */
export function formatDigest({ algorithm, hex }: Digest): string {
  return `${algorithm}:${hex}`;
}

/** Reads `sha256:HEX` or `sha256:URL`, also with sha384 and sha512. Throws `invalid_arguments`. */
export function parseChecksum(text: string): DeclaredChecksum {
  const [, name = "", rest = ""] = /^([a-z0-9-]+):(.+)$/i.exec(text.trim()) ?? [];
  const algorithm = tryAlgorithm(name);
  const value = rest.trim();
  if (algorithm !== undefined) {
    if (isHex(value, algorithm)) {
      return { kind: "digest", digest: { algorithm, hex: value.toLowerCase() } };
    }
    if (/^(https?|file):\/\//.test(value)) return { kind: "list", algorithm, url: value };
  }
  throw new ModuleError("invalid_arguments", `checksum: ${whyNoChecksum(text, name, algorithm)}`);
}

function whyNoChecksum(text: string, name: string, algorithm: Algorithm | undefined): string {
  if (/^(md5|sha-?1)$/i.test(name)) {
    return `${name.toLowerCase()} can be forged, expected sha256, sha384 or sha512`;
  }
  const digits = HEX_DIGITS[algorithm ?? "sha256"];
  const shown =
    algorithm === undefined ? showAddress(text) : showAddress(text.trim().slice(name.length + 1));
  return (
    `"${shown}": expected ${algorithm ?? "sha256"}: followed by ${digits} hexadecimal digits ` +
    `or by the URL of a list in the format of ${algorithm ?? "sha256"}sum`
  );
}

function tryAlgorithm(name: string): Algorithm | undefined {
  return (["sha256", "sha384", "sha512"] as const).find((algorithm) => algorithm === name);
}

function isHex(text: string, algorithm: Algorithm): boolean {
  return text.length === HEX_DIGITS[algorithm] && /^[0-9a-f]+$/i.test(text);
}

/** In which list which file is looked for, and by which digest. */
export interface Lookup {
  /** The first that is in the list counts. */
  readonly names: readonly string[];
  readonly algorithm: Algorithm;
  /** The list, for people. */
  readonly origin: string;
}

/**
 * The digest of a file in the output of sha256sum (text, binary or `--tag` form) or in what the
 * release page of GitHub's API says of its files, under the first of `names` that is in it, or the
 * only digest of a list without names. Throws `verification` when the list does not answer.
 */
export function findChecksum(list: string, { names, algorithm, origin }: Lookup): string {
  const lines = list.split(/\r?\n/).filter((line) => line.trim() !== "");
  const entries = (
    tryReadReleasePage(list) ?? lines.map((line) => parseLine(line, algorithm))
  ).filter((entry) => entry !== undefined);
  const nameless = entries.length === 1 && entries[0]?.name === "" ? entries : [];
  const name = names.find((candidate) => entries.some((entry) => entry.name === candidate));
  const matches = [...entries.filter((entry) => entry.name === name), ...nameless];
  const digests = new Set(matches.map((entry) => entry.hex));
  const [digest] = digests;
  if (digest !== undefined && digests.size === 1 && isHex(digest, algorithm)) return digest;
  const which = nameOfAlgorithm(algorithm);
  const found = digests.size > 1 ? `contains different ${which} digests` : `contains no ${which}`;
  throw new ModuleError(
    "verification",
    `checksum: ${origin} ${found} for ${names.join(" or ")}, expected a line of ${algorithm}sum output for it ` +
      `(${entries.length} of its ${lines.length} lines are such lines)`,
  );
}

interface Entry {
  readonly hex: string;
  readonly name: string;
}

function parseLine(line: string, algorithm: Algorithm): Entry | undefined {
  const plain = /^\\?([0-9a-f]+)(?:\s+\*?(.*))?$/i.exec(line.trim());
  const tagged = /^(SHA\d+) \((.*)\) = ([0-9a-f]+)$/i.exec(line.trim());
  const [hex, name] = plain ? [plain[1], plain[2]] : [tagged?.[3], tagged?.[2]];
  const isOther = tagged?.[1] !== undefined && tagged[1].toLowerCase() !== algorithm;
  if (hex === undefined || isOther || !isHex(hex, algorithm)) return undefined;
  return { hex: hex.toLowerCase(), name: (name ?? "").replace(/^.*\//, "") };
}

/**
 * The SHA-256 of the files of a release by GitHub's API: `assets` with `name` and `digest`, which
 * those have that were uploaded since June 2025. Undefined: it is no such page.
 */
export function tryReadReleasePage(text: string): readonly Entry[] | undefined {
  const page = text.trimStart().startsWith("{") ? tryParseJson(text) : undefined;
  const assets = isRecord(page) ? page["assets"] : undefined;
  if (!Array.isArray(assets)) return undefined;
  return assets.filter(isRecord).flatMap(({ name, digest }) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(String(digest))?.[1];
    return typeof name === "string" && hex !== undefined ? [{ name, hex }] : [];
  });
}

/** The SHA-256 of a file, in lower-case hexadecimal. Throws ModuleError. */
export async function sha256OfFile(path: string): Promise<string> {
  return digestOfFile(path, "sha256");
}

/** The same by any of the algorithms. */
export async function digestOfFile(path: string, algorithm: Algorithm): Promise<string> {
  const { createHash } = await import("node:crypto"); // a run that refuses its options does without
  const hash = createHash(algorithm);
  const handle: FileHandle = await openRegularFile(path);
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
