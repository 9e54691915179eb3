// TLS material of every kind, right and wrong, and what the module must make of it.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Server, type TlsOptions, createServer } from "node:tls";
import { type AddressInfo, type Socket, connect } from "node:net";
import { join } from "node:path";

import { Certificates } from "./certificates";

/** The servers that are asked. */
export type ServerName =
  | "etcd"
  | "localhost"
  | "plain"
  | "peer"
  | "tls 1.2"
  | "tls 1.3"
  | "intermediate"
  | "intermediate with chain"
  | "expired"
  | "other names"
  | "no names"
  | "self-signed";

export interface TlsCase {
  readonly name: string;
  readonly server?: ServerName;
  /** Files by their names; undefined: none is given. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The code of the failure and words in it; undefined: it works. */
  readonly refused?: readonly [code: string, words: string];
  readonly scheme?: "http" | "https";
}

const UNKNOWN_CA = ["tls", "unknown CA"] as const;
const UNREADABLE = ["tls", "cannot be read as a certificate and its unencrypted key"] as const;
const NO_PEM = ["tls", "contains no PEM"] as const;

/** Without `ca`, `cert` or `key`: those of a client that may. */
export const TLS_CASES: readonly TlsCase[] = [
  { name: "an EC key" },
  { name: "an EC key in PKCS #8", key: "client-p8.key" },
  { name: "an RSA key in PKCS #1", cert: "rsa.pem", key: "rsa-p1.key" },
  { name: "an RSA key in PKCS #8", cert: "rsa.pem", key: "rsa.key" },
  { name: "an Ed25519 key", cert: "ed.pem", key: "ed.key" },
  { name: "certificate and key in one file", cert: "both.pem", key: "both.pem" },
  { name: "key and certificate in one file", cert: "htob.pem", key: "htob.pem" },
  { name: "CR LF in all files", ca: "dos-ca.pem", cert: "dos.pem", key: "dos.key" },
  { name: "text around all of them", ca: "text-ca.pem", cert: "text.pem", key: "text.key" },
  { name: "a BOM before the CA", ca: "bom-ca.pem" },
  { name: "a TRUSTED CERTIFICATE as CA", ca: "trusted-ca.pem" },
  { name: "a bundle with the right CA first", ca: "first.pem" },
  { name: "a bundle with the right CA last", ca: "last.pem" },
  { name: "a client of an intermediate CA with its chain", cert: "chain.pem", key: "leaf.key" },
  {
    name: "a client of an intermediate CA without it",
    cert: "leaf.pem",
    key: "leaf.key",
    refused: ["tls", "client certificate refused"],
  },
  {
    name: "a chain in the wrong order",
    cert: "niahc.pem",
    key: "leaf.key",
    refused: ["tls", "is not the key of"],
  },
  { name: "a key of PKCS #8 that is encrypted", key: "encrypted-p8.key", refused: UNREADABLE },
  { name: "a key of OpenSSL that is encrypted", key: "encrypted.key", refused: UNREADABLE },
  { name: "another key", key: "rsa.key", refused: ["tls", "is not the key of"] },
  { name: "a certificate that is cut", cert: "cut.pem", refused: UNREADABLE },
  { name: "a key that is cut", key: "cut.key", refused: UNREADABLE },
  {
    name: "a CA that is cut",
    ca: "cut.pem",
    refused: ["tls", "certificate 1 of 1 cannot be read"],
  },
  { name: "a CA in DER", ca: "ca.der", refused: ["tls", "it looks like DER"] },
  { name: "a certificate in DER", cert: "client.der", refused: ["tls", "it looks like DER"] },
  { name: "a key in DER", key: "key.der", refused: NO_PEM },
  { name: "an empty CA file", ca: "empty", refused: NO_PEM },
  { name: "an empty certificate file", cert: "empty", refused: NO_PEM },
  { name: "an empty key file", key: "empty", refused: NO_PEM },
  { name: "/dev/null as CA", ca: "/dev/null", refused: NO_PEM },
  { name: "a directory as CA", ca: "folder", refused: ["host", "it is a directory, name a file"] },
  { name: "a missing CA", ca: "no-such", refused: ["host", "there is no such file on this host"] },
  { name: "a missing key", key: "no-such", refused: ["host", "there is no such file"] },
  { name: "a key as CA", ca: "client.key", refused: NO_PEM },
  { name: "a request as CA", ca: "client.csr", refused: NO_PEM },
  { name: "another CA", ca: "strangers.pem", refused: UNKNOWN_CA },
  { name: "no CA", ca: undefined, refused: UNKNOWN_CA },
  { name: "the client's own certificate as CA", ca: "client.pem", refused: UNKNOWN_CA },
  {
    name: "no client certificate",
    cert: undefined,
    key: undefined,
    refused: ["tls", "requires a client certificate, give cert_file and key_file"],
  },
  {
    name: "a client of another CA",
    cert: "stranger.pem",
    key: "stranger.key",
    refused: ["tls", "client certificate refused"],
  },
  {
    name: "a client that has expired",
    cert: "expired.pem",
    key: "expired.key",
    refused: ["tls", "would refuse it; renew it"],
  },
  {
    name: "a client with serverAuth only",
    cert: "server-only.pem",
    key: "server-only.key",
    refused: ["tls", "allow clientAuth"],
  },
  { name: "the name localhost", server: "localhost" },
  {
    name: "http:// to a TLS server",
    scheme: "http",
    refused: ["tls", "is it https:// instead of http://?"],
  },
  {
    name: "https:// to a server without TLS",
    server: "plain",
    refused: ["tls", "is it http:// instead of https://?"],
  },
  {
    name: "the port of the peers",
    server: "peer",
    scheme: "http",
    refused: ["unsupported", "members talk to each other"],
  },
  { name: "TLS 1.2 only", server: "tls 1.2" },
  { name: "TLS 1.3 only", server: "tls 1.3" },
  { name: "an intermediate CA for its server", server: "intermediate", ca: "intermediate.pem" },
  { name: "its root alone", server: "intermediate", refused: UNKNOWN_CA },
  { name: "its root, where the server shows the chain", server: "intermediate with chain" },
  {
    name: "an intermediate CA where the server shows the chain",
    server: "intermediate with chain",
    ca: "intermediate.pem",
  },
  {
    name: "a server that has expired",
    server: "expired",
    refused: ["tls", "the server's certificate has expired"],
  },
  {
    name: "a server with other names",
    server: "other names",
    refused: ["tls", "127.0.0.1 is not in DNS:elsewhere.example"],
  },
  {
    name: "a server with a CommonName only",
    server: "no names",
    refused: ["tls", "wrong host name"],
  },
  { name: "a self-signed server as CA", server: "self-signed", ca: "self-signed.pem" },
  {
    name: "a self-signed server and another CA",
    server: "self-signed",
    refused: UNKNOWN_CA,
  },
];

