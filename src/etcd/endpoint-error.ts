// What one endpoint can do wrong, and how that is told.

import { type ErrorCode, ModuleError, messageOf, systemCodeOf } from "../base/errors";
import { type Endpoint } from "./endpoint";

/** Codes of ModuleError that one endpoint can cause, the most telling first. */
const TELLING: readonly ErrorCode[] = [
  "auth",
  "permission",
  "unsupported",
  "tls",
  "timeout",
  "network",
];

export interface EndpointErrorOptions {
  readonly code: ErrorCode;
  /** True where the same request may succeed in a moment (an election, a busy member). */
  readonly transient?: boolean;
  /** True where the request may have been carried out although no answer came. */
  readonly sent?: boolean;
  /** What to do about it, if it is the same for all endpoints; said once. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/** The failure of one attempt at one endpoint; others may do better. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";
  readonly code: ErrorCode;
  readonly transient: boolean;
  readonly sent: boolean;
  readonly advice: string | undefined;

  constructor(message: string, options: EndpointErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.transient = options.transient ?? false;
    this.sent = options.sent ?? false;
    this.advice = options.advice;
  }
}

/** A write of which nobody knows whether it was carried out; only reading can tell. */
export class LostAnswerError extends Error {
  override readonly name = "LostAnswerError";
}

export interface EndpointFailure {
  readonly endpoint: Endpoint;
  readonly error: EndpointError;
}

/** All endpoints failed: one line for each, under the code of the most telling failure. */
export function describeTotalFailure(failures: readonly EndpointFailure[]): ModuleError {
  const codes = failures.map(({ error }) => error.code);
  const code = TELLING.find((candidate) => codes.includes(candidate)) ?? "network";
  const lines = failures.map(({ endpoint, error }) => `${endpoint.url}: ${error.message}`);
  const advice = new Set(failures.flatMap(({ error }) => error.advice ?? []));
  const heading = `etcd: no endpoint could serve the request (${failures.length} tried):`;
  return new ModuleError(code, [heading, ...lines, ...advice].join("\n  "), {
    cause: failures.at(-1)?.error,
    result: {
      endpoint_errors: failures.map(({ endpoint, error }) => ({
        endpoint: endpoint.url,
        error_code: error.code,
        msg: error.message,
      })),
    },
  });
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly text: string;
}

const CERTIFICATE_REQUIRED: Rule = {
  pattern: /ALERT_(CERTIFICATE_REQUIRED|NO_CERTIFICATE|HANDSHAKE_FAILURE)/,
  code: "tls",
  text: "the server requires a client certificate, give cert_file and key_file",
};

const CERTIFICATE_REFUSED: Rule = {
  pattern: /ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_|UNSUPPORTED_CERT|ACCESS_DENIED|DECRYPT)/,
  code: "tls",
  text: "client certificate refused: it must be valid now, signed by the CA that etcd trusts, and allow clientAuth",
};

/** From the codes of Node.js and OpenSSL; the first match counts. */
const RULES: readonly Rule[] = [
  { pattern: /^ENOTFOUND/, code: "network", text: "DNS: no such host name" },
  {
    pattern: /^EAI_/,
    code: "network",
    text: "DNS: the host name cannot be resolved at the moment",
  },
  {
    pattern: /^ECONNREFUSED/,
    code: "network",
    text: "connection refused, nothing listens there (is etcd running?)",
  },
  {
    pattern: /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL)/,
    code: "network",
    text: "no route to this host",
  },
  { pattern: /^ETIMEDOUT/, code: "timeout", text: "timeout: no connection" },
  { pattern: /^CERT_HAS_EXPIRED/, code: "tls", text: "the server's certificate has expired" },
  {
    pattern: /^CERT_NOT_YET_VALID/,
    code: "tls",
    text: "the server's certificate is not valid yet (is this host's clock right?)",
  },
  {
    pattern: /^ERR_TLS_CERT_ALTNAME_INVALID/,
    code: "tls",
    text: "wrong host name: the server's certificate is for other names",
  },
  {
    pattern:
      /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    code: "tls",
    text: "unknown CA: the server's certificate was not signed by ca_file (or, without it, by a CA of the system)",
  },
  CERTIFICATE_REQUIRED,
  CERTIFICATE_REFUSED,
  {
    pattern: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE/,
    code: "tls",
    text: "not a TLS server, is it http:// instead of https://?",
  },
  { pattern: /^HPE_/, code: "network", text: "not etcd: the answer is not HTTP" },
  { pattern: /^(ERR_SSL|EPROTO)/, code: "tls", text: "the TLS handshake failed" },
  {
    pattern: /^(ECONNRESET|EPIPE|ECONNABORTED)/,
    code: "network",
    text: "the connection was cut",
  },
];

/** How far an attempt came. `sent`: the request may have reached the server. */
interface Progress {
  readonly sent: boolean;
  readonly secure: boolean;
  /** Whether the client has a certificate to show. */
  readonly certified: boolean;
}

/** A system, TLS or HTTP error of one attempt. */
export function translateNetworkError(error: unknown, progress: Progress): EndpointError {
  if (error instanceof EndpointError) return error;
  const { sent, secure, certified } = progress;
  const code = systemCodeOf(error) ?? "";
  if (code === "ECONNRESET" && secure && !sent) {
    return new EndpointError("cut during the TLS handshake, is it http:// instead of https://?", {
      code: "tls",
      cause: error,
    });
  }
  // OpenSSL's reason is in the code on newer Node.js and in the message on older ones.
  const text = `${code} ${messageOf(error).replace(/ /g, "_").toUpperCase()}`;
  const found = RULES.find(({ pattern }) => pattern.test(code) || matchesReason(pattern, text));
  // Go's TLS calls a missing certificate a bad one.
  const rule = found === CERTIFICATE_REFUSED && !certified ? CERTIFICATE_REQUIRED : found;
  const detail = rule === undefined || rule.text.includes("wrong host") ? messageOf(error) : code;
  const message = `${rule?.text ?? "cannot be reached"}${detail === "" ? "" : ` (${detail})`}`;
  return new EndpointError(message, {
    code: rule?.code ?? "network",
    cause: error,
    // A refused certificate or a failed handshake means that no request was read.
    sent: sent && rule?.code !== "tls",
  });
}

function matchesReason(pattern: RegExp, text: string): boolean {
  return !pattern.source.startsWith("^") && pattern.test(text);
}
