// One HTTP request at a time to one endpoint, with a limit on connecting and on the answer.

import { type ClientRequest, Agent, request as requestHttp } from "node:http";
import { Agent as SecureAgent, request as requestHttps } from "node:https";
import { type Socket } from "node:net";

import { type Endpoint } from "./endpoint";
import { EndpointError, translateNetworkError } from "./endpoint-error";
import { type TlsMaterial } from "./tls";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
}

const CONNECT_LIMIT_MS = 5_000;
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export class HttpClient {
  readonly #plain = new Agent({ keepAlive: true });
  readonly #secure: SecureAgent;
  readonly #certified: boolean;

  /** `caFile`: where `tls.ca` was read from. */
  constructor(tls: TlsMaterial, caFile: string | undefined) {
    if (caFile !== undefined) spareSystemCas(caFile);
    this.#certified = tls.cert !== undefined;
    this.#secure = new SecureAgent({ keepAlive: true, ...tls });
  }

  /** Sends one request. Throws EndpointError for everything but a complete HTTP answer. */
  request(endpoint: Endpoint, request: HttpRequest, timeoutMs: number): Promise<HttpResponse> {
    const body = Buffer.from(request.body ?? "");
    const options = {
      host: endpoint.host,
      port: endpoint.port,
      method: request.method,
      path: request.path,
      headers: { ...request.headers, "content-length": body.length },
    };
    const outgoing = endpoint.secure
      ? requestHttps({ ...options, agent: this.#secure })
      : requestHttp({ ...options, agent: this.#plain });
    return new Promise((resolve, reject) => {
      exchange(
        outgoing,
        { secure: endpoint.secure, certified: this.#certified },
        timeoutMs,
        resolve,
        reject,
      );
      outgoing.end(body);
    });
  }
}

/**
 * Has OpenSSL take this file for the system's CAs. Debian's Node.js 18 parses all of those before
 * it takes an agent's own `ca` in their place, which costs 20 ms and changes nothing.
 */
function spareSystemCas(caFile: string): void {
  process.env["SSL_CERT_FILE"] = caFile;
}

function exchange(
  outgoing: ClientRequest,
  client: { readonly secure: boolean; readonly certified: boolean },
  timeoutMs: number,
  resolve: (response: HttpResponse) => void,
  reject: (error: EndpointError) => void,
): void {
  let connected = false;
  const connectMs = Math.min(CONNECT_LIMIT_MS, timeoutMs);
  const connectTimer = setTimeout(() => {
    outgoing.destroy(timeoutError("no connection", connectMs, false));
  }, connectMs);
  const answerTimer = setTimeout(() => {
    outgoing.destroy(timeoutError("connected, but no answer", timeoutMs, connected));
  }, timeoutMs);
  const stopTimers = (): void => {
    clearTimeout(connectTimer);
    clearTimeout(answerTimer);
  };
  const fail = (error: unknown): void => {
    stopTimers();
    reject(translateNetworkError(error, { ...client, sent: connected }));
  };
  outgoing.on("socket", (socket: Socket) => {
    const onConnected = (): void => {
      connected = true;
      clearTimeout(connectTimer);
    };
    if (!socket.connecting) onConnected();
    else socket.once(client.secure ? "secureConnect" : "connect", onConnected);
  });
  outgoing.on("error", fail);
  outgoing.on("response", (incoming) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) return;
      fail(new EndpointError("not etcd: the answer does not end", { code: "network" }));
      outgoing.destroy();
    });
    incoming.on("error", fail);
    incoming.on("end", () => {
      stopTimers();
      resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

function timeoutError(what: string, timeoutMs: number, sent: boolean): EndpointError {
  const seconds = (timeoutMs / 1000).toFixed(1);
  // A server that took the request may only be waiting for an election.
  return new EndpointError(`timeout: ${what} within ${seconds} s`, {
    code: "timeout",
    sent,
    transient: sent,
  });
}
