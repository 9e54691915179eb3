// Reads as much of an ELF program as is needed to know for which CPU it is and whether it is whole.

import { type FileHandle, open } from "node:fs/promises";

const HEADER_BYTES = 64;
const EXECUTABLE = 2;
const SHARED_OBJECT = 3; // position independent programs are of this type
const SEGMENT_LOADED = 1;
const SEGMENT_INTERPRETER = 3;

/** What Linux allows (fs/binfmt_elf.c, load_elf_phdrs and load_elf_binary). */
const MAX_TABLE_BYTES = 65_536;
const MAX_PATH_BYTES = 4096;

export interface ElfProgram {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** The dynamic loader the program asks for; undefined for a static one. */
  readonly interpreter: string | undefined;
  /** How long the file must be to hold everything its header speaks of. */
  readonly expectedBytes: number;
  /**
   * Why the kernel would not run it, if it would not: what it refuses Node.js hands to a shell, which
   * must never read a foreign file.
   */
  readonly refusal: string | undefined;
}

interface Program {
  /** Up to `length` bytes at `offset`, fewer at the end. */
  readonly read: (offset: number, length: number) => Buffer | Promise<Buffer>;
  /** False when there may be more than can be read. */
  readonly isWhole: boolean;
}

/** Reads an ELF program; undefined when the file is something else. Throws system errors. */
export async function tryReadElf(path: string): Promise<ElfProgram | undefined> {
  const handle = await open(path, "r");
  try {
    return await tryParseElf({
      read: (offset, length) => readAt(handle, offset, length),
      isWhole: true,
    });
  } finally {
    await handle.close();
  }
}

/** The same for a program of which only the beginning is at hand. */
export function tryReadElfHead(head: Buffer): Promise<ElfProgram | undefined> {
  return tryParseElf({
    read: (offset, length) => head.subarray(offset, offset + length),
    isWhole: false,
  });
}

async function tryParseElf(program: Program): Promise<ElfProgram | undefined> {
  const header = await program.read(0, HEADER_BYTES);
  const layout = tryParseHeader(header);
  if (layout === undefined) return undefined;
  const tableBytes = layout.tableCount * layout.tableStride;
  const flaw = layout.flaw ?? findTableFlaw(layout, tableBytes);
  const table = flaw === undefined ? await program.read(layout.tableOffset, tableBytes) : NONE;
  const segments = parseSegments(table, layout);
  const interpreter = await readInterpreter(segments, program);
  const isCut = program.isWhole && table.length < tableBytes;
  return {
    machine: layout.machine,
    bits: layout.bits,
    littleEndian: layout.littleEndian,
    interpreter: interpreter?.path,
    expectedBytes: Math.max(
      layout.sectionsEnd,
      layout.tableOffset + tableBytes,
      ...segments.map((segment) => segment.offset + segment.bytes),
    ),
    refusal:
      flaw ??
      (isCut ? "its program headers are truncated" : undefined) ??
      (table.length === tableBytes ? findSegmentFlaw(segments) : undefined) ??
      interpreter?.flaw,
  };
}

const NONE = Buffer.alloc(0);

interface Layout {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly tableOffset: number;
  readonly tableStride: number;
  readonly tableCount: number;
  readonly sectionsEnd: number;
  readonly flaw: string | undefined;
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
    flaw: findIdentityFlaw(header),
  };
}

/** EI_CLASS, EI_DATA and EI_VERSION: there are no other values. */
function findIdentityFlaw(header: Buffer): string | undefined {
  const isKnown = [1, 2].includes(header[4] ?? 0) && [1, 2].includes(header[5] ?? 0);
  return isKnown && header[6] === 1 ? undefined : "its ELF class, byte order or version is unknown";
}

/** Before anything is read: a damaged header can ask for gigabytes. */
function findTableFlaw(
  { bits, tableStride, tableCount }: Layout,
  tableBytes: number,
): string | undefined {
  const stride = bits === 32 ? 32 : 56;
  if (tableCount === 0) return "it has no program headers";
  if (tableStride !== stride) return `its program headers have ${tableStride} bytes, not ${stride}`;
  if (tableBytes <= MAX_TABLE_BYTES) return undefined;
  return `its program headers take ${tableBytes} bytes, more than ${MAX_TABLE_BYTES}`;
}

function findSegmentFlaw(segments: readonly Segment[]): string | undefined {
  const isLoaded = segments.some(({ type }) => type === SEGMENT_LOADED);
  return isLoaded ? undefined : "it has no segment to load";
}

function parseSegments(table: Buffer, layout: Layout): Segment[] {
  const { bits, tableStride: stride } = layout;
  const read = reader(table, layout.littleEndian);
  const segments: Segment[] = [];
  for (let start = 0; start + stride <= table.length && stride > 0; start += stride) {
    segments.push({
      type: read(start, 4),
      offset: bits === 32 ? read(start + 4, 4) : read(start + 8, 8),
      bytes: bits === 32 ? read(start + 16, 4) : read(start + 32, 8),
    });
  }
  return segments;
}

interface Interpreter {
  readonly path: string;
  readonly flaw: string | undefined;
}

/** The first PT_INTERP counts: a path with its NUL, of 2 to 4096 bytes. */
async function readInterpreter(
  segments: readonly Segment[],
  { read, isWhole }: Program,
): Promise<Interpreter | undefined> {
  const segment = segments.find(({ type }) => type === SEGMENT_INTERPRETER);
  if (segment === undefined) return undefined;
  const { offset, bytes } = segment;
  const text = await read(offset, Math.min(bytes, MAX_PATH_BYTES));
  const isCut = text.length < Math.min(bytes, MAX_PATH_BYTES);
  const isPath = bytes >= 2 && bytes <= MAX_PATH_BYTES && text.at(-1) === 0;
  const isFlaw = isCut ? isWhole : !isPath;
  return {
    path: text.toString("latin1").replace(/\0.*$/s, ""),
    flaw: isFlaw ? "the path of its loader is not valid" : undefined,
  };
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

/** Up to `length` bytes at `offset`; fewer at the end of the file, none at an absurd offset. */
async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(offset + length)) return Buffer.alloc(0);
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  return bytes.subarray(0, bytesRead);
}
