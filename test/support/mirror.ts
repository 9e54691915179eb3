// A server of release files that can misbehave on purpose, and a proxy in front of it.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request as httpRequest,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on a free port of the loopback device; `close` ends it with all its connections. */
export class Mirror {
  readonly seen: SeenRequest[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #handler: Handler = (_, response) => response.writeHead(404).end();

  constructor(private readonly tls?: { readonly key: Buffer; readonly cert: Buffer }) {
    const handle: Handler = (request, response) => {
      const { method = "", url = "", headers } = request;
      this.seen.push({ method, url, headers });
      this.#handler(request, response);
    };
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  get server(): Server {
    return this.#server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** "http://127.0.0.1:PORT" */
  get origin(): string {
    return `${this.tls === undefined ? "http" : "https"}://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** What the server does from now on; forgets what it has seen. */
  behave(handler: Handler): void {
    this.#handler = handler;
    this.seen.length = 0;
  }

  async close(): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Serves one body under every path; honours ranges as RFC 9110 says. */
export function serve(body: Buffer, options: { ranges?: boolean } = {}): Handler {
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
  return (request, response) => {
    const { range, "if-range": ifRange } = request.headers;
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const headers = { ETag: etag, "Accept-Ranges": "bytes" };
    if (options.ranges === false || from === 0 || (ifRange !== undefined && ifRange !== etag)) {
      response.writeHead(200, { ...headers, "Content-Length": body.length }).end(body);
      return;
    }
    const part = body.subarray(from);
    const contentRange = `bytes ${from}-${body.length - 1}/${body.length}`;
    response
      .writeHead(206, { ...headers, "Content-Length": part.length, "Content-Range": contentRange })
      .end(part);
  };
}

/** The first `count` requests go to one handler, the rest to another. */
export function firstly(count: number, first: Handler, then: Handler): Handler {
  let seen = 0;
  return (request, response) => {
    (seen++ < count ? first : then)(request, response);
  };
}

/** Sends the beginning of a body and then, with its length still promised, `ending`s it. */
export function begin(body: Buffer, bytes: number, ending: "cut" | "stall"): Handler {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const headers = { "Content-Length": body.length - from, ETag: '"same"' };
    const range = { "Content-Range": `bytes ${from}-${body.length - 1}/${body.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...headers, ...range } : headers);
    response.write(body.subarray(from, from + bytes), () => {
      if (ending === "cut") response.destroy();
    });
  };
}

export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): Handler {
  return (_, response) => response.writeHead(status, headers).end(body);
}

/** Writes raw bytes in place of an HTTP answer, and ends the connection. */
export function raw(text: string, body: Buffer = Buffer.alloc(0)): Handler {
  return ({ socket }) => socket.end(Buffer.concat([Buffer.from(text), body]));
}

/** Makes a mirror a forward proxy: for absolute URLs and, with CONNECT, for TLS. */
export function makeProxy(mirror: Mirror, credentials?: string): void {
  const isWelcome = ({ headers }: IncomingMessage): boolean =>
    credentials === undefined ||
    headers["proxy-authorization"] === `Basic ${Buffer.from(credentials).toString("base64")}`;
  mirror.behave((request, response) => {
    if (!isWelcome(request)) {
      response.writeHead(407).end();
      return;
    }
    const { method, url = "" } = request;
    const headers = { ...request.headers };
    delete headers["proxy-authorization"]; // is the proxy's own
    const forwarded = httpRequest(url, { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(response);
    });
    forwarded.on("error", () => response.writeHead(502).end());
    forwarded.end();
  });
  mirror.server.removeAllListeners("connect");
  mirror.server.on("connect", (request: IncomingMessage, socket: Socket) => {
    mirror.seen.push({ method: "CONNECT", url: request.url ?? "", headers: request.headers });
    socket.on("error", () => undefined);
    if (!isWelcome(request)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const target = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    target.on("error", () => socket.destroy());
    socket.on("close", () => target.destroy());
  });
}

export interface Certificates {
  /** The file with the CA. */
  readonly caFile: string;
  /** For 127.0.0.1 and localhost. */
  readonly good: { readonly key: Buffer; readonly cert: Buffer };
  /** Of the same CA, for another name. */
  readonly otherName: { readonly key: Buffer; readonly cert: Buffer };
  remove(): void;
}

/** A CA and certificates, made by openssl. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "certificates-"));
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA");
  const issue = (name: string, altNames: string): { key: Buffer; cert: Buffer } => {
    writeFileSync(join(directory, "extensions"), `subjectAltName=${altNames}`);
    openssl(
      "req",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
    );
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...by,
      "-extfile",
      "extensions",
      "-out",
      `${name}.pem`,
    );
    const read = (kind: string): Buffer => readFileSync(join(directory, `${name}.${kind}`));
    return { key: read("key"), cert: read("pem") };
  };
  return {
    caFile: join(directory, "ca.pem"),
    good: issue("good", "IP:127.0.0.1,DNS:localhost"),
    otherName: issue("other", "DNS:other.example"),
    remove: () => {
      rmSync(directory, { recursive: true });
    },
  };
}
