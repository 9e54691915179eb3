import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Arch } from "../../../../src/flannel/arch";
import { translateFileError } from "../../../../src/host/file-errors";
import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import {
  tryInspectFile,
  tryInspectFileIfAny,
  tryInspectProgram,
  unlessGone,
} from "../../../../src/modules/flannel_install/inspect";
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
    expect(await tryInspectProgram(path)).to.equal(undefined);
    writeFileSync(path, "content", { mode: 0o600 });
    expect(await tryInspectFile(path)).to.include({
      ...{ sha256: sha256(Buffer.from("content")), mode: 0o600, isLink: false, names: 1 },
    });
    linkSync(path, join(directory, "twin"));
    expect(await tryInspectFile(path)).to.include({ names: 2 });
  });

  it("that another run removes while it is looked at is not there", async () => {
    const gone = Object.assign(new Error("gone"), { code: "ENOENT" });
    const translated = translateFileError(path, "read", gone);
    for (const error of [gone, translated]) {
      const seen = await unlessGone<number>(() => Promise.reject(error));
      expect(seen).to.equal(undefined);
    }
    const closed = Object.assign(new Error("closed"), { code: "EACCES" });
    const failure = await unlessGone<number>(() => Promise.reject(closed)).catch(
      (error: unknown) => error,
    );
    expect(failure).to.equal(closed);
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
    expect(await tryInspectFileIfAny(path)).to.equal(undefined);
  });

  it("tells its CPU, if it is a whole program that the kernel would run", async () => {
    const headless = tinyProgram("v0.16.1");
    headless.writeUInt16LE(0, 56);
    const programs: readonly (readonly [Buffer, Arch | undefined])[] = [
      [tinyProgram("v0.16.1"), arch],
      [tinyProgram("v0.16.1", 100).subarray(0, -1), undefined],
      [elfOf("ppc64le"), "ppc64le"],
      [headless, undefined],
      [Buffer.from("#!/bin/sh\necho v0.16.1\n"), undefined],
    ];
    for (const [program, isFor] of programs) {
      writeFileSync(path, program, { mode: 0o755 });
      expect((await tryInspectProgram(path))?.arch).to.equal(isFor);
    }
  });

  it("is trusted as far as nobody but root could have written it", async function () {
    if (process.getuid?.() !== 0) this.skip();
    writeFileSync(path, tinyProgram("v0.16.1"));
    const cases: readonly (readonly [number, number, number, number, RegExp | undefined])[] = [
      [0o755, 0, 0o755, 0, undefined],
      [0o770, 0, 0o755, 0, undefined],
      [0o757, 0, 0o755, 0, /^its mode 0757 lets others write to it$/],
      [0o775, 7, 0o755, 0, /^its mode 0775 lets others write to it$/],
      [0o755, 0, 0o777, 0, /^of its directory, its mode 0757 lets others/],
      [0o755, 0, 0o1777, 0, undefined],
      [0o755, 0, 0o2775, 0, undefined],
      [0o755, 0, 0o755, 7, /^of its directory, it belongs to the user 7$/],
    ];
    for (const [mode, gid, directoryMode, owner, reason] of cases) {
      chownSync(path, 0, gid);
      chmodSync(path, mode);
      chownSync(directory, owner, 0);
      chmodSync(directory, directoryMode);
      const { distrust = "" } = (await tryInspectProgram(path)) ?? {};
      expect(distrust).to.match(reason ?? /^$/);
    }
    chownSync(path, 7, 7);
    expect((await tryInspectProgram(path))?.distrust).to.equal("it belongs to the user 7");
  });

  it("that is a link is trusted as far as the file it leads to", async function () {
    if (process.getuid?.() !== 0) this.skip();
    mkdirSync(join(directory, "open"));
    chmodSync(join(directory, "open"), 0o777);
    writeFileSync(join(directory, "open", "program"), tinyProgram("v0.16.1"), { mode: 0o755 });
    symlinkSync("open/program", path);
    expect((await tryInspectProgram(path))?.distrust).to.include("of its directory");
  });
});
