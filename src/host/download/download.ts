// Fetches a file: bounded, hashed on the way, tried again where that can help, from the first
// address that has it.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";

import { ModuleError } from "../../base/errors";
import { showUrl } from "./address";
import { TransferError, translateTransferError } from "./failure";
import { type RequestSettings, requestUrl } from "./request";
import { Sink } from "./sink";

export interface DownloadSettings extends RequestSettings {
  /** How often a failed transfer is tried again at the same address. */
  readonly retries: number;
  readonly maxBytes: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What the file must be; a file that is not is looked for at the next address. */
export interface WantedFile {
  readonly sha256: string | undefined;
  /** Why a file with these first bytes cannot be the one, or undefined. */
  readonly rejectHead: (head: Buffer) => string | undefined;
  /** The same for the file as a whole, once it is there. */
  readonly rejectFile?: () => Promise<string | undefined>;
}

export interface Download {
  /** The address that had it, without secrets. */
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The first bytes of the file. */
  readonly head: Buffer;
  /** Transfers that were begun, at all addresses. */
  readonly attempts: number;
}

/** A transfer must bring this much in each `timeoutMs`, or it counts as stalled. */
const PROGRESS_BYTES = 32 * 1024;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Downloads to `path`, which must not exist; durable when it returns. Throws a ModuleError that
 * names each address with its reason; the file may then be there, incomplete.
 */
export async function downloadFile(
  urls: readonly URL[],
  path: string,
  expected: WantedFile,
  settings: DownloadSettings,
): Promise<Download> {
  const sink = await Sink.create(path);
  const failures: TransferError[] = [];
  let attempts = 0;
  try {
    for (const url of urls) {
      const outcome = await tryAddress(url, sink, expected, settings);
      attempts += outcome.attempts;
      if (outcome.failure === undefined) {
        await sink.sync();
        const { bytes, head } = sink;
        return { source: showUrl(url), bytes, head, sha256: sink.digest(), attempts };
      }
      failures.push(outcome.failure);
    }
  } finally {
    await sink.close();
  }
  throw describeFailures(failures, attempts);
}

function describeFailures(failures: readonly TransferError[], attempts: number): ModuleError {
  const [first] = failures;
  const reasons = failures.map((failure) => failure.message);
  const tries = attempts > failures.length ? ` (${attempts} attempts)` : "";
  const all = failures.length === 1 ? "" : `none of ${failures.length} addresses has the file: `;
  return new ModuleError(
    first?.code ?? "not_found",
    `cannot download: ${all}${reasons.join("; ")}${tries}`,
    {
      cause: first,
      result: { attempts },
    },
  );
}

interface AddressOutcome {
  readonly attempts: number;
  readonly failure?: TransferError;
}

async function tryAddress(
  url: URL,
  sink: Sink,
  expected: WantedFile,
  settings: DownloadSettings,
): Promise<AddressOutcome> {
  const transfer: Transfer = { url, sink, expected, settings, validator: undefined };
  await sink.restart();
  for (let attempts = 1; ; attempts++) {
    try {
      await attemptTransfer(transfer);
      return { attempts };
    } catch (error) {
      const failure = translateTransferError(showUrl(url), error);
      // A full disk does not become emptier at another address.
      if (!(failure instanceof TransferError)) throw failure;
      if (!failure.retryable || attempts > settings.retries) return { attempts, failure };
      await settings.sleep(backoffMs(attempts, failure.retryAfterMs));
    }
  }
}

/** 0.5 s, 1 s, 2 s, ...; or what the server asked for. At most 30 s. */
export function backoffMs(attempt: number, askedMs: number | undefined): number {
  return Math.min(askedMs ?? FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
}

/** All attempts at one address. */
interface Transfer {
  readonly url: URL;
  readonly sink: Sink;
  readonly expected: WantedFile;
  readonly settings: DownloadSettings;
  /** By what the server knows that the file is still the one of the last attempt. */
  validator: string | undefined;
}

async function attemptTransfer(transfer: Transfer): Promise<void> {
  const { url } = transfer;
  if (url.protocol === "file:") await copyLocal(transfer);
  else await transferHttp(transfer);
  const fault = await findFault(transfer);
  if (fault !== undefined) throw new TransferError("verification", describe(url, fault), false);
}

async function findFault({ sink, expected }: Transfer): Promise<string | undefined> {
  const reason = expected.rejectHead(sink.head);
  if (reason !== undefined) return reason;
  const sha256 = sink.digest();
  if (expected.sha256 !== undefined && expected.sha256 !== sha256) {
    return `the SHA-256 of its ${sink.bytes} bytes is ${sha256}, declared is ${expected.sha256}`;
  }
  return expected.rejectFile?.();
}

async function copyLocal(transfer: Transfer): Promise<void> {
  const { url } = transfer;
  const path = fileURLToPath(url);
  try {
    const { size } = await stat(path);
    const source = createReadStream(path);
    await drain(source, size, transfer);
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw new TransferError("not_found", describe(url, "cannot be read"), false, { cause: error });
  }
}

async function transferHttp(transfer: Transfer): Promise<void> {
  const { url, sink, settings, validator } = transfer;
  const from = validator === undefined ? 0 : sink.bytes;
  const range = from === 0 ? {} : { Range: `bytes=${from}-`, "If-Range": validator ?? "" };
  const response = await requestUrl(url, settings, range, from === 0 ? [200] : [200, 206, 416]);
  const isContinued = from > 0 && response.statusCode === 206 && startsAt(response, from);
  if (!isContinued) await sink.restart();
  if (from > 0 && !isContinued && response.statusCode !== 200) {
    response.destroy();
    transfer.validator = undefined;
    throw new TransferError("network", describe(url, "cannot go on where it was cut"), true);
  }
  transfer.validator = validatorOf(response);
  const rest = response.headers["content-length"];
  const total = rest === undefined ? undefined : (isContinued ? from : 0) + Number(rest);
  await drain(response, total, transfer);
}

function startsAt(response: IncomingMessage, offset: number): boolean {
  return response.headers["content-range"]?.startsWith(`bytes ${offset}-`) === true;
}

/** Only a strong ETag or a date may guard a range (RFC 9110, section 13.1.5). */
function validatorOf(response: IncomingMessage): string | undefined {
  const { etag, "last-modified": date } = response.headers;
  if (response.headers["accept-ranges"] === "none") return undefined;
  return etag !== undefined && !etag.startsWith("W/") ? etag : date;
}

async function drain(
  source: NodeJS.ReadableStream & { destroy(error?: Error): unknown },
  totalBytes: number | undefined,
  { url, sink, expected, settings }: Transfer,
): Promise<void> {
  const { timeoutMs, maxBytes } = settings;
  const seconds = timeoutMs / 1000;
  const refuseSize = (bytes: number): void => {
    if (bytes <= maxBytes) return;
    const reason = `is larger than ${maxBytes} bytes, no release of flannel is`;
    throw new TransferError("verification", describe(url, reason), false);
  };
  const stalled = (): TransferError => {
    const reason = `stalled after ${progress(sink.bytes, totalBytes)}, too little in ${seconds} s`;
    return new TransferError("timeout", describe(url, reason), true);
  };
  const timer = setTimeout(() => source.destroy(stalled()), timeoutMs);
  try {
    refuseSize(totalBytes ?? 0);
    let mark = sink.bytes;
    for await (const chunk of source) {
      refuseSize(sink.bytes + chunk.length);
      await sink.write(chunk as Buffer);
      if (sink.isHeadComplete && expected.rejectHead(sink.head) !== undefined) return;
      if (sink.bytes - mark < PROGRESS_BYTES) continue;
      mark = sink.bytes;
      timer.refresh();
    }
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    const reason = `was cut after ${progress(sink.bytes, totalBytes)}`;
    throw new TransferError("network", describe(url, reason), true, { cause: error });
  } finally {
    clearTimeout(timer);
    source.destroy();
  }
}

function progress(bytes: number, totalBytes: number | undefined): string {
  return totalBytes === undefined ? `${bytes} bytes` : `${bytes} of ${totalBytes} bytes`;
}

function describe(url: URL, reason: string): string {
  return `${showUrl(url)}: ${reason}`;
}
