// The codes of Node.js, its resolver and OpenSSL in words. Whoever talks to a server uses this
// table, so that the same fault has the same words everywhere; what to do about it may be added.

import { type ErrorCode, messageOf, systemCodeOf } from "../base/errors";
import { ConnectError, type ConnectStep } from "./connection/connect-error";

export type FaultName =
  | "certificate-expired"
  | "certificate-misused"
  | "certificate-not-yet-valid"
  | "client-certificate-refused"
  | "client-certificate-required"
  | "connection-cut"
  | "connection-refused"
  | "handshake-cut"
  | "handshake-failed"
  | "handshake-refused"
  | "name-unknown"
  | "name-unresolved"
  | "no-answer"
  | "no-route"
  | "not-http"
  | "not-tls"
  | "other"
  | "resolver-silent"
  | "unknown-ca"
  | "wrong-host-name";

export interface NetworkFault {
  readonly name: FaultName;
  readonly code: ErrorCode;
  readonly words: string;
  /** The code, or what the system said, for whoever looks further; may be empty. */
  readonly detail: string;
  /** True if it may be over in a moment. */
  readonly passing: boolean;
}

type Rule = Omit<NetworkFault, "detail"> & {
  /** Looked for in the code, and where it is not bound to its start, in the message as well. */
  readonly pattern: RegExp;
};

/** The first match counts. */
const RULES: readonly Rule[] = [
  {
    name: "name-unknown",
    pattern: /^(ENOTFOUND|ENODATA)/,
    code: "network",
    words: "DNS: no such host name",
    passing: false,
  },
  {
    name: "name-unresolved",
    pattern: /^(EAI_|ESERVFAIL|EREFUSED)/,
    code: "network",
    words: "DNS: the host name cannot be resolved at the moment (is this host's resolver up?)",
    passing: true,
  },
  {
    name: "connection-refused",
    pattern: /^ECONNREFUSED/,
    code: "network",
    words: "connection refused, nothing is listening there",
    passing: true,
  },
  {
    name: "no-route",
    pattern: /^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN|EADDRNOTAVAIL)/,
    code: "network",
    words: "no route to this host",
    passing: true,
  },
  {
    name: "no-answer",
    pattern: /^ETIMEDOUT/,
    code: "timeout",
    words: "timeout: no connection",
    passing: true,
  },
  {
    name: "certificate-expired",
    pattern: /^CERT_HAS_EXPIRED/,
    code: "tls",
    words: "the server's certificate has expired",
    passing: false,
  },
  {
    name: "certificate-not-yet-valid",
    pattern: /^CERT_NOT_YET_VALID/,
    code: "tls",
    words: "the server's certificate is not valid yet (is this host's clock right?)",
    passing: false,
  },
  {
    name: "wrong-host-name",
    pattern: /^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/,
    code: "tls",
    words: "wrong host name: the server's certificate is for other names",
    passing: false,
  },
  {
    name: "unknown-ca",
    pattern:
      /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    code: "tls",
    words:
      "unknown CA: this host does not trust the issuer of the server's certificate, name its CA in ca_file",
    passing: false,
  },
  {
    name: "certificate-misused",
    pattern: /^(INVALID_PURPOSE|CERT_REVOKED|CERT_REJECTED|CERT_CHAIN_TOO_LONG|PATH_LENGTH)/,
    code: "tls",
    words:
      "the server's certificate is not valid for a server (its usage, its chain, or it was revoked)",
    passing: false,
  },
  {
    name: "client-certificate-required",
    pattern: /ALERT_(CERTIFICATE_REQUIRED|NO_CERTIFICATE)/,
    code: "tls",
    words: "the server requires a client certificate",
    passing: false,
  },
  {
    name: "handshake-refused",
    pattern: /ALERT_HANDSHAKE_FAILURE/,
    code: "tls",
    words:
      "the TLS handshake was refused: no version or cipher in common, or a client certificate is required",
    passing: false,
  },
  {
    name: "client-certificate-refused",
    pattern:
      /ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_|UNSUPPORTED_CERT|ACCESS_DENIED|DECRYPT)/,
    code: "tls",
    words: "client certificate refused",
    passing: false,
  },
  {
    name: "not-tls",
    pattern: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE/,
    code: "tls",
    words: "not a TLS server, is it http:// instead of https://?",
    passing: false,
  },
  {
    name: "not-http",
    pattern: /^HPE_/,
    code: "network",
    words: "the answer is not HTTP",
    passing: true,
  },
  {
    name: "handshake-failed",
    pattern: /^(ERR_SSL|EPROTO)/,
    code: "tls",
    words: "the TLS handshake failed",
    passing: false,
  },
  {
    name: "connection-cut",
    pattern: /^(ECONNRESET|EPIPE|ECONNABORTED)/,
    code: "network",
    words: "the connection was cut",
    passing: true,
  },
];

