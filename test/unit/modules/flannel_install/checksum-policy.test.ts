// What is declared and known of digests.

import { expect } from "chai";

import { declareChecksums } from "../../../../src/modules/flannel_install/checksum-policy";
import { digest } from "../../../support/flannel-install-scenes";

const declareWith = (options: Readonly<Record<string, unknown>>) =>
  declareChecksums({ require_checksum: false, ...options });

describe("flannel_install: checksums", () => {
  it("are one for all CPUs, or one for each", () => {
    const one = declareWith({ checksum: `sha256:${digest("a")}` });
    expect(one.declaredFor("arm")).to.deep.equal(one.declaredFor("amd64"));
    const each = declareWith({
      checksum: { amd64: `sha256:${digest("a")}`, aarch64: `sha512:${"b".repeat(128)}` },
    });
    expect(each.architectures).to.deep.equal(["amd64", "arm64"]);
    expect(each.declaredFor("arm64")).to.deep.equal({
      kind: "digest",
      digest: { algorithm: "sha512", hex: "b".repeat(128) },
    });
    expect(() => each.declaredFor("s390x")).to.throw("there is none for s390x, only for amd64");
  });

  it("are known of files, as texts or in dictionaries", () => {
    const known_checksums = {
      a: digest("a"),
      b: `sha256:${digest("b")}`,
      c: { sha256: digest("c"), source: "somewhere" },
    };
    expect(declareWith({ known_checksums }).known).to.deep.equal({
      ...{ a: digest("a"), b: digest("b"), c: digest("c") },
    });
  });

  it("may be none, on purpose", () => {
    expect(declareWith({ checksum: "none" })).to.include({ isWaived: true });
    expect(declareWith({}).isWaived).to.equal(false);
  });

  const refusals: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ checksum: "none", require_checksum: true }, "require_checksum demands one"],
    [{ checksum: ["sha256:x"] }, "expected sha256:HEX"],
    [{ checksum: { amd64: 5 } }, "checksum: amd64: expected sha256:HEX"],
    [{ checksum: { amd46: `sha256:${digest("a")}` } }, "not a CPU flannel is built for"],
    [{ checksum: { amd64: "sha256:abc" } }, "followed by 64 hexadecimal digits"],
    [{ known_checksums: { a: "abc" } }, "known_checksums: a: expected a SHA-256"],
    [{ known_checksums: { a: { sha512: "b" } } }, "known_checksums: a: expected a SHA-256"],
  ];
  for (const [options, message] of refusals) {
    it(`are not ${JSON.stringify(options)}`, () => {
      expect(() => declareWith(options)).to.throw(message);
    });
  }
});
