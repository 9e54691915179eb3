// etcd v3's refusals as sentences: the same text comes through the gateway and from etcdctl.

import { type ErrorCode, ModuleError } from "../base/errors";
import { EndpointError } from "./endpoint-error";
import { TransportRefusedError } from "./v3-transport";

interface Refusal {
  readonly pattern: RegExp;
  /** `endpoint`: others may do better; `transport`: another transport may; `final`: nobody can. */
  readonly scope: "endpoint" | "transport" | "final";
  readonly code: ErrorCode;
  readonly text: string;
  /** True where a write may have been carried out all the same. */
  readonly sent?: boolean;
}

const CREDENTIALS_NEEDED =
  "authentication is on, give the username and password of a user that etcd knows";

const REFUSALS: readonly Refusal[] = [
  {
    pattern: /CommonName of client sending a request against gateway will be ignored/,
    scope: "transport",
    code: "auth",
    text: "the gateway refuses a client certificate that has a CommonName while authentication is on",
  },
  {
    pattern: /authentication failed, invalid user ID or password/,
    scope: "final",
    code: "auth",
    text: "wrong username or password",
  },
  {
    pattern: /user name is empty|user name not found/,
    scope: "final",
    code: "auth",
    text: CREDENTIALS_NEEDED,
  },
  {
    pattern: /permission denied/,
    scope: "final",
    code: "permission",
    text: "permission denied: the user's role does not cover the keys below prefix; grant it readwrite on them",
  },
  {
    pattern: /mvcc: database space exceeded/,
    scope: "final",
    code: "refused",
    text: "its database is full (NOSPACE alarm): compact, defragment, then disarm the alarm",
  },
  {
    pattern: /not supported for learner/,
    scope: "endpoint",
    code: "unsupported",
    text: "it is a learner, which serves no reads; promote it, or name another member",
  },
  {
    pattern: /request is too large|message larger than max/,
    scope: "final",
    code: "refused",
    text: "the configuration is larger than etcd takes (1.5 MiB, or its --max-request-bytes)",
  },
  {
    // Most often etcd says only how its connection to itself ended.
    pattern:
      /handshake failed|bad certificate|certificate required|client preface|connection (reset|closed)|broken pipe/,
    scope: "transport",
    code: "tls",
    text: "the gateway cannot connect to its own server: most likely the server's certificate lacks the clientAuth usage, issue it with both serverAuth and clientAuth",
  },
  {
    pattern: /request timed out|connection lost|leader failed|leader changed|server stopped/,
    scope: "endpoint",
    code: "timeout",
    text: "etcd gave up on the request (is a majority of its members up?)",
    sent: true,
  },
  {
    pattern: /no leader|not leader|too many requests|unhealthy|corrupt/,
    scope: "endpoint",
    code: "network",
    text: "etcd has no leader at the moment or is not ready (is a majority of its members up?)",
  },
  {
    pattern: /transport is closing|connection refused|error reading from server|deadline exceeded/,
    scope: "endpoint",
    code: "network",
    text: "the connection inside etcd was lost",
    sent: true,
  },
];

/** Who was refused. */
export interface Refused {
  /** The endpoint, for messages. */
  readonly where: string;
  readonly withCredentials: boolean;
  /** True where the refusal is the answer to the request, so that it was not carried out. */
  readonly answered?: boolean;
}

/** Turns a refusal into the error of its scope. */
export function translateRefusal(reason: string, refused: Refused): Error {
  const { where, withCredentials, answered = false } = refused;
  const refusal = REFUSALS.find(({ pattern }) => pattern.test(reason));
  if (refusal?.scope === "transport") return new TransportRefusedError(`${where}: ${refusal.text}`);
  if (refusal?.code === "permission" && !withCredentials) {
    return new ModuleError("auth", `etcd ${where}: ${CREDENTIALS_NEEDED}`, { cause: reason });
  }
  if (refusal?.scope === "final") {
    return new ModuleError(refusal.code, `etcd ${where}: ${refusal.text}`, { cause: reason });
  }
  return new EndpointError(`${refusal?.text ?? "etcd refused the request"} (${reason})`, {
    code: refusal?.code ?? (answered ? "refused" : "network"),
    transient: refusal !== undefined,
    sent: refusal === undefined ? !answered : refusal.sent === true,
    told: true,
  });
}
