// Takes single files out of a tar.gz, into places of the caller's choosing and nowhere else.

import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { type Gunzip } from "node:zlib";

import { ModuleError, messageOf, systemCodeOf } from "../base/errors";
import { writeAt } from "./atomic-file";
import { translateFileError } from "./file-errors";
import { BLOCK_BYTES, type TarEntry, TarError, checkExtendedHeader, parseTarHeader } from "./tar";

export interface ArchiveLimits {
  /** Bytes the archive may have when unpacked. */
  readonly maxBytes: number;
  /** How many times larger than the archive they may be (programs reach about 4). */
  readonly maxRatio: number;
}

const ARCHIVE_LIMITS: ArchiveLimits = { maxBytes: 512 * 1024 * 1024, maxRatio: 100 };

/** Node's default of 16 KiB makes four times as many writes of a 50 MB program. */
const CHUNK_BYTES = 256 * 1024;
const MAX_METADATA_BYTES = 64 * 1024;

/** A file in an archive. */
export interface ArchiveMember {
  readonly sizeBytes: number;
  /** Its bytes, once; whoever does not need all of them may stop. */
  content(): AsyncIterable<Buffer>;
}

/** What is done with a wanted file when its turn comes. */
export type MemberReader = (member: ArchiveMember) => Promise<void>;

/**
 * Writes the wanted members of the archive to their destinations (which must not exist), mode
 * 0600. Throws ModuleError: `verification` as `readMembers` does, `host` when the disk fails.
 */
export async function extractFiles(
  archive: string,
  wanted: ReadonlyMap<string, string>,
  limits = ARCHIVE_LIMITS,
): Promise<void> {
  const writers = [...wanted].map(
    ([name, path]) => [name, (member: ArchiveMember) => writeMember(member, path)] as const,
  );
  await readMembers(archive, new Map(writers), limits);
}

/**
 * Hands each wanted member of the archive to its reader, in the order of the archive. Every entry
 * is checked, wanted or not. Throws ModuleError `verification` for an archive that is damaged,
 * hostile or lacks a wanted file.
 */
export async function readMembers(
  archive: string,
  wanted: ReadonlyMap<string, MemberReader>,
  limits = ARCHIVE_LIMITS,
): Promise<void> {
  const missing = new Set(wanted.keys());
  const { createGunzip } = await import("node:zlib");
  const input = new BlockReader(
    archive,
    createGunzip({ chunkSize: CHUNK_BYTES }),
    await unpackedLimit(archive, limits),
  );
  try {
    for (let entry = await nextEntry(input); entry !== undefined; entry = await nextEntry(input)) {
      const reader = wanted.get(entry.name);
      if (reader === undefined) await skipEntry(input, entry);
      else if (entry.type !== "file") throw new TarError(`"${entry.name}" is a directory`);
      else if (!missing.delete(entry.name)) throw new TarError(`it contains "${entry.name}" twice`);
      else await readEntry(input, entry, reader);
    }
    await input.drain();
  } catch (error) {
    throw translateArchiveError(archive, error);
  } finally {
    input.destroy();
  }
  if (missing.size > 0) {
    throw new ModuleError(
      "verification",
      `${archive}: contains no ${[...missing].join(" and no ")}`,
    );
  }
}

async function unpackedLimit(archive: string, limits: ArchiveLimits): Promise<number> {
  const { size } = await stat(archive);
  // Small archives of a few zero-filled blocks compress well without being a trap.
  return Math.min(limits.maxBytes, Math.max(size * limits.maxRatio, 1024 * 1024));
}

async function nextEntry(input: BlockReader): Promise<TarEntry | undefined> {
  return parseTarHeader(await input.read(BLOCK_BYTES));
}

async function skipEntry(input: BlockReader, entry: TarEntry): Promise<void> {
  if (entry.type === "metadata") {
    if (entry.sizeBytes > MAX_METADATA_BYTES) throw new TarError("an extended header is too large");
    checkExtendedHeader(await input.read(entry.sizeBytes));
  } else {
    await input.skip(entry.sizeBytes);
  }
  await input.skip(paddingOf(entry));
}

async function readEntry(input: BlockReader, entry: TarEntry, reader: MemberReader): Promise<void> {
  let left = entry.sizeBytes;
  async function* content(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const part = await input.readSome(left);
      left -= part.length;
      yield part;
    }
  }
  await reader({ sizeBytes: entry.sizeBytes, content });
  await input.skip(left + paddingOf(entry));
}

/** Only what the disk refuses is its fault; an archive that cannot be read is not. */
async function writeMember(member: ArchiveMember, path: string): Promise<void> {
  const refuse = (error: unknown): never => {
    throw translateFileError(path, "write", error);
  };
  const handle = await open(path, "wx", 0o600).catch(refuse);
  try {
    let done = 0;
    for await (const part of member.content()) {
      await writeAt(handle, part, done).catch(refuse);
      done += part.length;
    }
    await handle.sync().catch(refuse);
  } finally {
    await handle.close();
  }
}

function paddingOf(entry: TarEntry): number {
  return (BLOCK_BYTES - (entry.sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function translateArchiveError(archive: string, error: unknown): ModuleError {
  if (error instanceof ModuleError) return error;
  const code = systemCodeOf(error) ?? "";
  if (!(error instanceof TarError) && !code.startsWith("Z_")) {
    return translateFileError(archive, "read", error);
  }
  const reason = code === "" ? messageOf(error) : `its compressed data is damaged (${code})`;
  return new ModuleError(
    "verification",
    `${archive}: not an archive that this module can unpack: ${reason}; nothing was installed`,
    { cause: error },
  );
}

/** Hands out the unpacked bytes of a tar.gz in the amounts asked for, never more than the limit. */
class BlockReader {
  readonly #file;
  readonly #gunzip: Gunzip;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #limitBytes: number;
  #totalBytes = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string, gunzip: Gunzip, limitBytes: number) {
    this.#gunzip = gunzip;
    this.#limitBytes = limitBytes;
    this.#file = createReadStream(path);
    this.#file.on("error", (error) => this.#gunzip.destroy(error));
    this.#chunks = (this.#file.pipe(this.#gunzip) as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async read(length: number): Promise<Buffer> {
    while (this.#rest.length < length) {
      this.#rest = Buffer.concat([this.#rest, await this.#next()]);
    }
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  /** At least one byte and at most `length`: what is there already. */
  async readSome(length: number): Promise<Buffer> {
    if (this.#rest.length === 0) this.#rest = await this.#next();
    const part = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  async skip(length: number): Promise<void> {
    let left = length;
    while (left > 0) left -= (await this.readSome(left)).length;
  }

  /** Reads what follows the end mark, so that gzip's own checksum of the whole is compared. */
  async drain(): Promise<void> {
    while ((await this.#tryNext()) !== undefined);
  }

  destroy(): void {
    this.#file.destroy();
    this.#gunzip.destroy();
  }

  async #next(): Promise<Buffer> {
    const chunk = await this.#tryNext();
    if (chunk === undefined) throw new TarError("it ends in the middle of an entry");
    return chunk;
  }

  async #tryNext(): Promise<Buffer | undefined> {
    const next = await this.#chunks.next();
    if (next.done === true) return undefined;
    this.#totalBytes += next.value.length;
    if (this.#totalBytes <= this.#limitBytes) return next.value;
    throw new TarError(`it unpacks to more than ${this.#limitBytes} bytes, which no release does`);
  }
}
