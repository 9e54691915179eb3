import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import fc from "fast-check";

import { messageOf } from "../../../src/base/errors";
import { type Lookup, findChecksum, parseChecksum, sha256OfFile } from "../../../src/host/checksum";
import { findLeak, userinfoForms } from "../../support/userinfo";

const A = "a".repeat(64);
const B = "b".repeat(64);

const lookup = (...names: string[]): Lookup => ({ names, algorithm: "sha256", origin: "list" });

describe("checksums", () => {
  it("are declared as a digest, in any case", () => {
    const wanted = { kind: "digest", digest: { algorithm: "sha256", hex: A } };
    expect(parseChecksum(`sha256:${A}`)).to.deep.equal(wanted);
    expect(parseChecksum(` sha256: ${A.toUpperCase()} `)).to.deep.equal(wanted);
  });

  it("are declared as the address of a list", () => {
    expect(parseChecksum("sha256:https://m/{version}/sums.txt")).to.deep.equal({
      kind: "list",
      algorithm: "sha256",
      url: "https://m/{version}/sums.txt",
    });
  });

  it("are declared by other algorithms, each with its own number of digits", () => {
    for (const [algorithm, digits] of [
      ["sha384", 96],
      ["sha512", 128],
    ] as const) {
      const hex = "c".repeat(digits);
      expect(parseChecksum(`${algorithm}:${hex}`)).to.deep.equal({
        kind: "digest",
        digest: { algorithm, hex },
      });
      expect(parseChecksum(`${algorithm}:https://m/s`)).to.include({ kind: "list", algorithm });
      expect(() => parseChecksum(`${algorithm}:${A}`)).to.throw(
        `expected ${algorithm}: followed by ${digits} hexadecimal digits`,
      );
    }
  });

  for (const name of ["md5", "sha1", "SHA-1"]) {
    it(`are not ${name}, which can be forged`, () => {
      expect(() => parseChecksum(`${name}:${"d".repeat(40)}`)).to.throw("can be forged, expected");
    });
  }

  for (const text of ["", A, "sha256:", "sha256:abc", `sha256:${A}0`, "sha256:ftp://m"]) {
    it(`are not "${text.slice(0, 20)}"`, () => {
      expect(() => parseChecksum(text)).to.throw("expected sha256: followed by");
    });
  }

  it("are refused without the user and password of their address", () => {
    fc.assert(
      fc.property(
        userinfoForms,
        fc.constantFrom("sha512:ftp:", "SHA256:", "sha256", "md5:", "sha256:ftp:"),
        ({ address, user, password }, prefix) => {
          let message = "";
          try {
            parseChecksum(`${prefix}${address}?sig=0123456789`);
          } catch (error) {
            message = messageOf(error);
          }
          expect(message).to.include("expected sha").and.not.include("01234567");
          expect(findLeak(message, user, password)).to.equal(undefined);
        },
      ),
      { numRuns: 2000 },
    );
  });

  const lists: readonly (readonly [string, string])[] = [
    ["text", `${B}  other\n${A}  flanneld-amd64\n`],
    ["binary", `${A} *flanneld-amd64\n`],
    ["tagged", `SHA256 (other) = ${B}\nSHA256 (flanneld-amd64) = ${A}\n`],
    ["with directories", `${A}  ./dist/flanneld-amd64\n`],
    ["with Windows line ends", `${B}  other\r\n${A}  flanneld-amd64\r\n`],
    ["a single digest without a name", `${A}\n`],
    ["with the digest twice", `${A}  flanneld-amd64\n${A}  flanneld-amd64\n`],
    ["in capitals", `${A.toUpperCase()}  flanneld-amd64\n`],
    ["with comments", `# checksums\n\n${A}  flanneld-amd64\n`],
  ];
  for (const [form, list] of lists) {
    it(`are found in a list: ${form}`, () => {
      expect(findChecksum(list, lookup("flanneld-amd64"))).to.equal(A);
    });
  }

  it("are found under the first name that is in the list", () => {
    const list = `${A}  one\n${B}  two\n`;
    expect(findChecksum(list, lookup("zero", "two", "one"))).to.equal(B);
  });

  const answers: readonly (readonly [string, string])[] = [
    ["contains no SHA-256 for flanneld-amd64", `${A}  flanneld-arm64\n`],
    ["contains no SHA-256", `${A}  flanneld-amd64.sig\n`],
    ["contains no SHA-256", ""],
    ["(0 of its 1 lines", "<html>not found</html>"],
    ["contains different SHA-256 digests", `${A}  flanneld-amd64\n${B}  dist/flanneld-amd64\n`],
  ];
  for (const [message, list] of answers) {
    it(`are missed aloud: ${message}`, () => {
      expect(() => findChecksum(list, lookup("flanneld-amd64"))).to.throw(message);
    });
  }

  const page = (...assets: unknown[]): string => JSON.stringify({ tag_name: "v0.28.9", assets });
  it("are found in what a release page says of its files", () => {
    const list = page(
      { name: "flanneld-arm64", digest: `sha256:${B}` },
      { name: "flanneld-amd64", digest: `sha256:${A}`, size: 5 },
    );
    expect(findChecksum(list, lookup("flanneld-amd64"))).to.equal(A);
  });

  it("are missed on a release page of before June 2025, and on what is none", () => {
    for (const list of [
      page({ name: "flanneld-amd64", digest: null }, { name: "flanneld-amd64" }, null),
      page({ name: "flanneld-amd64", digest: `sha512:${A}${A}` }),
      '{"message":"Not Found"}',
      "{",
    ]) {
      expect(() => findChecksum(list, lookup("flanneld-amd64"))).to.throw("contains no SHA-256");
    }
  });

  it("are found by their own algorithm, in a list that has several", () => {
    const long = "e".repeat(128);
    const list = `${A}  f\n${long}  f\nSHA256 (g) = ${A}\nSHA512 (g) = ${long}\n`;
    for (const name of ["f", "g"]) {
      expect(findChecksum(list, { ...lookup(name), algorithm: "sha512" })).to.equal(long);
      expect(findChecksum(list, lookup(name))).to.equal(A);
    }
  });

  it("are those of the whole file", async () => {
    const directory = mkdtempSync(join(tmpdir(), "checksum-"));
    try {
      for (const bytes of [0, 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000]) {
        const content = Buffer.alloc(bytes, "flannel");
        writeFileSync(join(directory, "f"), content);
        const expected = createHash("sha256").update(content).digest("hex");
        expect(await sha256OfFile(join(directory, "f"))).to.equal(expected);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
