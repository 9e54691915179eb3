import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Arch } from "../../../../src/flannel/release-assets";
import { tagOf } from "../../../../src/flannel/version";
import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import { tryInspectBinary, tryInspectFile } from "../../../../src/modules/flannel_install/inspect";
import { sha256 } from "../../../support/flannel-install";
import { elfOf, tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: an installed file", () => {
  const arch: Arch = readCpu().arch ?? "amd64";
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "inspect-"));
    path = join(directory, "flanneld");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("is told with its digest and attributes, or not at all", async () => {
    expect(await tryInspectFile(path)).to.equal(undefined);
    expect(await tryInspectBinary(path, arch)).to.equal(undefined);
    writeFileSync(path, "content", { mode: 0o600 });
    expect(await tryInspectFile(path)).to.include({
      ...{ sha256: sha256(Buffer.from("content")), mode: 0o600, isLink: false },
    });
  });

  it("that is a link is read through it; one that leads nowhere is none", async () => {
    symlinkSync("target", path);
    expect(await tryInspectFile(path)).to.equal(undefined);
    writeFileSync(join(directory, "target"), "content");
    expect(await tryInspectFile(path)).to.include({ isLink: true });
  });

  it("that is a directory is in the way", async () => {
    mkdirSync(path);
    const failure = await tryInspectFile(path).catch((error: unknown) => error);
    expect(String(failure)).to.include("a directory is in the way, move it aside");
  });

  it("tells its version, if it is a whole program for this CPU", async () => {
    const programs: readonly (readonly [Buffer, Arch | undefined, string | undefined])[] = [
      [tinyProgram("v0.16.1"), arch, "v0.16.1"],
      [tinyProgram("v0.16.1", 100).subarray(0, -1), undefined, undefined],
      [elfOf("ppc64le"), "ppc64le", undefined],
      [Buffer.from("#!/bin/sh\necho v0.16.1\n"), undefined, undefined],
    ];
    for (const [program, isFor, version] of programs) {
      rmSync(path, { force: true });
      writeFileSync(path, program, { mode: 0o755 });
      const binary = await tryInspectBinary(path, arch);
      expect(binary?.arch).to.equal(isFor);
      expect(binary?.version && tagOf(binary.version)).to.equal(version);
    }
  });
});
