// Fetches a file: bounded, hashed on the way, tried again where that can help, from the first
// address that has the right one.

import { ModuleError } from "../../base/errors";
import { Deadline } from "../deadline";
import { type Digest, nameOfAlgorithm } from "../checksum";
import { showUrl } from "./address";
import { TransferError, translateTransferError } from "./failure";
import { type RequestSettings } from "./request";
import { Sink } from "./sink";
import { type Transfer, attemptTransfer, describe, startOver } from "./transfer";

export interface DownloadSettings extends Omit<RequestSettings, "deadline"> {
  /** How often a failed transfer is tried again at the same address. */
  readonly retries: number;
  /** How long all of it may take: every address, every attempt. */
  readonly deadlineMs: number;
  readonly maxBytes: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Where a file may be. */
export interface Address {
  readonly url: URL;
  /** What the user calls it, without secrets; the URL unless given. */
  readonly name?: string;
}

/** What the file must be; a file that is not is looked for at the next address. */
export interface WantedFile {
  readonly digest: Digest | undefined;
  /** Why a file with these first bytes cannot be the one, or undefined. */
  readonly rejectHead: (head: Buffer) => string | undefined;
  /** Looks at the file as a whole. Throws `verification` for a wrong one; all else ends the search. */
  readonly check?: (download: Download) => Promise<void>;
}

export interface Download {
  readonly path: string;
  /** The address that had it, without secrets. */
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The first bytes of the file. */
  readonly head: Buffer;
  /** Transfers that were begun, at all addresses. */
  readonly attempts: number;
}

type Settings = DownloadSettings & RequestSettings;

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Downloads to `path`, which must not exist; durable when it returns. Throws a ModuleError that
 * names each address with its reason; the file may then be there, incomplete.
 */
export async function downloadFile(
  addresses: readonly Address[],
  path: string,
  wanted: WantedFile,
  settings: DownloadSettings,
): Promise<Download> {
  const timed = { ...settings, deadline: new Deadline(settings.deadlineMs) };
  const sink = await Sink.create(path, ["sha256", wanted.digest?.algorithm ?? "sha256"]);
  const failures: TransferError[] = [];
  let attempts = 0;
  try {
    for (const address of addresses) {
      const outcome = await tryAddress(address, sink, wanted, timed, attempts);
      if (outcome.download !== undefined) return outcome.download;
      attempts = outcome.attempts;
      failures.push(outcome.failure);
      if (timed.deadline.remainingMs() === 0) break;
    }
  } finally {
    await sink.close();
  }
  throw describeFailures(failures, addresses, attempts, timed);
}

function describeFailures(
  failures: readonly TransferError[],
  addresses: readonly Address[],
  attempts: number,
  { deadline, deadlineMs }: Settings,
): ModuleError {
  const [first] = failures;
  const isLocal = addresses.every(({ url }) => url.protocol === "file:");
  const what = isLocal ? "cannot take the file" : "cannot download";
  const reasons = failures.map((failure) => failure.message);
  const tries = attempts > failures.length ? ` (${attempts} attempts)` : "";
  const all = failures.length === 1 ? "" : `none of ${failures.length} addresses has the file: `;
  const over =
    deadline.remainingMs() === 0 ? `; gave up at the deadline of ${deadlineMs / 1000} s` : "";
  return new ModuleError(
    first?.code ?? "not_found",
    `${what}: ${all}${reasons.join("; ")}${tries}${over}`,
    { cause: first, result: { attempts } },
  );
}

type AddressOutcome =
  | { readonly download: Download }
  | { readonly download?: undefined; readonly attempts: number; readonly failure: TransferError };

async function tryAddress(
  { url, name = showUrl(url) }: Address,
  sink: Sink,
  wanted: WantedFile,
  settings: Settings,
  attemptsBefore: number,
): Promise<AddressOutcome> {
  const { rejectHead } = wanted;
  const transfer: Transfer = {
    ...{ url, name, sink, rejectHead, settings, known: undefined },
    ...{ isJoined: false, isEndGuessed: false, encoding: undefined },
  };
  await startOver(transfer);
  let retries = 0;
  let isLastChance = false;
  for (let attempts = attemptsBefore + 1; ; attempts++) {
    try {
      await attemptTransfer(transfer);
      return { download: await accept(transfer, wanted, attempts) };
    } catch (error) {
      const failure = translateTransferError(name, error);
      // A full disk does not become emptier at another address.
      if (!(failure instanceof TransferError)) throw failure;
      // Parts that do not fit are of two files after all: the whole file has one chance more.
      const mayHaveMixed = failure.code === "verification" && transfer.isJoined && !isLastChance;
      if (mayHaveMixed) isLastChance = true;
      else if (!failure.retryable || ++retries > settings.retries) return { attempts, failure };
      if (failure.code === "verification") await startOver(transfer);
      if (mayHaveMixed) continue;
      const waitMs = backoffMs(retries, failure.retryAfterMs);
      if (waitMs >= settings.deadline.remainingMs()) return { attempts, failure };
      await settings.sleep(waitMs);
    }
  }
}

/** 0.5 s, 1 s, 2 s, ... at most 30 s; or what the server asked for. */
export function backoffMs(attempt: number, askedMs: number | undefined): number {
  return askedMs ?? Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS);
}

/** Takes the file that has come, if it is the one. Throws `verification` otherwise. */
async function accept(transfer: Transfer, wanted: WantedFile, attempts: number): Promise<Download> {
  const { sink, name } = transfer;
  const nonsense = wanted.rejectHead(sink.head);
  if (nonsense !== undefined) throw refuse(transfer, describe(transfer, nonsense), false);
  refuseOtherDigest(transfer, wanted);
  await sink.seal();
  const { bytes, head, path } = sink;
  const download = { path, source: name, bytes, head, sha256: sink.digest("sha256"), attempts };
  await wanted.check?.(download).catch((error: unknown) => {
    if (!(error instanceof ModuleError) || error.code !== "verification") throw error;
    throw refuse(transfer, error.message, transfer.isEndGuessed, error);
  });
  return download;
}

function refuseOtherDigest(transfer: Transfer, { digest }: WantedFile): void {
  const { sink } = transfer;
  if (digest === undefined) return;
  const actual = sink.digest(digest.algorithm);
  if (actual === digest.hex) return;
  const which = `the ${nameOfAlgorithm(digest.algorithm)} of its ${sink.bytes} bytes`;
  const fault = describe(transfer, `${which} is ${actual}, expected ${digest.hex}`);
  throw refuse(transfer, fault, transfer.isEndGuessed);
}

function refuse(
  { encoding }: Transfer,
  message: string,
  retryable: boolean,
  cause?: unknown,
): TransferError {
  const packed =
    encoding === undefined ? "" : ` (the server compressed it: Content-Encoding: ${encoding})`;
  return new TransferError("verification", `${message}${packed}`, retryable, { cause });
}
