// SHA-256 of a small file, or of a text. Loading node:crypto takes 10 ms, so only those that ask for one do it.

import { readFileSync } from "node:fs";

import { translateFileError } from "./file-errors";

/** The SHA-256 of a text, in lower-case hexadecimal. */
export async function sha256Of(text: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(text).digest("hex");
}

/** The SHA-256 of a file that fits into memory many times, in lower-case hexadecimal. */
export async function digestOf(path: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch (error) {
    throw translateFileError(path, "read", error);
  }
}
