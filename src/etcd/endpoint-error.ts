// What one endpoint can do wrong, and how that is told.

import { type ErrorCode, ModuleError } from "../base/errors";
import { type FaultName, describeNetworkFault, explainNetworkError } from "../host/network-errors";
import { type Endpoint } from "./endpoint";

/** Codes of ModuleError that one endpoint can cause, the most telling first. */
const TELLING: readonly ErrorCode[] = [
  "auth",
  "permission",
  "unsupported",
  "refused",
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
  /** True where the server itself has said what is wrong: nothing that comes later says more. */
  readonly told?: boolean;
  /** True where something listens that does not speak HTTP. */
  readonly isForeign?: boolean;
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
  readonly told: boolean;
  readonly isForeign: boolean;
  readonly advice: string | undefined;

  constructor(message: string, options: EndpointErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.transient = options.transient ?? false;
    this.sent = options.sent ?? false;
    this.told = options.told ?? false;
    this.isForeign = options.isForeign ?? false;
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

/** What to do about it where the server is etcd. */
const ADVICE: Readonly<Partial<Record<FaultName, string>>> = {
  "client-certificate-refused":
    ": it must be valid now, signed by the CA that etcd trusts, and allow clientAuth",
  "client-certificate-required": ", give cert_file and key_file",
  "connection-refused": " (is etcd running?)",
  "handshake-refused": " (by cert_file and key_file)",
  "not-http": ", so this is not etcd",
};

/** How far an attempt came. `sent`: the request may have reached the server. */
export interface AttemptProgress {
  readonly sent: boolean;
  readonly secure: boolean;
  /** Whether the client has a certificate to show. */
  readonly certified: boolean;
  /** When that one expires. */
  readonly expiresAtMs?: number | undefined;
}

/** A system, TLS or HTTP error of one attempt. */
export function translateNetworkError(error: unknown, progress: AttemptProgress): EndpointError {
  if (error instanceof EndpointError) return error;
  const { sent, secure, certified, expiresAtMs } = progress;
  const fault = explainNetworkError(error, { certified, handshaking: secure && !sent });
  return new EndpointError(describeNetworkFault(fault, adviceFor(fault.name, expiresAtMs)), {
    code: fault.code,
    cause: error,
    // A refused certificate or a failed handshake means that no request was read.
    sent: sent && fault.code !== "tls",
    isForeign:
      (sent && ["not-http", "connection-cut"].includes(fault.name)) ||
      fault.detail.includes("NO_APPLICATION_PROTOCOL"),
  });
}

/** A certificate that was good when it was read may have expired since. */
function adviceFor(fault: FaultName, expiresAtMs = Number.POSITIVE_INFINITY): string | undefined {
  const isExpired = fault === "client-certificate-refused" && expiresAtMs < Date.now();
  return isExpired
    ? `: it expired on ${new Date(expiresAtMs).toISOString()}, renew it`
    : ADVICE[fault];
}
