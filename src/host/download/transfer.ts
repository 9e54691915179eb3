// One attempt to bring a file from an address to a sink: whole, or its rest behind what is there.

import { type FileHandle } from "node:fs/promises";
import { type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";

import { ModuleError, messageOf } from "../../base/errors";
import { openRegularFile } from "../regular-file";
import { TransferError } from "./failure";
import { type RequestSettings, requestUrl } from "./request";
import { type Known, tryContinue, tryRemember } from "./resume";
import { type Sink } from "./sink";

/** All attempts at one address. */
export interface Transfer {
  readonly url: URL;
  /** The address as the user knows it, without secrets. */
  readonly name: string;
  readonly sink: Sink;
  /** Why a file with these first bytes cannot be the one, or undefined. */
  readonly rejectHead: (head: Buffer) => string | undefined;
  readonly settings: RequestSettings & { readonly maxBytes: number };
  /** What the last attempt has told of the file, by which its rest can be asked for. */
  known: Known | undefined;
  /** What is there has come in several parts. */
  isJoined: boolean;
  /** Nothing but the end of the connection told that the file is whole. */
  isEndGuessed: boolean;
  /** How the server says to have packed the file, although it was asked not to. */
  encoding: string | undefined;
}

/** A transfer must bring this much in each `timeoutMs`, or it counts as stalled. */
const PROGRESS_BYTES = 32 * 1024;

/** Brings the file, or as much as there is of it. Throws ModuleError; the sink then has a part. */
export async function attemptTransfer(transfer: Transfer): Promise<void> {
  if (transfer.url.protocol === "file:") return copyLocal(transfer);
  for (;;) {
    const begun = transfer.sink.bytes;
    const totalBytes = await requestPart(transfer);
    const { bytes } = transfer.sink;
    // A server may give less than it was asked for (RFC 9110, 15.3.7); what it gives in crumbs is cut.
    if (totalBytes === undefined || bytes >= totalBytes || isHopeless(transfer)) return;
    if (bytes - begun < PROGRESS_BYTES) throw cut(transfer, totalBytes);
  }
}

async function copyLocal(transfer: Transfer): Promise<void> {
  await startOver(transfer);
  const handle = await openLocal(transfer);
  const { size } = await handle.stat();
  await drain(handle.createReadStream(), size, transfer);
}

async function openLocal(transfer: Transfer): Promise<FileHandle> {
  try {
    return await openRegularFile(fileURLToPath(transfer.url));
  } catch (error) {
    const message = describe(transfer, `cannot be read (${messageOf(error)})`);
    throw new TransferError("not_found", message, false, { cause: error });
  }
}

/** Asks for the file or its rest. Returns how long the whole file is, if that is known. */
async function requestPart(transfer: Transfer): Promise<number | undefined> {
  const { url, sink, settings, known } = transfer;
  const from = known === undefined ? 0 : sink.bytes;
  const range = from === 0 ? {} : { Range: `bytes=${from}-`, "If-Range": known?.validator ?? "" };
  const response = await requestUrl(url, settings, range, from === 0 ? [200] : [200, 206, 416]);
  const part =
    known && response.statusCode === 206 ? tryContinue(response.headers, known, from) : undefined;
  if (part !== undefined) {
    transfer.isJoined = true;
    await drain(response, part.to + 1, transfer, part.totalBytes ?? known?.totalBytes);
    return part.totalBytes ?? known?.totalBytes;
  }
  await startOver(transfer);
  if (from === 0 || response.statusCode === 200) return receiveWhole(response, transfer);
  response.destroy();
  throw new TransferError(
    "network",
    describe(transfer, "cannot resume where it was cut off"),
    true,
  );
}

/** Forgets what there is of the file. */
export async function startOver(transfer: Transfer): Promise<void> {
  transfer.known = undefined;
  transfer.isJoined = false;
  await transfer.sink.restart();
}

async function receiveWhole(
  response: IncomingMessage,
  transfer: Transfer,
): Promise<number | undefined> {
  const { "content-length": length, "content-encoding": encoding } = response.headers;
  const totalBytes = length === undefined ? undefined : Number(length);
  transfer.known = tryRemember(response.headers, totalBytes);
  transfer.encoding = encoding?.toLowerCase() === "identity" ? undefined : encoding;
  transfer.isEndGuessed =
    length === undefined && response.headers["transfer-encoding"] === undefined;
  await drain(response, totalBytes, transfer);
  return totalBytes;
}

async function drain(
  source: NodeJS.ReadableStream & { destroy(error?: Error): unknown },
  endsAtBytes: number | undefined,
  transfer: Transfer,
  totalBytes = endsAtBytes,
): Promise<void> {
  const { sink } = transfer;
  const watch = watchProgress(source, transfer, totalBytes);
  try {
    refuseSize(totalBytes ?? 0, transfer);
    for await (const chunk of source) {
      refuseSize(sink.bytes + chunk.length, transfer);
      await sink.write(chunk as Buffer);
      if (isHopeless(transfer)) return;
      watch.look();
    }
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw cut(transfer, totalBytes, error);
  } finally {
    watch.end();
    source.destroy();
  }
  if (endsAtBytes === undefined || sink.bytes === endsAtBytes) return;
  // What does not end where its Content-Range does, is a part of who knows what.
  if (sink.bytes > endsAtBytes) transfer.known = undefined;
  throw cut(transfer, totalBytes);
}

/** Ends a transfer that stalls, and one that takes longer than all of it may. */
function watchProgress(
  source: { destroy(error?: Error): unknown },
  transfer: Transfer,
  totalBytes: number | undefined,
): { look(): void; end(): void } {
  const { sink, settings } = transfer;
  const { timeoutMs, deadline } = settings;
  const giveUp = (reason: string, passing: boolean): void => {
    const message = describe(transfer, reason.replace("{}", progress(sink.bytes, totalBytes)));
    source.destroy(new TransferError("timeout", message, passing));
  };
  const stall = setTimeout(() => {
    giveUp(`stalled after {}: too little data within ${timeoutMs / 1000} s`, true);
  }, timeoutMs);
  const end = setTimeout(() => {
    giveUp(`{} when the deadline passed`, false);
  }, deadline.remainingMs());
  let mark = sink.bytes;
  return {
    look: () => {
      if (sink.bytes - mark < PROGRESS_BYTES) return;
      mark = sink.bytes;
      stall.refresh();
    },
    end: () => {
      clearTimeout(stall);
      clearTimeout(end);
    },
  };
}

function isHopeless({ sink, rejectHead }: Transfer): boolean {
  return sink.isHeadComplete && rejectHead(sink.head) !== undefined;
}

function refuseSize(bytes: number, transfer: Transfer): void {
  const { maxBytes } = transfer.settings;
  if (bytes <= maxBytes) return;
  const reason = `is larger than ${maxBytes} bytes, which no release of flannel is`;
  throw new TransferError("verification", describe(transfer, reason), false);
}

function cut(transfer: Transfer, totalBytes: number | undefined, cause?: unknown): TransferError {
  const reason = `was cut off after ${progress(transfer.sink.bytes, totalBytes)}`;
  return new TransferError("network", describe(transfer, reason), true, { cause });
}

function progress(bytes: number, totalBytes: number | undefined): string {
  return totalBytes === undefined ? `${bytes} bytes` : `${bytes} of ${totalBytes} bytes`;
}

/** A sentence about the file at an address. */
export function describe({ name }: Pick<Transfer, "name">, reason: string): string {
  return `${name}: ${reason}`;
}
