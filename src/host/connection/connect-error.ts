// Why there is no connection: at which step, and what the system said.

import { messageOf } from "../../base/errors";

export type ConnectStep = "resolve" | "connect" | "handshake";

/** `cause`: the error of the system or of OpenSSL; undefined where `limitMs` passed without any. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";

  constructor(
    readonly step: ConnectStep,
    readonly limitMs: number,
    cause?: unknown,
  ) {
    super(cause === undefined ? `nothing within ${limitMs} ms` : messageOf(cause), { cause });
  }
}
