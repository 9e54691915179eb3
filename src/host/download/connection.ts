// One connected socket to a server: directly or through a proxy, with or without TLS, in time.

import { once } from "node:events";
import { type IncomingMessage } from "node:http";
import { type Socket } from "node:net";

import { resolveHost } from "../connection/resolve";
import { readClientCertificate } from "../connection/client-certificate";
import { type TlsClient, type TlsMaterial, createTlsClient, secure } from "../connection/secure";
import { connectAny } from "../connection/tcp";
import { readCaFile, readSystemCas } from "../connection/trust";
import { basicAuthorization, showUrl } from "./address";
import { TransferError, describeStatus, translateTransferError } from "./failure";

export interface TlsSettings {
  readonly validateCerts: boolean;
  /** A PEM file with CAs to trust beside the system's. */
  readonly caFile: string | undefined;
  /** What this side shows to servers that ask for it. */
  readonly clientCertificate: ClientCertificate | undefined;
}

/** Its PEM files. */
export interface ClientCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Connects to the server of `url`. Throws TransferError; `timeoutMs` bounds each step: the name,
 * TCP, the proxy's answer, the TLS handshake.
 */
export async function openConnection(
  url: URL,
  proxy: URL | undefined,
  tls: TlsSettings,
  timeoutMs: number,
): Promise<Socket> {
  const first = proxy ?? url;
  const name = nameOf(url, proxy);
  const socket = await connectPlain(first, name, timeoutMs);
  try {
    const link =
      first.protocol === "https:" ? await encrypt(socket, first, name, tls, timeoutMs) : socket;
    if (proxy === undefined || url.protocol === "http:") return link;
    await openTunnel(link, url, proxy, timeoutMs);
    return await encrypt(link, url, showUrl(url), tls, timeoutMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** What a fault is told of: the address, and the proxy on the way to it. */
export function nameOf(url: URL, proxy: URL | undefined): string {
  return proxy === undefined ? showUrl(url) : `${showUrl(url)}: the proxy ${showUrl(proxy)}`;
}

async function connectPlain(url: URL, name: string, timeoutMs: number): Promise<Socket> {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  try {
    return await connectAny(await resolveHost(hostOf(url), timeoutMs), port, timeoutMs);
  } catch (error) {
    throw translateTransferError(name, error);
  }
}

async function encrypt(
  socket: Socket,
  url: URL,
  name: string,
  settings: TlsSettings,
  timeoutMs: number,
): Promise<Socket> {
  const client = await tlsClientFor(settings);
  try {
    return await secure(socket, hostOf(url), client, timeoutMs);
  } catch (error) {
    throw translateTransferError(name, error);
  }
}

/** Node brings Mozilla's CAs; added are the host's own (a company's) and the declared. */
async function tlsClientFor(settings: TlsSettings): Promise<TlsClient> {
  const { validateCerts, caFile } = settings;
  const own = await readOwn(settings.clientCertificate);
  if (!validateCerts) return createTlsClient({ ca: [], ...own }, false);
  const { rootCertificates } = await import("node:tls");
  const declared = caFile === undefined ? [] : await readCaFile("ca_file", caFile);
  const ca = [...rootCertificates, ...(await readSystemCas()), ...declared];
  return createTlsClient({ ca, ...own });
}

async function readOwn(files: ClientCertificate | undefined): Promise<Partial<TlsMaterial>> {
  if (files === undefined) return {};
  return readClientCertificate(
    { option: "client_cert", path: files.certFile },
    { option: "client_key", path: files.keyFile },
  );
}

async function openTunnel(link: Socket, url: URL, proxy: URL, timeoutMs: number): Promise<void> {
  const target = `${url.hostname}:${url.port || "443"}`;
  const authorization = basicAuthorization(proxy);
  const { request: httpRequest } = await import("node:http");
  const request = httpRequest({
    method: "CONNECT",
    path: target,
    maxHeaderSize: 256 * 1024,
    createConnection: () => link,
    headers: {
      Host: target,
      ...(authorization === undefined ? {} : { "Proxy-Authorization": authorization }),
    },
  });
  request.end();
  const name = nameOf(url, proxy);
  // A refusal comes as "connect" too: it is the answer to CONNECT, whatever its status.
  const [response] = (await waitFor(request, "connect", name, timeoutMs)) as [IncomingMessage];
  const status = response.statusCode ?? 0;
  // Any success opens the tunnel (RFC 9110, 9.3.6).
  if (status >= 200 && status < 300) return;
  throw describeStatus(name, status, response.headers["retry-after"]);
}

/** Waits for an answer to a request, and destroys it when it does not come in time. */
export async function waitFor(
  emitter: NodeJS.EventEmitter & { destroy(): unknown },
  event: "connect" | "response",
  name: string,
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
    if (!limit.signal.aborted) throw translateTransferError(name, error);
    const message = `${name}: no answer within ${timeoutMs / 1000} s`;
    throw new TransferError("timeout", message, true, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
