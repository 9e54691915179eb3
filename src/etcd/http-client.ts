// One HTTP request at a time to one endpoint, with a limit on connecting and on the answer.

import {
  Agent,
  type ClientRequest,
  type ClientRequestArgs,
  request as requestHttp,
} from "node:http";
import { type Socket } from "node:net";

import { resolveHost } from "../host/connection/resolve";
import {
  type TlsClient,
  type TlsMaterial,
  createTlsClient,
  secure,
} from "../host/connection/secure";
import { connectAny } from "../host/connection/tcp";
import { Deadline } from "../host/deadline";
import { type Endpoint } from "./endpoint";
import { type AttemptProgress, EndpointError, translateNetworkError } from "./endpoint-error";

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

/** For each of TCP and TLS. A slow resolver may take longer: glibc asks its second server after 5 s. */
const CONNECT_LIMIT_MS = 5_000;
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** What Node.js does not look at when there is an error. */
const NO_SOCKET = undefined as unknown as Socket;

/** Keeps connections open between requests, and opens them in our own way. */
class DialingAgent extends Agent {
  constructor(private readonly dial: (timeoutMs: number) => Promise<Socket>) {
    super({ keepAlive: true });
  }

  /** Called by Node.js for a request that finds no idle connection. */
  override createConnection(
    { timeout = 0 }: ClientRequestArgs,
    callback?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    this.dial(timeout).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => callback?.(error as Error, NO_SOCKET),
    );
  }
}

export class HttpClient {
  readonly #agents = new Map<string, DialingAgent>();
  /** A resolver may be slow each time that it is asked. */
  readonly #addresses = new Map<string, readonly string[]>();
  #tls: Promise<TlsClient> | undefined;

  /** `caFile`: where `tls.ca` was read from. */
  constructor(
    private readonly tls: TlsMaterial,
    caFile?: string,
  ) {
    if (caFile !== undefined) spareSystemCas(caFile);
  }

  /**
   * Sends one request. Throws EndpointError for everything but a complete HTTP answer. `timeoutMs` is for
   * all of it, `answerMs` from the moment on at which there is a connection.
   */
  request(
    endpoint: Endpoint,
    request: HttpRequest,
    timeoutMs: number,
    answerMs = timeoutMs,
  ): Promise<HttpResponse> {
    const body = Buffer.from(request.body ?? "");
    const options = {
      host: endpoint.host,
      port: endpoint.port,
      method: request.method,
      path: request.path,
      headers: { ...request.headers, "content-length": body.length },
      agent: this.#agentFor(endpoint),
      timeout: timeoutMs, // for the agent; Node itself only tells of it
    };
    const outgoing = requestHttp(options);
    return new Promise((resolve, reject) => {
      const { secure: isSecure } = endpoint;
      const { cert, expiresAtMs } = this.tls;
      const client = { secure: isSecure, certified: cert !== undefined, expiresAtMs };
      exchange(outgoing, client, { timeoutMs, answerMs }, resolve, reject);
      outgoing.end(body);
    });
  }

  #agentFor(endpoint: Endpoint): DialingAgent {
    const known = this.#agents.get(endpoint.url);
    if (known !== undefined) return known;
    const agent = new DialingAgent((timeoutMs) => this.#dial(endpoint, new Deadline(timeoutMs)));
    this.#agents.set(endpoint.url, agent);
    return agent;
  }

  async #dial({ host, port, secure: isSecure }: Endpoint, deadline: Deadline): Promise<Socket> {
    const limitMs = (): number => Math.max(1, deadline.shareMs(1, CONNECT_LIMIT_MS));
    const addresses =
      this.#addresses.get(host) ?? (await resolveHost(host, deadline.remainingMs()));
    this.#addresses.set(host, addresses);
    const socket = await connectAny(addresses, port, limitMs());
    if (!isSecure) return socket;
    this.#tls ??= createTlsClient(this.tls);
    return secure(socket, host, await this.#tls, limitMs());
  }
}

/**
 * Has OpenSSL take this file for the system's CAs. Debian's Node.js 18 parses all of those before
 * it takes the `ca` of a connection in their place, which costs 20 ms and changes nothing.
 */
function spareSystemCas(caFile: string): void {
  process.env["SSL_CERT_FILE"] = caFile;
}

function exchange(
  outgoing: ClientRequest,
  client: Omit<AttemptProgress, "sent">,
  { timeoutMs, answerMs }: { readonly timeoutMs: number; readonly answerMs: number },
  resolve: (response: HttpResponse) => void,
  reject: (error: EndpointError) => void,
): void {
  const deadline = new Deadline(timeoutMs);
  let connected = false;
  let answerTimer: NodeJS.Timeout | undefined;
  const fail = (error: unknown): void => {
    clearTimeout(answerTimer);
    reject(translateNetworkError(error, { ...client, sent: connected }));
  };
  outgoing.on("socket", () => {
    connected = true;
    answerTimer = setTimeout(
      () => {
        outgoing.destroy(silenceError(Math.min(timeoutMs, answerMs)));
      },
      deadline.shareMs(1, answerMs),
    );
  });
  outgoing.on("error", fail);
  outgoing.on("response", (incoming) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) return;
      fail(new EndpointError("not etcd: the answer never ends", { code: "network" }));
      outgoing.destroy();
    });
    incoming.on("error", fail);
    incoming.on("end", () => {
      clearTimeout(answerTimer);
      resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

/** A server that took the request may only be waiting for an election. */
function silenceError(timeoutMs: number): EndpointError {
  const seconds = (timeoutMs / 1000).toFixed(1);
  return new EndpointError(`timeout: connected, but no answer within ${seconds} s`, {
    code: "timeout",
    sent: true,
    transient: true,
  });
}
