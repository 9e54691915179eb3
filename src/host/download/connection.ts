// One connected socket to a server: directly or through a proxy, with or without TLS, in time.
// Node's network modules are loaded when first used: a run that downloads nothing does without.

import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { type IncomingMessage } from "node:http";
import { type Socket } from "node:net";
import { type ConnectionOptions } from "node:tls";

import { translateFileError } from "../file-errors";
import { basicAuthorization, showUrl } from "./address";
import { TransferError, describeStatus, translateTransferError } from "./failure";

export interface TlsSettings {
  readonly validateCerts: boolean;
  /** A PEM file with CAs to trust beside the system's. */
  readonly caFile: string | undefined;
}

/** Debian and friends; Red Hat and friends; SUSE. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
];

/**
 * Connects to the server of `url`. Throws TransferError; `timeoutMs` bounds each step: TCP, the
 * proxy's answer, the TLS handshake.
 */
export async function openConnection(
  url: URL,
  proxy: URL | undefined,
  tls: TlsSettings,
  timeoutMs: number,
): Promise<Socket> {
  const first = proxy ?? url;
  const socket = await connectPlain(first, timeoutMs);
  try {
    const link =
      first.protocol === "https:" ? await encrypt(socket, first, tls, timeoutMs) : socket;
    if (proxy === undefined || url.protocol === "http:") return link;
    await openTunnel(link, url, proxy, timeoutMs);
    return await encrypt(link, url, tls, timeoutMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function connectPlain(url: URL, timeoutMs: number): Promise<Socket> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const { connect } = await import("node:net");
  const socket = connect({ host: hostOf(url), port, autoSelectFamily: true });
  await waitFor(socket, "connect", url, timeoutMs);
  return socket;
}

async function encrypt(
  socket: Socket,
  url: URL,
  settings: TlsSettings,
  timeoutMs: number,
): Promise<Socket> {
  const [{ isIP }, tls] = await Promise.all([import("node:net"), import("node:tls")]);
  const host = hostOf(url);
  const options: ConnectionOptions = {
    socket,
    host,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: settings.validateCerts,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(settings.validateCerts
      ? { ca: [...tls.rootCertificates, ...readTrusted(settings.caFile)] }
      : {}),
  };
  const secured = tls.connect(options);
  await waitFor(secured, "secureConnect", url, timeoutMs);
  return secured;
}

/** Node brings Mozilla's CAs; this is what is added: the host's own (a company's) and the declared. */
function readTrusted(caFile: string | undefined): string[] {
  const files = SYSTEM_BUNDLES.filter((path) => existsSync(path)).slice(0, 1);
  try {
    const texts = [...files, ...(caFile === undefined ? [] : [caFile])];
    return texts.map((path) => readFileSync(path, "utf8"));
  } catch (error) {
    throw translateFileError(caFile ?? files.join(), "read the CA file", error);
  }
}

async function openTunnel(link: Socket, url: URL, proxy: URL, timeoutMs: number): Promise<void> {
  const target = `${url.hostname}:${url.port || "443"}`;
  const authorization = basicAuthorization(proxy);
  const { request: httpRequest } = await import("node:http");
  const request = httpRequest({
    method: "CONNECT",
    path: target,
    createConnection: () => link,
    headers: {
      Host: target,
      ...(authorization === undefined ? {} : { "Proxy-Authorization": authorization }),
    },
  });
  request.end();
  // A refusal comes as "connect" too: it is the answer to CONNECT, whatever its status.
  const [response] = (await waitFor(request, "connect", proxy, timeoutMs)) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  if (status === 200) return;
  throw describeStatus(`proxy ${showUrl(proxy)} asked for ${target}`, status, undefined);
}

/** Waits for an event of a socket or request, and destroys it when it does not come in time. */
export async function waitFor(
  emitter: NodeJS.EventEmitter & { destroy(): unknown },
  event: string,
  url: URL,
  timeoutMs: number,
): Promise<unknown[]> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort();
  }, timeoutMs);
  // Whatever fails after this wait is reported to whoever reads the response.
  emitter.on("error", () => undefined);
  try {
    return (await once(emitter, event, { signal: limit.signal })) as unknown[];
  } catch (error) {
    emitter.destroy();
    const handshaking = event === "secureConnect";
    if (!limit.signal.aborted) throw translateTransferError(showUrl(url), error, { handshaking });
    const what = { connect: "no connection", secureConnect: "no TLS handshake" }[event];
    const message = `${showUrl(url)}: ${what ?? "no answer"} within ${timeoutMs / 1000} s`;
    throw new TransferError("timeout", message, true, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
