// What can be wrong on the way to a file: with certificates, names, and proxies.

import { writeFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";

import { expect } from "chai";

import { Certificates } from "../../../support/certificates";
import { type Attempt, tryDownload } from "../../../support/download";
import { Mirror, makeProxy, serve } from "../../../support/mirror";

const FILE = Buffer.from("the file ".repeat(1000));

describe("the way to a download", function () {
  this.timeout(60_000);
  const certificates = new Certificates();
  const servers: Server[] = [];
  const plain = new Mirror();
  const proxy = new Mirror();
  let ca: { readonly caFile: string };

  before(async () => {
    certificates.issue("good");
    certificates.issue("client");
    certificates.issue("expired", { days: -1 });
    certificates.issue("other", { names: "DNS:other.example" });
    certificates.issue("wild", { names: "DNS:*.localhost" });
    certificates.issue("named", { names: "DNS:localhost" });
    certificates.issue("misused", { usage: "clientAuth" });
    ca = { caFile: certificates.ca };
    await plain.start();
    await proxy.start();
    plain.behave(serve(FILE));
    makeProxy(proxy);
  });
  after(async () => {
    delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    for (const server of servers) server.close();
    await plain.close();
    await proxy.close();
    certificates.remove();
  });

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const secure = (name: string, more: object = {}): Promise<number> => {
    const options = { ...certificates.material(name), ...more };
    const server = createTlsServer(options, (_, response) => response.end(FILE));
    server.on("tlsClientError", () => undefined);
    return listen(server);
  };
  /** A server, or proxy, that treats whoever says something so. */
  const speak = (behave: (socket: Socket) => void): Promise<number> =>
    listen(
      createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          behave(socket);
        });
      }),
    );
  const saying = (text: string): Promise<number> => speak((socket) => socket.end(text));

  type Case = readonly [what: string, attempt: () => Promise<Attempt>, RegExp | undefined];
  const at = async (
    port: Promise<number>,
    settings: Attempt["settings"] = ca,
    host = "127.0.0.1",
  ): Promise<Attempt> => ({ urls: [`https://${host}:${await port}/x`], settings });
  const file = (name: string, text: string): string => {
    const path = join(certificates.folder, name);
    writeFileSync(path, text);
    return path;
  };
  const client = (name: string, key = name) => ({
    ...ca,
    clientCertificate: { certFile: certificates.certificate(name), keyFile: certificates.key(key) },
  });
  const asking = { requestCert: true, rejectUnauthorized: true };

  const tls: readonly Case[] = [
    ["a CA that is declared", () => at(secure("good")), undefined],
    ["a CA nobody knows", () => at(secure("good"), {}), /unknown CA: .* name its CA in ca_file/],
    ["a certificate that has expired", () => at(secure("expired")), /has expired/],
    ["a certificate for another name", () => at(secure("other")), /is for other names/],
    ["a name where an address is asked", () => at(secure("named")), /is for other names/],
    ["its name", () => at(secure("named"), ca, "localhost"), undefined],
    ["a star for a name with less", () => at(secure("wild"), ca, "localhost"), /for other names/],
    ["a certificate for clients", () => at(secure("misused")), /not valid for a server|TLS/],
    ["anything, when told so", () => at(secure("expired"), { validateCerts: false }), undefined],
    ["another name, when told so", () => at(secure("other"), { validateCerts: false }), undefined],
    ["TLS 1.2", () => at(secure("good", { maxVersion: "TLSv1.2" })), undefined],
    ["TLS 1.3", () => at(secure("good", { minVersion: "TLSv1.3" })), undefined],
    [
      "no version in common",
      () =>
        at(
          secure("good", {
            minVersion: "TLSv1",
            maxVersion: "TLSv1.1",
            ciphers: "DEFAULT@SECLEVEL=0",
          }),
        ),
      /TLS/,
    ],
    [
      "a server that wants a certificate",
      () => at(secure("good", asking)),
      /client certificate.*client_cert/,
    ],
    ["the certificate it wants", () => at(secure("good", asking), client("client")), undefined],
    [
      "a key that is another's",
      () => at(secure("good"), client("client", "good")),
      /is not the key of/,
    ],
    [
      "a certificate that has expired to show",
      () => at(secure("good"), client("expired")),
      /client_cert: .* expired on/,
    ],
    [
      "no file of a CA",
      () => at(secure("good"), { caFile: "/no/such.pem" }),
      /ca_file: .*there is no such file/,
    ],
    [
      "a directory for a CA",
      () => at(secure("good"), { caFile: "/tmp" }),
      /ca_file: .*it is a directory/,
    ],
    ["an empty CA", () => at(secure("good"), { caFile: file("empty.pem", "") }), /contains no PEM/],
    [
      "a CA of garbage",
      () => at(secure("good"), { caFile: file("g.pem", "garbage") }),
      /contains no PEM/,
    ],
    [
      "a CA that is cut",
      () => at(secure("good"), { caFile: file("c.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n") }),
      /cannot be read/,
    ],
    ["HTTP", () => at(Promise.resolve(plain.port)), /not a TLS server|http:\/\/ instead/],
    ["SMTP", () => at(saying("220 mail ESMTP\r\n")), /not a TLS server|http:\/\/ instead/],
    ["silence", () => at(speak(() => undefined)), /no TLS handshake within/],
    ["a cut", () => at(speak((socket) => socket.resetAndDestroy())), /TLS handshake/],
    ["an end", () => at(speak((socket) => socket.end())), /TLS handshake|cut/],
    [
      "an alert",
      () => at(speak((socket) => socket.end(Buffer.from("15030300020228", "hex")))),
      /TLS handshake was refused|TLS/,
    ],
    [
      "a record of nonsense",
      () => at(speak((socket) => socket.end(Buffer.alloc(64, 0xff)))),
      /TLS/,
    ],
    [
      "a name that does not exist",
      () => at(Promise.resolve(1), ca, "no.such.invalid"),
      /DNS|no connection/,
    ],
    ["a port where nobody listens", () => at(Promise.resolve(1)), /connection refused/],
    [
      "an address in hexadecimal",
      () => Promise.resolve({ urls: [`http://0x7f000001:${plain.port}/x`] }),
      undefined,
    ],
    [
      "an address as a number",
      () => Promise.resolve({ urls: [`http://2130706433:${plain.port}/x`] }),
      undefined,
    ],
    [
      "a short address",
      () => Promise.resolve({ urls: [`http://127.1:${plain.port}/x`] }),
      undefined,
    ],
    [
      "a name in capitals",
      () => Promise.resolve({ urls: [`http://LOCALHOST:${plain.port}/x`] }),
      undefined,
    ],
    [
      "an unknown CA, whatever NODE_TLS_REJECT_UNAUTHORIZED says",
      () => {
        process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
        return at(secure("good"), {});
      },
      /unknown CA/,
    ],
    [
      "a CA in DER",
      () => at(secure("good"), { caFile: file("ca.der", "0\u00ff binary") }),
      /contains no PEM "CERTIFICATE"/,
    ],
    [
      "a key for a CA",
      () => at(secure("good"), { caFile: certificates.key("good") }),
      /contains no PEM "CERTIFICATE"/,
    ],
    [
      "a certificate to show that is not there",
      () => at(secure("good"), client("nobody")),
      /client_(cert|key): .*there is no such file/,
    ],
    [
      "a certificate to show without its key",
      () => {
        const certFile = certificates.certificate("client");
        return at(secure("good"), { ...ca, clientCertificate: { certFile, keyFile: certFile } });
      },
      /client_key: .*contains no PEM "PRIVATE KEY"/,
    ],
    [
      "an address of IPv6 where nobody listens",
      () => Promise.resolve({ urls: [`http://[::1]:1/x`] }),
      /refused|no route/,
    ],
  ];

  const through = async (
    port: Promise<number> | number,
    url: Promise<string> | string,
    settings: Attempt["settings"] = ca,
  ): Promise<Attempt> => {
    const environment = { all_proxy: `http://u:hunter2hunter2@127.0.0.1:${await port}` };
    return { urls: [await url], settings: { ...settings, environment } };
  };
  const http = (): string => `http://127.0.0.1:${plain.port}/x`;
  const https = async (): Promise<string> => `https://127.0.0.1:${await secure("good")}/x`;
  const answers = [
    "400 Bad",
    "403 No",
    "404 None",
    "407 Who",
    "500 Oops",
    "502 Bad",
    "503 Busy",
    "504 Late",
  ];
  const say = (status: string) => saying(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
  const proxies: readonly Case[] = [
    ["a proxy for http", () => through(proxy.port, http()), undefined],
    ["a proxy for https", () => through(proxy.port, https()), undefined],
    ["a proxy, and an unknown CA", () => through(proxy.port, https(), {}), /x: unknown CA/],
    [
      "a proxy that is down",
      () => through(1, http()),
      /x: the proxy http:\/\/127.0.0.1:1\/: connection refused/,
    ],
    [
      "a proxy that is down, for https",
      () => through(1, https()),
      /the proxy .*: connection refused/,
    ],
    [
      "a proxy that says nothing",
      () =>
        through(
          speak(() => undefined),
          http(),
        ),
      /the proxy .*: no answer within/,
    ],
    [
      "a proxy that says nothing to CONNECT",
      () =>
        through(
          speak(() => undefined),
          https(),
        ),
      /the proxy .*: no answer within/,
    ],
    [
      "a proxy that ends",
      () =>
        through(
          speak((socket) => socket.end()),
          https(),
        ),
      /the proxy .*cut/,
    ],
    [
      "a proxy that cuts",
      () =>
        through(
          speak((socket) => socket.resetAndDestroy()),
          https(),
        ),
      /the proxy .*cut/,
    ],
    ["a proxy of another kind", () => through(saying("\x05\xff"), https()), /the proxy .*not HTTP/],
    [
      "a mail server for a proxy",
      () => through(saying("220 mail\r\n"), http()),
      /the proxy .*not HTTP/,
    ],
    [
      "a proxy with a login page",
      () => through(say("302 Found\r\nLocation: /login"), https()),
      /the proxy .*HTTP 302/,
    ],
    ["a tunnel to nowhere", () => through(proxy.port, "https://127.0.0.1:1/x"), /x: .*(cut|TLS)/],
    [
      "a server that its proxy cannot reach",
      () => through(proxy.port, "http://127.0.0.1:1/x"),
      /HTTP 502/,
    ],
    [
      "a tunnel to HTTP",
      () => through(proxy.port, `https://127.0.0.1:${plain.port}/x`),
      /TLS|http:\/\/ instead/,
    ],
    [
      "a tunnel that is opened by 200, and says nothing",
      () =>
        through(
          speak((socket) => socket.write("HTTP/1.1 200 OK\r\n\r\n")),
          https(),
        ),
      /no TLS handshake/,
    ],
    [
      "a tunnel that is opened by 299, and says nothing",
      () =>
        through(
          speak((socket) => socket.write("HTTP/1.1 299 Fine\r\n\r\n")),
          https(),
        ),
      /no TLS handshake/,
    ],
    [
      "a proxy with a long head",
      () => through(say(`403 No\r\nX: ${"y".repeat(100_000)}`), https()),
      /HTTP 403/,
    ],
    ...answers.map((status): Case => [
      `a proxy that says ${status} to CONNECT`,
      () => through(say(status), https()),
      /the proxy .*HTTP [45]0\d/,
    ]),
    ...answers.map((status): Case => [
      `a proxy that says ${status}`,
      () => through(say(status), http()),
      /HTTP [45]0\d/,
    ]),
    [
      "a proxy of no kind that is known",
      () =>
        Promise.resolve({
          urls: [http()],
          settings: { environment: { http_proxy: "socks5://u:hunter2hunter2@p" } },
        }),
      /http_proxy: expected/,
    ],
  ];

  for (const [title, cases, count] of [
    ["certificates and names", tls, 41],
    ["proxies", proxies, 35],
  ] as const) {
    describe(title, () => {
      it(`are tried in at least ${count} ways`, () => {
        expect(cases.length).to.be.at.least(count);
      });
      for (const [what, attempt, reason] of cases) {
        it(`${reason === undefined ? "takes" : "refuses"} ${what}`, async () => {
          const { content, message } = await tryDownload(await attempt());
          expect(message).to.not.include("hunter2");
          if (reason === undefined) expect(content?.equals(FILE), message).to.equal(true);
          else expect(message).to.match(reason);
        });
      }
    });
  }
});