const HANDSHAKE_CUT: Rule = {
  name: "handshake-cut",
  pattern: /^(ECONNRESET|EPIPE|ECONNABORTED)/,
  code: "tls",
  words: "the connection was cut during the TLS handshake, is it http:// instead of https://?",
  passing: true,
};

/** How far a connection was. */
export interface Progress {
  /** TLS was being agreed on. */
  readonly handshaking?: boolean;
  /** This side has a certificate to show. */
  readonly certified?: boolean;
}

/** Where a step took too long. */
const SILENCES: Readonly<Record<ConnectStep, readonly [FaultName, string]>> = {
  resolve: ["resolver-silent", "DNS: no answer from the resolver"],
  connect: ["no-answer", "timeout: no connection"],
  handshake: ["no-answer", "timeout: no TLS handshake"],
};

/** What an error of a connection means. */
export function explainNetworkError(error: unknown, progress: Progress = {}): NetworkFault {
  if (error instanceof ConnectError) return explainConnectError(error, progress);
  const cause = innermostError(error);
  const code = systemCodeOf(cause) ?? "";
  const message = messageOf(cause);
  const rule = inView(findRule(code, message), progress);
  if (rule === undefined) {
    return {
      name: "other",
      code: "network",
      words: "cannot be reached",
      detail: message === "" ? code : message,
      passing: true,
    };
  }
  const { name, code: kind, words, passing } = rule;
  const detail = name === "wrong-host-name" ? (namesIn(cause) ?? code) : code;
  return { name, code: kind, words, detail, passing };
}

function explainConnectError(
  { step, limitMs, cause }: ConnectError,
  progress: Progress,
): NetworkFault {
  if (cause !== undefined) {
    return explainNetworkError(cause, { ...progress, handshaking: step === "handshake" });
  }
  const [name, words] = SILENCES[step];
  const within = `${words} within ${Number((limitMs / 1000).toFixed(1))} s`;
  return { name, code: "timeout", words: within, detail: "", passing: true };
}

/** A fault as a sentence, with what to do about it between its words and its detail. */
export function describeNetworkFault({ words, detail }: NetworkFault, advice = ""): string {
  return `${words}${advice}${detail === "" ? "" : ` (${detail})`}`;
}

/** For which names the certificate is: Node's own message has no names of hosts for an address. */
function namesIn(error: unknown): string | undefined {
  const { host, cert, message } = error as {
    readonly host?: string;
    readonly cert?: { readonly subjectaltname?: string };
    readonly message?: string;
  };
  const names = cert?.subjectaltname;
  if (host !== undefined && names !== undefined) return `${host} is not in ${names}`;
  return message === "" ? undefined : message;
}

/** What a code means depends on what was going on. */
function inView(rule: Rule | undefined, { handshaking, certified }: Progress): Rule | undefined {
  if (rule?.name === "connection-cut" && handshaking === true) return HANDSHAKE_CUT;
  // Go's TLS calls a missing certificate a bad one.
  if (rule?.name === "client-certificate-refused" && certified !== true) {
    return RULES.find(({ name }) => name === "client-certificate-required");
  }
  return rule;
}

function findRule(code: string, message: string): Rule | undefined {
  // OpenSSL's reason is in the code on newer Node.js and in the message on older ones.
  const text = `${code} ${message.replace(/ /g, "_").toUpperCase()}`;
  return RULES.find(
    ({ pattern }) => pattern.test(code) || (!pattern.source.startsWith("^") && pattern.test(text)),
  );
}

/**
 * When all addresses of a name fail, Node wraps their errors in one AggregateError. The address of
 * a family that this host does not have says less than what the other one met with.
 */
function innermostError(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as readonly unknown[];
  const telling = errors.find(
    (candidate) => findRule(systemCodeOf(candidate) ?? "", "")?.name !== "no-route",
  );
  return innermostError(telling ?? errors[0] ?? new Error(error.message));
}