/** All files of the cases in one folder. */
export class TlsFixtures {
  readonly root = new Certificates("root");
  readonly #intermediate = new Certificates("intermediate", this.root);
  readonly #strangers = new Certificates("strangers");
  readonly #fronts: Server[] = [];

  constructor() {
    for (const name of ["server", "client", "leaf"]) this.root.issue(name);
    this.root.issue("expired", { days: -1 });
    this.root.issue("server-only", { usage: "serverAuth" });
    this.root.issue("elsewhere", { names: "DNS:elsewhere.example" });
    this.root.issue("nameless", { names: "email:a@example", commonName: "127.0.0.1" });
    this.root.issue("rsa", { algorithm: "rsa" });
    this.root.issue("ed", { algorithm: "ed25519" });
    this.#intermediate.issue("leaf");
    this.#strangers.issue("client");
    this.#copyAll();
    this.#convertAll();
  }

  path(name: string): string {
    return name.startsWith("/") ? name : join(this.root.folder, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Options of a case. */
  optionsOf(given: TlsCase): Readonly<Record<string, unknown>> {
    const file = (name: "ca" | "cert" | "key", usual: string): string | undefined => {
      const chosen = name in given ? given[name] : usual;
      return chosen === undefined ? undefined : this.path(chosen);
    };
    return {
      ca_file: file("ca", "ca.pem"),
      cert_file: file("cert", "client.pem"),
      key_file: file("key", "client.key"),
    };
  }

  /** A TLS server before an etcd without; returns its port. */
  async startFront(targetPort: number, options: TlsOptions): Promise<number> {
    const server = createServer(options, (client: Socket) => {
      const target = connect(targetPort, "127.0.0.1");
      client.pipe(target).pipe(client);
      for (const socket of [client, target]) socket.on("error", () => socket.destroy());
    });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#fronts.push(server);
    return (server.address() as AddressInfo).port;
  }

  remove(): void {
    for (const server of this.#fronts) server.close();
    for (const made of [this.root, this.#intermediate, this.#strangers]) made.remove();
  }

  #copyAll(): void {
    const [ours, theirs] = [this.#intermediate, this.#strangers];
    for (const [from, to] of [
      [ours.ca, "intermediate.pem"],
      [ours.certificate("leaf"), "leaf.pem"],
      [ours.key("leaf"), "leaf.key"],
      [theirs.ca, "strangers.pem"],
      [theirs.certificate("client"), "stranger.pem"],
      [theirs.key("client"), "stranger.key"],
    ] as const) {
      copyFileSync(from, this.path(to));
    }
    mkdirSync(this.path("folder"));
  }

  #convertAll(): void {
    const [ca, cert, key] = ["ca.pem", "client.pem", "client.key"].map((name) => this.text(name));
    const dos = (text = ""): string => text.replace(/\n/g, "\r\n");
    const within = (text = ""): string => `subject=é\n\n${text}more text\n`;
    const texts: Readonly<Record<string, string>> = {
      "both.pem": `${String(cert)}${String(key)}`,
      "htob.pem": `${String(key)}${String(cert)}`,
      "dos-ca.pem": dos(ca),
      "dos.pem": dos(cert),
      "dos.key": dos(key),
      "text-ca.pem": within(ca),
      "text.pem": within(cert),
      "text.key": within(key),
      "bom-ca.pem": `\ufeff${String(ca)}`,
      "first.pem": `${String(ca)}${this.text("strangers.pem")}`,
      "last.pem": `${this.text("strangers.pem")}${String(ca)}`,
      "chain.pem": `${this.text("leaf.pem")}${this.text("intermediate.pem")}`,
      "niahc.pem": `${this.text("intermediate.pem")}${this.text("leaf.pem")}`,
      "cut.pem": (ca ?? "").slice(0, 300),
      "cut.key": (key ?? "").slice(0, 90),
      empty: "",
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(this.path(name), text);
    this.#openssl("pkcs8 -topk8 -nocrypt -in client.key -out client-p8.key");
    this.#openssl("rsa -traditional -in rsa.key -out rsa-p1.key");
    this.#openssl("pkcs8 -topk8 -passout pass:x -in client.key -out encrypted-p8.key");
    this.#openssl("ec -aes128 -passout pass:x -in client.key -out encrypted.key");
    this.#openssl("x509 -in ca.pem -outform DER -out ca.der");
    this.#openssl("x509 -in client.pem -outform DER -out client.der");
    this.#openssl("ec -in client.key -outform DER -out key.der");
    this.#openssl("x509 -in ca.pem -trustout -addtrust serverAuth -out trusted-ca.pem");
    const subject = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2";
    this.#openssl(`req -x509 -new -key client.key ${subject} -out self-signed.pem`);
  }

  #openssl(command: string): void {
    execFileSync("openssl", command.split(" "), { cwd: this.root.folder, stdio: "ignore" });
  }
}
