// TLS on a connected socket. What is trusted and whether it is verified is said here and in full:
// NODE_TLS_REJECT_UNAUTHORIZED, NODE_EXTRA_CA_CERTS and the CAs that this build of Node.js brings
// are for programs that say nothing.

import { type Socket, isIP } from "node:net";
import { type SecureContext, type TLSSocket } from "node:tls";

import { ConnectError } from "./connect-error";

export interface TlsMaterial {
  /** The CAs to trust, in PEM; no others count. */
  readonly ca: readonly string[];
  /** The certificate that this side shows, in PEM. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly expiresAtMs?: number | undefined;
}

export interface TlsClient {
  readonly context: SecureContext;
  /** Whether the server must prove who it is. */
  readonly verifies: boolean;
}

/** Node.js from 20.18 and 22.9 on; a server's own certificate may then be in `ca`, too. */
const PARTIAL_CHAINS = { allowPartialTrustChain: true };

/** Parses the material, once for all connections. */
export async function createTlsClient(
  { ca, cert, key }: TlsMaterial,
  verifies = true,
): Promise<TlsClient> {
  const { createSecureContext } = await import("node:tls");
  const context = createSecureContext({
    ...PARTIAL_CHAINS,
    ca: [...ca],
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  return { context, verifies };
}

/** The same socket with TLS on it, agreed on with `host`. Destroys it and throws ConnectError. */
export async function secure(
  socket: Socket,
  host: string,
  { context, verifies }: TlsClient,
  timeoutMs: number,
): Promise<TLSSocket> {
  const { connect } = await import("node:tls");
  const secured = connect({
    socket,
    host,
    secureContext: context,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: verifies,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      clearTimeout(limit);
      secured.destroy();
      socket.destroy();
      reject(new ConnectError("handshake", timeoutMs, cause));
    };
    const limit = setTimeout(fail, timeoutMs, undefined);
    secured.on("error", fail);
    secured.once("secureConnect", () => {
      clearTimeout(limit);
      resolve(secured);
    });
  });
}
