// What can be told of a release file by looking at it, on a machine of any CPU and without ever
// running what it holds.

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

import { ModuleError } from "../../base/errors";
import { MK_DOCKER_OPTS } from "../../flannel/release-assets";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { type ArchiveMember, readMembers } from "../../host/archive";
import { tryReadElfHead } from "../../host/elf";
import { translateFileError } from "../../host/file-errors";
import { type Source } from "./source";
import { findFlaw } from "./verify";

interface Wanted extends Pick<Source, "arch" | "program" | "withScript"> {
  /** Undefined: not to be looked for, because the digest says which file it is. */
  readonly version: FlannelVersion | undefined;
}

/** Where linkers put the headers of a program. */
const HEAD_BYTES = 64 * 1024;

/**
 * Why the file cannot be the release that is wanted; undefined when nothing speaks against it: it is
 * whole, for this CPU, and has its version somewhere in it. Throws ModuleError when it cannot be read.
 */
export async function findReleaseFault(path: string, wanted: Wanted): Promise<string | undefined> {
  const head = await readHead(path).catch((error: unknown) => {
    throw translateFileError(path, "read", error);
  });
  const reason = rejectAsset(head, wanted.withScript);
  if (reason !== undefined) return reason;
  return isGzip(head)
    ? findArchiveFault(path, wanted)
    : findProgramFault(createReadStream(path), wanted);
}

async function readHead(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Why this cannot be a release file, by its first bytes. */
export function rejectAsset(head: Buffer, needsArchive: boolean): string | undefined {
  if (isGzip(head)) return undefined;
  if (head.toString("latin1", 0, 4) === "\x7fELF") {
    return needsArchive
      ? "is a bare binary, mk_docker_opts needs the tar.gz of the release"
      : undefined;
  }
  if (head.length === 0) return "is empty";
  const start = head
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart();
  if (isPage(start)) {
    return "is an HTML page, not the file (the login page of a proxy or mirror?)";
  }
  const shown = JSON.stringify(start.slice(0, 40)).replace(/[^ -~]/g, "?");
  return `is neither a program nor a tar.gz, it begins with ${shown}`;
}

/** Pages may begin with comments and declarations; both may be longer than what is looked at. */
function isPage(start: string): boolean {
  const rest = start.replace(/^(<!--.*?(-->|$)\s*|<\?xml.*?(\?>|$)\s*)+/is, "");
  return (
    (rest === "" && start !== "") || /^<(!doctype html|html|head|body|title|script)/i.test(rest)
  );
}

/** True for a file that begins as a tar.gz does. */
export function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

async function findArchiveFault(path: string, wanted: Wanted): Promise<string | undefined> {
  let fault: string | undefined;
  const members = new Map([
    [
      wanted.program.memberName(wanted.arch),
      async (member: ArchiveMember) => {
        fault = await findProgramFault(member.content(), wanted);
      },
    ],
  ]);
  if (wanted.withScript) members.set(MK_DOCKER_OPTS, () => Promise.resolve());
  try {
    await readMembers(path, members);
  } catch (error) {
    if (!(error instanceof ModuleError) || error.code !== "verification") throw error;
    return error.message.replace(`${path}: `, "");
  }
  return fault;
}

async function findProgramFault(
  content: AsyncIterable<Buffer>,
  { program, arch, version }: Wanted,
): Promise<string | undefined> {
  const search = version && program.holdsVersion ? new TextSearch(textOf(version)) : undefined;
  let head = Buffer.alloc(0);
  let sizeBytes = 0;
  for await (const part of content) {
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, part.subarray(0, HEAD_BYTES)]);
    sizeBytes += part.length;
    search?.pass(part);
  }
  const flaw = findFlaw(await tryReadElfHead(head), sizeBytes, arch, `arch asks for ${arch}`);
  if (flaw !== undefined || search === undefined || search.hasFound) return flaw;
  return `"${search.text}" is nowhere in it, so this is not ${program.title} of that version`;
}

/** What a program that tells this version has in it; with or without "v", and with any suffix. */
function textOf(version: FlannelVersion): string {
  return tagOf({ ...version, build: undefined }).slice(1);
}

/** Looks for a text in bytes that come in parts. */
class TextSearch {
  readonly #bytes: Buffer;
  #tail: Buffer = Buffer.alloc(0);
  #hasFound = false;

  constructor(readonly text: string) {
    this.#bytes = Buffer.from(text);
  }

  get hasFound(): boolean {
    return this.#hasFound;
  }

  pass(part: Buffer): void {
    if (this.#hasFound) return;
    const overlap = this.#bytes.length - 1;
    const seam = Buffer.concat([this.#tail, part.subarray(0, overlap)]);
    this.#hasFound = seam.includes(this.#bytes) || part.includes(this.#bytes);
    this.#tail = Buffer.concat([this.#tail, part.subarray(-overlap)]).subarray(-overlap);
  }
}
