// The file a transfer writes to. Counts and hashes on the way, looks at the first bytes, and can
// go on where an earlier attempt was cut.

import type * as crypto from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";

import { writeAt } from "../atomic-file";
import { translateFileError } from "../file-errors";

const HEAD_BYTES = 512;

export class Sink {
  #bytes = 0;
  #hashes: ReadonlyMap<string, crypto.Hash>;
  #head: Buffer = Buffer.alloc(0);
  #handle: FileHandle | undefined;

  readonly path: string;
  readonly #createHashes: () => ReadonlyMap<string, crypto.Hash>;

  private constructor(
    path: string,
    handle: FileHandle,
    createHashes: () => ReadonlyMap<string, crypto.Hash>,
  ) {
    this.path = path;
    this.#handle = handle;
    this.#createHashes = createHashes;
    this.#hashes = createHashes();
  }

  /** Creates the file, mode 0600, and counts these digests; throws ModuleError if there is one already. */
  static async create(path: string, algorithms: readonly string[]): Promise<Sink> {
    const { createHash } = await import("node:crypto"); // loaded by the first file only
    const names = new Set(algorithms);
    const createHashes = (): ReadonlyMap<string, crypto.Hash> =>
      new Map([...names].map((name) => [name, createHash(name)]));
    try {
      return new Sink(path, await open(path, "wx", 0o600), createHashes);
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
    // At explicit positions, because truncating does not move a file's offset back.
    await this.#use((handle) => writeAt(handle, chunk, this.#bytes));
    for (const hash of this.#hashes.values()) hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** Forgets what was written: the next attempt begins anew, also behind `seal`, with a new file. */
  async restart(): Promise<void> {
    if (this.#handle === undefined) await rm(this.path, { force: true });
    await this.#use((handle) => handle.truncate(0));
    this.#bytes = 0;
    this.#head = Buffer.alloc(0);
    this.#hashes = this.#createHashes();
  }

  /** The digest of what was written, by one of the algorithms that were asked for. */
  digest(algorithm: string): string {
    return this.#hashes.get(algorithm)?.copy().digest("hex") ?? "";
  }

  /** Makes the file durable, and closes it: what is open for writing cannot be run. */
  async seal(): Promise<void> {
    await this.#use((handle) => handle.sync());
    await this.close();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #use(action: (handle: FileHandle) => Promise<void>): Promise<void> {
    try {
      this.#handle ??= await open(this.path, "wx", 0o600);
      await action(this.#handle);
    } catch (error) {
      throw translateFileError(this.path, "write", error);
    }
  }
}
