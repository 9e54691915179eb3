// Which release an installed binary is, and when it is run to tell it: never, if a digest can.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { FLANNELD } from "../../../../src/flannel/release-assets";
import { tagOf } from "../../../../src/flannel/version";
import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import { type ExpectedDigest } from "../../../../src/modules/flannel_install/expected-digest";
import { tryInspectProgram } from "../../../../src/modules/flannel_install/inspect";
import {
  type Knowledge,
  findInstalledVersion,
  isRightBinary,
} from "../../../../src/modules/flannel_install/installed-version";
import { askVersion } from "../../../../src/modules/flannel_install/runnable";
import { sha256 } from "../../../support/flannel-install";
import { binaryOf, digest, sourceWith } from "../../../support/flannel-install-scenes";
import { daemonProgram, tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: the version of an installed binary", () => {
  const directory = mkdtempSync(join(tmpdir(), "installed-version-"));
  const path = join(directory, "flanneld");
  const cpu = readCpu();
  const source = sourceWith({}, cpu.arch ?? "amd64");
  const undeclared: ExpectedDigest = { kind: "undeclared" };
  const known = (sha: string): ExpectedDigest => ({ kind: "known", sha256: sha });
  /** What it says when it is run is not what its bytes are known for. */
  const liar = tinyProgram("v0.1.0");
  const whole = tinyProgram("v0.28.9");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const tell = async (
    program: Buffer,
    more: Partial<Knowledge>,
    mode = 0o755,
  ): Promise<unknown> => {
    writeFileSync(path, program);
    chmodSync(path, mode);
    const seen = await tryInspectProgram(path);
    if (seen === undefined) throw new Error("no file");
    const nothing = { origins: {}, digest: undeclared, source, cpu };
    const version = await findInstalledVersion(path, seen, { ...nothing, ...more });
    return version && tagOf(version);
  };
  const recorded = { program: { sha256: sha256(liar), version: "v0.27.0" } };
  const asKept = {
    kept: [{ name: ".flanneld.previous-v0.26.0", sha256: sha256(liar), version: "v0.26.0" }],
  };
  const ofArchive = {
    program: { sha256: sha256(liar), version: "v0.28.9", archive_sha256: digest("c") },
  };

  const cases: readonly (readonly [string, Buffer, Partial<Knowledge>, string | undefined])[] = [
    ["what was written down of its digest", liar, { origins: recorded }, "v0.27.0"],
    ["what was written down when it was kept", liar, { origins: asKept }, "v0.26.0"],
    ["that for a removal, too", liar, { origins: recorded, source: undefined }, "v0.27.0"],
    ["nothing for a removal of what is not written down", liar, { source: undefined }, undefined],
    [
      "the declared one, if its digest is declared",
      whole,
      { digest: known(sha256(whole)) },
      "v0.28.9",
    ],
    ["none, if the digest is another", whole, { digest: known(digest("b")) }, undefined],
    ["none that is nowhere in it", liar, { digest: known(sha256(liar)) }, undefined],
    ["that of its archive", liar, { origins: ofArchive, digest: known(digest("c")) }, "v0.28.9"],
    ["what it answers, if nothing is known of it", liar, {}, "v0.1.0"],
    ["what it answers, if another file is written down", whole, { origins: recorded }, "v0.28.9"],
  ];
  for (const [what, program, more, version] of cases) {
    it(`is ${what}`, async () => {
      expect(await tell(program, more)).to.equal(version);
    });
  }

  it("is what is known, also where it cannot be run", async () => {
    expect(await tell(liar, { origins: recorded }, 0o640)).to.equal("v0.27.0");
    expect(await tell(whole, { digest: known(sha256(whole)) }, 0o640)).to.equal("v0.28.9");
    expect(await tell(whole, {}, 0o640)).to.equal(undefined);
  });

  it("makes it the right one together with its CPU and its digest", () => {
    const amd64 = sourceWith({}, "amd64");
    const isRight = (
      binary: Parameters<typeof binaryOf>,
      expected: ExpectedDigest = undeclared,
    ): boolean => isRightBinary(binaryOf(...binary), amd64, {}, expected);
    expect(isRight(["v0.28.9"])).to.equal(true);
    expect(isRight(["v0.28.9"], known(digest("a")))).to.equal(true);
    expect(isRight(["v0.28.9"], known(digest("b")))).to.equal(false);
    expect(isRight(["v0.28.9", { arch: "arm64" }])).to.equal(false);
    expect(isRight(["v0.28.8"])).to.equal(false);
    expect(isRight([undefined], known(digest("a")))).to.equal(false);
    expect(isRightBinary(undefined, amd64, {}, undeclared)).to.equal(false);
  });

  it("is not asked of what anybody could have written", async () => {
    expect(await tell(whole, {}, 0o777)).to.equal(undefined);
    expect(await tell(liar, { origins: recorded }, 0o777)).to.equal("v0.27.0");
  });

  it("is waited for, but not for ever", () => {
    writeFileSync(path, daemonProgram("v0.28.9"));
    chmodSync(path, 0o755);
    expect(askVersion(path, FLANNELD)).to.include({ exitCode: 0 });
    const waiting = tinyProgram("v0.28.9");
    waiting.writeUInt16LE(0xfeeb, 120); // jmp to itself
    writeFileSync(path, waiting);
    expect(() => askVersion(path, FLANNELD, 200)).to.throw("gave no answer within 0.2 s");
  });
});
