// The file a transfer writes to. Counts and hashes on the way, looks at the first bytes, and can
// go on where an earlier attempt was cut.

import type * as crypto from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

import { writeAt } from "../atomic-file";
import { translateFileError } from "../file-errors";

const HEAD_BYTES = 512;

export class Sink {
  #bytes = 0;
  #hash: crypto.Hash;
  #head: Buffer = Buffer.alloc(0);

  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #createHash: () => crypto.Hash;

  private constructor(path: string, handle: FileHandle, createHash: () => crypto.Hash) {
    this.#path = path;
    this.#handle = handle;
    this.#createHash = createHash;
    this.#hash = createHash();
  }

  /** Creates the file, mode 0600; throws ModuleError if there is one already. */
  static async create(path: string): Promise<Sink> {
    const { createHash } = await import("node:crypto"); // loaded by the first file only
    try {
      return new Sink(path, await open(path, "wx", 0o600), () => createHash("sha256"));
    } catch (error) {
      throw translateFileError(path, "write", error);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first bytes of the file, by which its kind is known. */
  get head(): Buffer {
    return this.#head;
  }

  /** True once `head` will not grow any more, except by the end of the file. */
  get isHeadComplete(): boolean {
    return this.#head.length === HEAD_BYTES;
  }

  async write(chunk: Buffer): Promise<void> {
    if (!this.isHeadComplete) {
      this.#head = Buffer.concat([this.#head, chunk]).subarray(0, HEAD_BYTES);
    }
    try {
      // At explicit positions, because truncating does not move a file's offset back.
      await writeAt(this.#handle, chunk, this.#bytes);
    } catch (error) {
      throw translateFileError(this.#path, "write", error);
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Forgets what was written: the next attempt begins anew. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#bytes = 0;
    this.#head = Buffer.alloc(0);
    this.#hash = this.#createHash();
  }

  /** The SHA-256 of what was written. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Makes the file durable. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (error) {
      throw translateFileError(this.#path, "write", error);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
