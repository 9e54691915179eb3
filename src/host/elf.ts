// Reads as much of an ELF program as is needed to know for which CPU it is and whether it is whole.

import { type FileHandle, open } from "node:fs/promises";

const HEADER_BYTES = 64;
const EXECUTABLE = 2;
const SHARED_OBJECT = 3; // position independent programs are of this type
const SEGMENT_INTERPRETER = 3;

export interface ElfProgram {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** The dynamic loader the program asks for; undefined for a static one. */
  readonly interpreter: string | undefined;
  /** How long the file must be to hold everything its header speaks of. */
  readonly expectedBytes: number;
}

/** Bytes of a program: up to `length` of them at `offset`, fewer at the end. */
type ReadBytes = (offset: number, length: number) => Buffer | Promise<Buffer>;

/** Reads an ELF program; undefined when the file is something else. Throws system errors. */
export async function tryReadElf(path: string): Promise<ElfProgram | undefined> {
  const handle = await open(path, "r");
  try {
    return await tryParseElf((offset, length) => readAt(handle, offset, length));
  } finally {
    await handle.close();
  }
}

/** The same for a program of which only the beginning is at hand. */
export function tryReadElfHead(head: Buffer): Promise<ElfProgram | undefined> {
  return tryParseElf((offset, length) => head.subarray(offset, offset + length));
}

async function tryParseElf(readBytes: ReadBytes): Promise<ElfProgram | undefined> {
  const layout = tryParseHeader(await readBytes(0, HEADER_BYTES));
  if (layout === undefined) return undefined;
  const tableBytes = layout.tableCount * layout.tableStride;
  const segments = parseSegments(await readBytes(layout.tableOffset, tableBytes), layout);
  const interpreter = segments.find((segment) => segment.type === SEGMENT_INTERPRETER);
  return {
    machine: layout.machine,
    bits: layout.bits,
    littleEndian: layout.littleEndian,
    interpreter: interpreter && (await readText(readBytes, interpreter)),
    expectedBytes: Math.max(
      layout.sectionsEnd,
      layout.tableOffset + tableBytes,
      ...segments.map((segment) => segment.offset + segment.bytes),
    ),
  };
}

interface Layout {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly tableOffset: number;
  readonly tableStride: number;
  readonly tableCount: number;
  readonly sectionsEnd: number;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Field offsets: the ELF specification, figure 4-3, for both word sizes. */
function tryParseHeader(header: Buffer): Layout | undefined {
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, 4) !== "\x7fELF") {
    return undefined;
  }
  const bits = header[4] === 1 ? 32 : 64;
  const littleEndian = header[5] !== 2;
  const read = reader(header, littleEndian);
  const type = read(16, 2);
  if (type !== EXECUTABLE && type !== SHARED_OBJECT) return undefined;
  const tail = bits === 32 ? 42 : 54; // e_phentsize; e_phnum, e_shentsize and e_shnum follow
  const sections = bits === 32 ? read(32, 4) : read(40, 8);
  return {
    machine: read(18, 2),
    bits,
    littleEndian,
    tableOffset: bits === 32 ? read(28, 4) : read(32, 8),
    tableStride: read(tail, 2),
    tableCount: read(tail + 2, 2),
    sectionsEnd: sections + read(tail + 4, 2) * read(tail + 6, 2),
  };
}

function parseSegments(table: Buffer, layout: Layout): Segment[] {
  const { bits, tableStride: stride } = layout;
  if (stride < (bits === 32 ? 32 : 56)) return [];
  const read = reader(table, layout.littleEndian);
  const segments: Segment[] = [];
  for (let start = 0; start + stride <= table.length; start += stride) {
    segments.push({
      type: read(start, 4),
      offset: bits === 32 ? read(start + 4, 4) : read(start + 8, 8),
      bytes: bits === 32 ? read(start + 16, 4) : read(start + 32, 8),
    });
  }
  return segments;
}

type Read = (offset: number, size: 2 | 4 | 8) => number;

function reader(bytes: Buffer, littleEndian: boolean): Read {
  return (offset, size) => {
    if (size === 8) {
      const value = littleEndian ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);
      return Number(value);
    }
    return littleEndian ? bytes.readUIntLE(offset, size) : bytes.readUIntBE(offset, size);
  };
}

async function readText(readBytes: ReadBytes, segment: Segment): Promise<string> {
  const bytes = await readBytes(segment.offset, Math.min(segment.bytes, 4096));
  return bytes.toString("latin1").replace(/\0.*$/s, "");
}

/** Up to `length` bytes at `offset`; fewer at the end of the file, none at an absurd offset. */
async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(offset + length)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
