// Why a transfer failed, whether trying again can help, and what to tell the user.

import { type ErrorCode, ModuleError } from "../../base/errors";
import {
  type FaultName,
  type Progress,
  describeNetworkFault,
  explainNetworkError,
} from "../network-errors";

/** A failed transfer. `retryAfterMs` is what the server asked for, if it did. */
export class TransferError extends ModuleError {
  override readonly name = "TransferError";

  constructor(
    code: ErrorCode,
    message: string,
    readonly retryable: boolean,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }

  readonly retryAfterMs: number | undefined;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryable: boolean;
}

/** What to do about it where a file is fetched. */
const ADVICE: Readonly<Partial<Record<FaultName, string>>> = {
  "client-certificate-required": ", name it in client_cert and client_key",
};

/** Any error of a transfer as a TransferError that names the address. */
export function translateTransferError(
  address: string,
  error: unknown,
  progress: Progress = {},
): ModuleError {
  if (error instanceof ModuleError) return error;
  const fault = explainNetworkError(error, progress);
  const reason = describeNetworkFault(fault, ADVICE[fault.name]);
  return new TransferError(fault.code, `${address}: ${reason}`, fault.passing, { cause: error });
}

/** An answer other than the file, as a TransferError that says what to do. */
export function describeStatus(
  address: string,
  status: number,
  retryAfter: string | undefined,
): TransferError {
  const meaning = meaningOfStatus(status);
  const retryAfterMs = tryRetryAfter(retryAfter, Date.now());
  return new TransferError(
    meaning.code,
    `${address}: HTTP ${status}: ${meaning.reason}`,
    meaning.retryable,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  );
}

/** How long a server asks to wait: in seconds, or until a date (RFC 9110, 10.2.3). */
function tryRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const untilMs = Date.parse(value);
  // Without a letter it would be some number that Date.parse takes for a year.
  return /[a-z]/i.test(value) && Number.isFinite(untilMs)
    ? Math.max(0, untilMs - nowMs)
    : undefined;
}

const busy = (reason: string): Meaning => ({ code: "network", reason, retryable: true });

const STATUSES: Readonly<Record<number, Meaning>> = {
  401: {
    code: "auth",
    reason: "the server wants credentials, give them in headers or in the URL",
    retryable: false,
  },
  403: {
    code: "refused",
    reason: "the server refused, check the credentials and what your proxy lets through",
    retryable: false,
  },
  404: {
    code: "not_found",
    reason: "there is no such file, check version, arch and the URL",
    retryable: false,
  },
  407: {
    code: "auth",
    reason: "the proxy wants credentials, give them in the proxy's URL",
    retryable: false,
  },
  408: busy("the server gave up waiting"),
  410: { code: "not_found", reason: "the file is gone for good", retryable: false },
  429: busy("the server gets too many requests"),
};

function meaningOfStatus(status: number): Meaning {
  const known = STATUSES[status];
  if (known !== undefined) return known;
  if (status >= 500) return busy("the server had an internal error");
  return { code: "refused", reason: "the server did not serve the file", retryable: false };
}
