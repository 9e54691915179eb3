import { expect } from "chai";
import fc from "fast-check";

import {
  decodePercent,
  tryParseUrl,
  userinfoIn,
  withoutUserinfo,
} from "../../../src/base/userinfo";
import { findLeak, userinfoForms } from "../../support/userinfo";

describe("user and password in addresses", () => {
  const secrets: readonly (readonly [string, readonly string[]])[] = [
    ["https://me:p%40ss@m/", ["p%40ss", "p@ss", "me:p%40ss", "me:p@ss"]],
    ["https://token@m/", ["token"]],
    ["https://:secret@m/", ["secret", ":secret"]],
    ["https://me:@m/", ["me"]],
    ["https://ghp_0123456789:x-oauth-basic@m/", ["ghp_0123456789"]],
    ["me:secret@m", ["secret", "me:secret"]],
    ["http:me:secret@m", ["secret", "me:secret"]],
    ["http:/me:secret@m", ["secret", "me:secret"]],
    ["https:://me:secret@m", ["secret"]],
    ["ftp://me:secret@m:99999/x", ["secret"]],
    ["http://me:secret@m:99999/x@y", ["secret"]],
    ["https://me:se/cr?e#t@m", ["se/cr?e#t"]],
    ["https://me:12/secret@m", ["12/secret"]],
    ["https://me:se@cret@m", ["se@cret"]],
    ["socks5://me:se\\cret@m:1080", ["se\\cret", "me:se\\cret"]],
    ["https://me:s@eCRET/2@m/x", ["s@eCRET/2", "s@ecret/2"]],
    ["https://me:100%@m/", ["100%"]],
    ["https://me:p%40ss%@m/", ["p@ss%"]],
    ["sha512:https://me:secret@m/sums", ["secret", "me:secret"]],
    ["SHA256:me:secret@m", ["secret", "me:secret"]],
    [" https://me:secret@m ", ["secret"]],
    ["ghp_0123456789,x://secret@m", ["ghp_0123456789,x", "//secret"]],
    ["http:/ghp_0123456789:x://secret@m", ["ghp_0123456789", "x://secret"]],
  ];
  for (const [text, expected] of secrets) {
    it(`are in ${text}`, () => {
      expect(userinfoIn(text)).to.include.members([...expected]);
    });
  }

  for (const text of [
    "",
    "https://m.example/x",
    "https://m.example:8443/flannel@v1/flanneld",
    "https://m/@scope/x",
    "https://m.example\\x@y",
    "https://[::1]:8443/x@y",
    "10.8.0.101:2379",
    "not an address",
  ]) {
    it(`are not in "${text}"`, () => {
      expect(userinfoIn(text)).to.deep.equal([]);
    });
  }

  const shown: readonly (readonly [string, string])[] = [
    ["https://m/x", "https://m/x"],
    ["https://me:secret@m/x", "https://m/x"],
    ["ftp://me:s/e?c#r@et@m/x", "ftp://m/x"],
    ["me:secret@m:2379", "m:2379"],
    ["sha512:https://me:secret@m/x", "sha512:https://m/x"],
    ["https:me:secret@m", "m"],
    [" SHA-256: https://me:secret@m/x", " SHA-256: https://m/x"],
    ["ghp_0123456789,x://secret@m", "m"],
    ["ghp_0123456789=x://secret@m", "m"],
    ["ghp_0123456789(x://secret@m", "m"],
    ["ghp_0123456789'x://secret@m", "m"],
    ["ab,cdefgh://secret@m", "m"],
    ["http:/ghp_0123456789:x://secret@m", "m"],
    ["sha256:http:/ghp_0123456789:x://secret@m", "m"],
  ];
  for (const [text, expected] of shown) {
    it(`are not shown: ${text}`, () => {
      expect(withoutUserinfo(text)).to.equal(expected);
    });
  }

  it("are never shown, in part or whole, whatever they are", () => {
    fc.assert(
      fc.property(userinfoForms, ({ address, user, password }) => {
        const told = withoutUserinfo(address);
        expect(findLeak(told, user, password)).to.equal(undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("are found, as written and as meant, whatever they are", () => {
    fc.assert(
      fc.property(userinfoForms, ({ address, password }) => {
        // "https://to/ken@host" is a host and its path for everybody.
        const url = tryParseUrl(address);
        fc.pre(url === undefined || url.username + url.password !== "" || url.host === "");
        fc.pre(!password.endsWith(":")); // "token:" is a user, and the colon none of it
        const found = userinfoIn(address);
        const meant = password.replace(/^[/@]+/, "");
        expect(found.some((secret) => secret.endsWith(meant))).to.equal(true);
        expect(found.some((secret) => secret.endsWith(decodePercent(meant)))).to.equal(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("are decoded as far as they are encoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodePercent(encodeURIComponent(text))).to.equal(text);
      }),
    );
    expect(decodePercent("100%")).to.equal("100%");
    expect(decodePercent("%ff%41")).to.equal("%ff%41");
  });
});
