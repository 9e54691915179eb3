import { expect } from "chai";
import fc from "fast-check";

import { messageOf } from "../../../../src/base/errors";
import {
  basicAuthorization,
  headersFor,
  parseUrl,
  secretsOfUrl,
  showUrl,
} from "../../../../src/host/download/address";
import { findLeak, userinfoForms } from "../../../support/userinfo";

describe("addresses of downloads", () => {
  it("are shown without anything that could be a secret", () => {
    const url = parseUrl("https://user:pass@m.example:8443/a/b?token=abc#frag", "url");
    expect(showUrl(url)).to.equal("https://m.example:8443/a/b");
  });

  for (const text of [
    "ftp://m/x",
    "m.example/x",
    "",
    "data:text/plain,x",
    "https://",
    "file://host/x",
  ]) {
    it(`are not "${text}"`, () => {
      expect(() => parseUrl(text, "url")).to.throw("url: ", "expected a URL");
    });
  }

  it("are not quoted with their password when they are refused", () => {
    for (const text of [
      "ftp://user:s3cret@m/x",
      "https://user:s3cret@m:99999/x",
      "https://user:s3c/s3cret@m/x",
      "https://user:s3c?@s3cret@m/x",
      "https://user:s3c#s3cret@m/x",
    ]) {
      expect(() => parseUrl(text, "url")).to.throw(/^(?!.*s3cret)/);
    }
  });

  it("are not quoted with user and password of any form when they are refused", () => {
    fc.assert(
      fc.property(userinfoForms, ({ address, user, password }) => {
        let message = "";
        try {
          parseUrl(`${address}?sig=0123456789`.replace(/^https?:/i, "gopher:"), "url");
        } catch (error) {
          message = messageOf(error);
        }
        expect(message).to.include("expected a URL").and.not.include("01234567");
        expect(findLeak(message, user, password)).to.equal(undefined);
      }),
      { numRuns: 2000 },
    );
  });

  const secrets: readonly (readonly [string, readonly string[]])[] = [
    ["https://me:p%40ss@m/", ["p%40ss", "p@ss", "me:p%40ss", "me:p@ss"]],
    ["me:secret@proxy.example:3128", ["secret", "me:secret"]],
    ["sha256:https://me:secret@m/?sig=0123456789", ["secret", "me:secret", "0123456789"]],
    ["https://token@m/", ["token"]],
    ["https://m/?sig=0123456789&v=1", ["0123456789"]],
    ["https://m:99999/?sig=01234%2B56789#x", ["01234%2B56789", "01234+56789"]],
    ["https://m/x#0123456789", ["0123456789"]],
    ["not a url", []],
  ];
  for (const [text, expected] of secrets) {
    it(`give up their secrets, as written and as meant: ${text}`, () => {
      expect(secretsOfUrl(text)).to.deep.equal(expected);
    });
  }

  it("hold credentials as basic authentication sends them", () => {
    const header = basicAuthorization(new URL("https://me:p%40ss%3A@m/"));
    expect(Buffer.from(header?.slice(6) ?? "", "base64").toString()).to.equal("me:p@ss:");
    expect(basicAuthorization(new URL("https://m/"))).to.equal(undefined);
  });

  it("get the headers that were declared for their host and port, and no others", () => {
    const declared = [
      { host: "M.example", headers: { Authorization: "one" } },
      { host: "m.example:8443", headers: { Authorization: "two" } },
    ];
    const headersOf = (url: string): unknown => headersFor(new URL(url), declared);
    expect(headersOf("https://m.example/x")).to.deep.equal({ Authorization: "one" });
    expect(headersOf("https://m.example:443/x")).to.deep.equal({ Authorization: "one" });
    expect(headersOf("https://m.example:8443/x")).to.deep.equal({ Authorization: "two" });
    for (const other of ["https://m.example:8080/", "https://a.m.example/", "https://example/"]) {
      expect(headersOf(other), other).to.deep.equal({});
    }
  });
});
