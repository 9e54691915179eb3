// TLS, credentials, headers, redirects and proxies: the right secrets to the right host, and to no
// other; and none of them in the result.

import { readFileSync } from "node:fs";

import { expect } from "chai";

import { type Result, Target } from "../../support/flannel-install";
import {
  type Certificates,
  Mirror,
  answer,
  makeCertificates,
  makeProxy,
  serve,
} from "../../support/mirror";
import { tinyProgram } from "../../support/tiny-program";

const PROGRAM = tinyProgram("v0.28.9", 10_000);
const SECRET = "s3cret-of-the-test";

describe("flannel_install: on the wire", function () {
  this.timeout(60_000);
  let certificates: Certificates;
  let plain: Mirror;
  let other: Mirror;
  let secure: Mirror;
  let misnamed: Mirror;
  let target: Target;

  before(async () => {
    certificates = makeCertificates();
    plain = new Mirror();
    other = new Mirror();
    secure = new Mirror(certificates.good);
    misnamed = new Mirror(certificates.otherName);
    for (const mirror of [plain, other, secure, misnamed]) await mirror.start();
  });
  beforeEach(() => {
    target = new Target();
    for (const mirror of [plain, other, secure, misnamed]) mirror.behave(serve(PROGRAM));
  });
  afterEach(() => {
    target.remove();
  });
  after(async () => {
    for (const mirror of [plain, other, secure, misnamed]) await mirror.close();
    certificates.remove();
  });

  const download = (options: Result, env: Readonly<Record<string, string>> = {}): Promise<Result> =>
    target.run({ version: "v0.28.9", timeout: 2, ...options }, env);
  const succeeds = (result: Result): void => {
    expect(result["msg"]).to.equal(undefined);
    expect(readFileSync(target.binary).equals(PROGRAM)).to.equal(true);
    expect(JSON.stringify(result)).to.not.include(SECRET);
  };

  describe("TLS", () => {
    it("trusts a declared CA", async () => {
      succeeds(await download({ url: `${secure.origin}/x`, ca_file: certificates.caFile }));
    });

    it("does not trust an unknown one, and says what to do", async () => {
      const result = await download({ url: `${secure.origin}/x` });
      expect(result).to.include({ changed: false, error_code: "tls" });
      expect(result["msg"]).to.match(/unknown CA: .*, name its CA in ca_file/);
      expect(secure.seen).to.deep.equal([]);
    });

    it("does not accept a certificate for another name", async () => {
      const url = `${misnamed.origin}/x`;
      const result = await download({ url, ca_file: certificates.caFile });
      expect(result["msg"]).to.include("the server's certificate is for other names");
    });

    it("accepts anything when it is told not to look", async () => {
      for (const mirror of [secure, misnamed]) {
        succeeds(await download({ url: `${mirror.origin}/x`, validate_certs: false }));
        target.remove();
      }
    });

    it("checks names, not only addresses", async () => {
      const url = `https://localhost:${secure.port}/x`;
      succeeds(await download({ url, ca_file: certificates.caFile }));
    });

    it("says when a port does not speak it, or the CA file is of no use", async () => {
      const wrongPort = await download({ url: `https://127.0.0.1:${plain.port}/x` });
      expect(wrongPort).to.include({ error_code: "tls" });
      const missing = await download({ url: `${secure.origin}/x`, ca_file: "/no/such.pem" });
      expect(missing["msg"]).to.include("ca_file: cannot read /no/such.pem");
    });
  });

  describe("secrets", () => {
    it("in the URL are sent as basic authentication and not shown", async () => {
      const url = `http://user:${SECRET}@127.0.0.1:${plain.port}/x?signature=${SECRET}`;
      const result = await download({ url });
      succeeds(result);
      const sent = `Basic ${Buffer.from(`user:${SECRET}`).toString("base64")}`;
      expect(plain.seen[0]?.headers["authorization"]).to.equal(sent);
      expect(result["source"]).to.equal(`${plain.origin}/x`);
    });

    it("in the URL are not shown in a failure either", async () => {
      plain.behave(answer(401));
      const result = await download({ url: `http://user:${SECRET}@127.0.0.1:${plain.port}/x` });
      expect(result["msg"]).to.include(`${plain.origin}/x: HTTP 401`);
      expect(JSON.stringify(result)).to.not.include(SECRET);
    });

    it("in headers go to the host they are declared for, and stay out of the result", async () => {
      const result = await download({
        url: [`${other.origin}/x`, `${plain.origin}/x`],
        headers: { [new URL(plain.origin).host]: { "X-Token": SECRET } },
        checksum: `sha256:${plain.origin}/sums`,
      });
      // The list cannot be read as one, but it was asked for with the header, and only there.
      expect(result["msg"]).to.include("contains no SHA-256");
      expect(JSON.stringify(result)).to.not.include(SECRET);
      expect(plain.seen[0]?.headers["x-token"]).to.equal(SECRET);
      const second = await download({
        url: [`${other.origin}/x`, `${plain.origin}/x`],
        headers: { [new URL(plain.origin).host]: { "X-Token": SECRET } },
      });
      succeeds(second);
      expect(other.seen[0]?.headers["x-token"]).to.equal(undefined);
    });

    it("are dropped on the way to another host, and kept on the way within one", async () => {
      const url = `http://user:${SECRET}@127.0.0.1:${plain.port}/first`;
      plain.behave((request, response) => {
        const Location = request.url === "/first" ? "/second" : `${other.origin}/third`;
        answer(302, { Location })(request, response);
      });
      succeeds(await download({ url, headers: { "X-Token": SECRET } }));
      expect(plain.seen.map(({ url: path }) => path)).to.deep.equal(["/first", "/second"]);
      for (const { headers } of plain.seen) {
        expect(headers["x-token"]).to.equal(SECRET);
        expect(headers["authorization"]).to.match(/^Basic /);
      }
      expect(other.seen[0]?.headers["x-token"]).to.equal(undefined);
      expect(other.seen[0]?.headers["authorization"]).to.equal(undefined);
    });

    it("are not sent on when a redirect would give up TLS, which is not followed", async () => {
      secure.behave(answer(301, { Location: `${plain.origin}/x` }));
      const result = await download({ url: `${secure.origin}/x`, ca_file: certificates.caFile });
      expect(result["msg"]).to.include(`redirects to ${plain.origin}/x, which is not followed`);
      expect(plain.seen).to.deep.equal([]);
    });

    it("follow a redirect to TLS", async () => {
      plain.behave(answer(307, { Location: `${secure.origin}/x` }));
      succeeds(await download({ url: `${plain.origin}/x`, ca_file: certificates.caFile }));
    });
  });

  describe("a proxy", () => {
    it("is used for http, with its credentials, and not told those of the host", async () => {
      makeProxy(other, `proxyuser:${SECRET}`);
      const http_proxy = `http://proxyuser:${SECRET}@127.0.0.1:${other.port}`;
      succeeds(await download({ url: `${plain.origin}/x?a=b` }, { http_proxy }));
      expect(other.seen[0]?.url).to.equal(`${plain.origin}/x?a=b`);
      expect(plain.seen).to.have.length(1);
      expect(plain.seen[0]?.headers["host"]).to.equal(`127.0.0.1:${plain.port}`);
    });

    it("tunnels TLS, sees nothing of it, and the certificate is that of the server", async () => {
      makeProxy(other);
      const env = { https_proxy: other.origin };
      const url = `${secure.origin}/x`;
      succeeds(
        await download({ url, ca_file: certificates.caFile, headers: { "X-Token": SECRET } }, env),
      );
      expect(other.seen).to.have.length(1);
      expect(other.seen[0]).to.include({ method: "CONNECT", url: `127.0.0.1:${secure.port}` });
      expect(JSON.stringify(other.seen)).to.not.include(SECRET);
      target.remove();
      const untrusted = await download({ url }, env);
      expect(untrusted).to.include({ error_code: "tls" });
    });

    it("can be spoken to in TLS itself", async () => {
      makeProxy(secure);
      const env = { http_proxy: secure.origin };
      succeeds(await download({ url: `${plain.origin}/x`, ca_file: certificates.caFile }, env));
      expect(plain.seen).to.have.length(1);
    });

    it("that wants credentials is named", async () => {
      makeProxy(other, "a:b");
      const env = { http_proxy: other.origin, https_proxy: other.origin };
      for (const url of [`${plain.origin}/x`, `${secure.origin}/x`]) {
        const result = await download({ url }, env);
        expect(result).to.include({ error_code: "auth" });
        expect(result["msg"]).to.include("HTTP 407: the proxy wants credentials");
      }
    });

    it("is left out where no_proxy says so", async () => {
      makeProxy(other);
      const env = { http_proxy: other.origin, no_proxy: "127.0.0.1" };
      succeeds(await download({ url: `${plain.origin}/x` }, env));
      expect(other.seen).to.deep.equal([]);
    });

    it("that is down is named, as are its limits", async () => {
      const down = await download(
        { url: `${plain.origin}/x` },
        { http_proxy: "http://127.0.0.1:1" },
      );
      expect(down["msg"]).to.include("http://127.0.0.1:1/: connection refused");
      const socks = await download(
        { url: `${plain.origin}/x` },
        { http_proxy: "socks5://127.0.0.1:1" },
      );
      expect(socks).to.include({ error_code: "invalid_arguments" });
    });

    it("that cannot reach the server is told from a server that is down", async () => {
      makeProxy(other);
      const result = await download({ url: "http://127.0.0.1:1/x" }, { http_proxy: other.origin });
      expect(result["msg"]).to.match(/127.0.0.1:1\/x: HTTP 502/);
    });
  });
});
