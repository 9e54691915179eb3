// Mode and owner of a file that stays, and of none of its other names.

import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { StaleObservationError } from "../../../../src/base/errors";
import { setAttributes } from "../../../../src/modules/flannel_install/attributes";
import {
  type AttributesSetting,
  attributesSetting,
} from "../../../../src/modules/flannel_install/changes";
import { declare } from "../../../../src/modules/flannel_install/declare";
import { tryInspectFile } from "../../../../src/modules/flannel_install/inspect";
import { optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: mode and owner", () => {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  let directory: string;
  let other: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "attributes-"));
    other = join(directory, "other");
    writeFileSync(other, "content", { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const changeOf = async (path: string): Promise<AttributesSetting> => {
    const state = await tryInspectFile(path);
    if (state === undefined) throw new Error("no file");
    return attributesSetting(path, state, { mode: 0o750, uid, gid });
  };
  const pathsOf = () => declare(optionsWith({ bin_dir: directory })).paths;
  const modeOf = (path: string): number => lstatSync(path).mode & 0o7777;

  it("are set on the file itself", async () => {
    const { ino } = statSync(other);
    await setAttributes(await changeOf(other), pathsOf());
    expect(modeOf(other)).to.equal(0o750);
    expect(statSync(other).ino).to.equal(ino);
    expect(readdirSync(directory)).to.deep.equal(["other"]);
  });

  for (const [what, link] of Object.entries({ "a link": symlinkSync, "a second name": linkSync })) {
    it(`are set on a copy where there is ${what}, and the other stays as it is`, async () => {
      const path = pathsOf().binary;
      link(other, path);
      await setAttributes(await changeOf(path), pathsOf());
      expect(modeOf(path)).to.equal(0o750);
      expect(lstatSync(path).isFile()).to.equal(true);
      expect(readFileSync(path, "utf8")).to.equal("content");
      expect(modeOf(other)).to.equal(0o755);
      expect(readdirSync(directory).sort()).to.deep.equal(["flanneld", "other"]);
    });
  }

  it("are not set on what has come in its place", async () => {
    const change = await changeOf(other);
    rmSync(other);
    symlinkSync("/etc/passwd", other);
    const failure = await setAttributes(change, pathsOf()).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StaleObservationError);
    expect(statSync("/etc/passwd").mode & 0o777).to.equal(0o644);
  });

  it("of a copy are those of what was looked at, or there is none", async () => {
    const path = pathsOf().binary;
    symlinkSync(other, path);
    const change = await changeOf(path);
    chmodSync(other, 0o700);
    writeFileSync(other, "another content");
    const failure = await setAttributes(change, pathsOf()).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StaleObservationError);
    expect(lstatSync(path).isSymbolicLink()).to.equal(true);
    expect(readdirSync(directory).sort()).to.deep.equal(["flanneld", "other"]);
  });
});
