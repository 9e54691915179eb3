// Why a transfer failed, whether trying again can help, and what to tell the user.

import { type ErrorCode, ModuleError, messageOf, systemCodeOf } from "../../base/errors";

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

const trust = (reason: string): Meaning => ({
  code: "tls",
  reason: `its certificate ${reason}; name the CA that signed it in ca_file`,
  retryable: false,
});
const network = (reason: string): Meaning => ({ code: "network", reason, retryable: true });

/** Node's system, resolver and OpenSSL codes, in the user's words. */
const SYSTEM_ERRORS: Readonly<Record<string, Meaning>> = {
  CERT_HAS_EXPIRED: { code: "tls", reason: "its certificate has expired", retryable: false },
  CERT_NOT_YET_VALID: {
    code: "tls",
    reason: "its certificate is not valid yet, check this host's clock",
    retryable: false,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: trust("is self-signed"),
  EAI_AGAIN: network("its name cannot be resolved right now, check the host's DNS"),
  ECONNREFUSED: network("connection refused, nothing listens there"),
  ECONNRESET: network("the connection was cut"),
  EHOSTUNREACH: network("no route to the host"),
  ENETUNREACH: network("the network is unreachable"),
  ENOTFOUND: { code: "network", reason: "its name does not exist in DNS", retryable: false },
  EPIPE: network("the connection was cut"),
  EPROTO: { code: "tls", reason: "it does not speak TLS on that port", retryable: false },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "tls",
    reason: "its certificate is for another name",
    retryable: false,
  },
  ETIMEDOUT: network("it does not answer"),
  SELF_SIGNED_CERT_IN_CHAIN: trust("is signed by an unknown CA"),
  UNABLE_TO_GET_ISSUER_CERT: trust("is signed by an unknown CA"),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: trust("is signed by an unknown CA"),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: trust("is signed by an unknown CA"),
};

/** Any error of a transfer as a TransferError that names the address. */
export function translateTransferError(address: string, error: unknown): ModuleError {
  if (error instanceof ModuleError) return error;
  const code = innermostCode(error) ?? "";
  const meaning = SYSTEM_ERRORS[code] ?? fallbackMeaning(code, error);
  const { retryable } = meaning;
  return new TransferError(meaning.code, `${address}: ${meaning.reason}`, retryable, {
    cause: error,
  });
}

function fallbackMeaning(code: string, error: unknown): Meaning {
  if (code.startsWith("ERR_SSL")) {
    return { code: "tls", reason: `TLS failed: ${messageOf(error)}`, retryable: false };
  }
  const garbled = code.startsWith("HPE_");
  return network(garbled ? `its answer is not HTTP (${code})` : messageOf(error));
}

/** When all addresses of a name fail, Node wraps their errors in one AggregateError. */
function innermostCode(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return systemCodeOf(error.errors[0]);
  }
  return systemCodeOf(error);
}

/** An answer other than the file, as a TransferError that says what to do. */
export function describeStatus(
  address: string,
  status: number,
  retryAfter: string | undefined,
): TransferError {
  const meaning = meaningOfStatus(status);
  const retryAfterMs = retryAfter !== undefined && /^\d+$/.test(retryAfter);
  return new TransferError(
    meaning.code,
    `${address}: HTTP ${status}: ${meaning.reason}`,
    meaning.retryable,
    retryAfterMs ? { retryAfterMs: Number(retryAfter) * 1000 } : {},
  );
}

const STATUSES: Readonly<Record<number, Meaning>> = {
  401: {
    code: "auth",
    reason: "the server wants credentials, give them in headers or in the URL",
    retryable: false,
  },
  403: {
    code: "refused",
    reason: "the server refuses, check the credentials and what your proxy lets pass",
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
  408: network("the server gave up waiting"),
  410: { code: "not_found", reason: "the file is gone for good", retryable: false },
  429: network("the server is asked too often"),
};

function meaningOfStatus(status: number): Meaning {
  const known = STATUSES[status];
  if (known !== undefined) return known;
  if (status >= 500) return network("the server has a fault of its own");
  return { code: "refused", reason: "the server does not give the file", retryable: false };
}
