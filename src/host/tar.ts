// The headers of a tar archive (POSIX ustar, and what GNU tar and Python write in its place).
// Defensive on purpose: whatever a release archive has no business to hold is an error, not a case.

export const BLOCK_BYTES = 512;

/** An archive that is damaged, or that holds what it must not. */
export class TarError extends Error {
  override readonly name = "TarError";
}

export interface TarEntry {
  /** Relative path without a leading "./"; "" for the archive's own root directory. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly type: "directory" | "file" | "metadata";
}

const TYPES: Readonly<Record<string, TarEntry["type"]>> = {
  "0": "file",
  "\0": "file",
  "5": "directory",
  g: "metadata",
  x: "metadata",
};

const REFUSED_TYPES: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "6": "a FIFO",
};

/** Reads one header block; undefined for the zero block that ends an archive. Throws TarError. */
export function parseTarHeader(block: Buffer): TarEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  checkSum(block);
  const prefix = isUstar(block) ? textAt(block, 345, 155) : "";
  const path = [prefix, textAt(block, 0, 100)].filter((part) => part !== "").join("/");
  const type = TYPES[block.toString("latin1", 156, 157)];
  if (type === undefined) throw new TarError(`${shown(path)} is ${describeType(block)}`);
  const sizeBytes = type === "directory" ? 0 : octalAt(block, 124, 12, "size");
  return { name: type === "metadata" ? path : safeName(path), sizeBytes, type };
}

/**
 * Looks through the records of an extended header. Those that would rename the next entry or
 * change its size are only needed for names and sizes that no release has, so they are refused.
 */
export function checkExtendedHeader(records: Buffer): void {
  const meddling = /(?:^|\n)\d+ (path|linkpath|size|GNU\.sparse[^=]*)=/.exec(
    records.toString("latin1"),
  );
  if (meddling !== null) throw new TarError(`an extended header overrides "${meddling[1] ?? ""}"`);
}

function isUstar(block: Buffer): boolean {
  // GNU's own format ("ustar  ") keeps other things where POSIX has the name's prefix.
  return block.toString("latin1", 257, 263) === "ustar\0";
}

function safeName(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/")) throw new TarError(`${shown(path)} is an absolute path`);
  if (parts.includes("..")) throw new TarError(`${shown(path)} points outside the archive`);
  return parts.join("/");
}

function describeType(block: Buffer): string {
  const flag = block.toString("latin1", 156, 157);
  return REFUSED_TYPES[flag] ?? `of the type ${shown(flag)}, which a release does not use`;
}

function checkSum(block: Buffer): void {
  const expected = octalAt(block, 148, 8, "checksum");
  let sum = 0;
  block.forEach((byte, index) => {
    sum += index >= 148 && index < 156 ? 0x20 : byte;
  });
  if (sum !== expected)
    throw new TarError("a header's checksum does not match: not tar, or damaged");
}

function octalAt(block: Buffer, offset: number, length: number, field: string): number {
  // A set high bit marks GNU's binary numbers, which are for files of more than 8 GiB.
  const text = block.toString("latin1", offset, offset + length).replace(/[\0 ]+$/, "");
  if (/^ *[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  throw new TarError(`a header's ${field} is not an octal number: not tar, or damaged`);
}

function textAt(block: Buffer, offset: number, length: number): string {
  return block.toString("utf8", offset, offset + length).replace(/\0.*$/s, "");
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
