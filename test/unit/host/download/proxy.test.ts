// Which proxy is asked, and which is not.

import { expect } from "chai";
import fc from "fast-check";

import { proxyFor } from "../../../../src/host/download/proxy";

describe("a proxy of downloads", () => {
  const proxied: readonly (readonly [string, Record<string, string>, string | undefined])[] = [
    ["http://m/", { http_proxy: "http://p:3128" }, "http://p:3128/"],
    ["http://m/", { HTTP_PROXY: "http://p:3128" }, "http://p:3128/"],
    ["http://m/", { http_proxy: "http://a:1", HTTP_PROXY: "http://b:1" }, "http://a:1/"],
    ["http://m/", { http_proxy: "p:3128" }, "http://p:3128/"],
    ["http://m/", { https_proxy: "http://p:3128" }, undefined],
    ["https://m/", { https_proxy: "https://p" }, "https://p/"],
    ["https://m/", { http_proxy: "http://p:3128" }, undefined],
    ["https://m/", { https_proxy: "" }, undefined],
    ["https://m/", {}, undefined],
    ["https://m/", { all_proxy: "http://p:3128" }, "http://p:3128/"],
    ["http://m/", { ALL_PROXY: "http://p:3128" }, "http://p:3128/"],
    ["http://m/", { all_proxy: "socks5://p", http_proxy: "http://q:1" }, "http://q:1/"],
    ["http://m/", { all_proxy: "socks5://p", no_proxy: "m" }, undefined],
  ];
  for (const [url, environment, expected] of proxied) {
    it(`${url} with ${JSON.stringify(environment)} is ${String(expected)}`, async () => {
      expect((await proxyFor(new URL(url), environment))?.href).to.equal(expected);
    });
  }

  const exempt: readonly (readonly [string, string, boolean])[] = [
    ["http://m.example/", "m.example", true],
    ["http://a.m.example/", "m.example", true],
    ["http://am.example/", "m.example", false],
    ["http://a.m.example/", ".m.example", true],
    ["http://a.m.example/", "*.m.example", true],
    ["http://m.example/", "x, m.example", true],
    ["http://m.example/", "x m.example", true],
    ["http://M.EXAMPLE/", "m.example", true],
    ["http://m.example/", "M.Example", true],
    ["http://m.example:81/", "m.example:81", true],
    ["http://m.example/", "m.example:80", true],
    ["http://m.example/", "m.example:81", false],
    ["http://m.example/", "*", true],
    ["http://10.0.0.1/", "10.0.0.1", true],
    ["http://10.0.0.11/", "10.0.0.1", false],
    ["http://[::1]/", "::1", true],
    ["http://[::1]:81/", "[::1]:81", true],
    ["http://[::1]:82/", "[::1]:81", false],
    ["http://m.example/", "", false],
    ["http://m.example/", ",", false],
    ["http://10.97.3.4/", "10.96.0.0/12", true],
    ["http://10.95.3.4/", "10.96.0.0/12", false],
    ["http://10.97.3.4:81/", "x,10.96.0.0/12", true],
    ["http://127.0.0.1/", "0.0.0.0/0", true],
    ["http://[fd00::5]/", "fd00::/8", true],
    ["http://[fe80::5]/", "fd00::/8", false],
    ["http://10.0.0.1/", "fd00::/8", false],
    ["http://10.0.0.1/", "10.0.0.0/33", false],
    ["http://m.example/", "10.0.0.0/8", false],
    ["http://10.0.0.1/", "10.0.0.0/", false],
    ["http://127.0.0.1/", "x,127.", true],
    ["http://127.0.0.1/", "127.*", true],
    ["http://127.0.0.1:81/", "127.0.0.*", true],
    ["http://10.96.3.4/", "10.96.*.*", true],
    ["http://10.97.3.4/", "10.96.*", false],
    ["http://128.0.0.1/", "12.", false],
    ["http://127.example/", "127.", false],
    ["http://10.0.0.1/", "*.*", false],
    ["http://10.0.0.1/", "10.*.0", false],
  ];
  for (const [url, noProxy, isExempt] of exempt) {
    it(`is ${isExempt ? "not " : ""}used for ${url} when no_proxy is "${noProxy}"`, async () => {
      const environment = { http_proxy: "http://p:3128", no_proxy: noProxy };
      expect((await proxyFor(new URL(url), environment)) === undefined).to.equal(isExempt);
    });
  }

  it("must be an HTTP one", async () => {
    for (const name of ["https_proxy", "ALL_PROXY"]) {
      const refusal = await proxyFor(new URL("https://m/"), { [name]: "socks5://p:1080" }).catch(
        (error: unknown) => error,
      );
      expect(String(refusal)).to.include(
        `${name.toLowerCase()}: expected the URL of an HTTP proxy`,
      );
    }
  });

  it("is decided without fault for any no_proxy", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.webUrl({ validSchemes: ["http"] }), async (noProxy, url) => {
        const environment = { http_proxy: "http://p:1", no_proxy: noProxy };
        const { hostname } = new URL(url);
        expect((await proxyFor(new URL(url), environment))?.host ?? "p:1").to.equal("p:1");
        const named = { ...environment, no_proxy: `x,${hostname},y` };
        expect(await proxyFor(new URL(url), named)).to.equal(undefined);
      }),
    );
  });
});
