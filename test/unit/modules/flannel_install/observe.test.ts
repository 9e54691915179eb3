// What is found on a host: a real directory of this one.

import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { declare } from "../../../../src/modules/flannel_install/declare";
import { type Observed, observe } from "../../../../src/modules/flannel_install/observe";
import { type Options, digest, optionsWith } from "../../../support/flannel-install-scenes";
import { sha256 } from "../../../support/flannel-install";
import { tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: what is there", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "observe-install-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const look = (options: Options = {}): Promise<Observed> =>
    observe(declare(optionsWith({ bin_dir: directory, ...options })));

  it("knows what killed runs left", async () => {
    const leftover = join(directory, ".flanneld.new-4194305-asset");
    writeFileSync(leftover, "half");
    expect((await look()).directory.leftovers).to.deep.equal([leftover]);
  });

  it("reads the binary, what is kept of it, and the directory as it is", async () => {
    const program = tinyProgram("v0.16.1");
    writeFileSync(join(directory, "flanneld"), program, { mode: 0o755 });
    writeFileSync(join(directory, ".flanneld.previous-v0.15.1"), "old");
    const { cpu, directory: seen, installed, running } = await look();
    expect(cpu).to.include({ machine: machine() });
    expect(installed.binary).to.deep.include({
      sha256: sha256(program),
      mode: 0o755,
      arch: cpu.arch,
      isLink: false,
    });
    expect(installed.binary?.version).to.include({ major: 0, minor: 16, patch: 1 });
    expect(installed.script).to.equal(undefined);
    expect(installed.kept.map(({ version }) => version)).to.deep.equal(["v0.15.1"]);
    expect(seen.names).to.have.members(["flanneld", ".flanneld.previous-v0.15.1"]);
    expect(seen.missing).to.deep.equal([]);
    const binary = join(directory, "flanneld");
    expect([...seen.inodes]).to.deep.equal([[binary, statSync(binary).ino]]);
    expect(running).to.deep.equal({ current: 0, replaced: 0 });
  });

  it("names every directory that is missing, the outermost first", async () => {
    const bin_dir = join(directory, "a", "b");
    expect((await look({ bin_dir })).directory.missing).to.deep.equal([
      join(directory, "a"),
      bin_dir,
    ]);
  });

  it("does not throw at accounts that are not there yet", async () => {
    const { account } = await look({ owner: "no-such-user", group: "no-such-group" });
    expect(account).to.deep.equal({ uid: undefined, gid: undefined });
    expect((await look({ owner: "0", group: "root" })).account).to.deep.equal({ uid: 0, gid: 0 });
  });

  it("follows a symbolic link for reading, and says that it is one", async () => {
    mkdirSync(join(directory, "elsewhere"));
    writeFileSync(join(directory, "elsewhere", "flanneld"), tinyProgram("v0.28.9"), {
      mode: 0o755,
    });
    symlinkSync("elsewhere/flanneld", join(directory, "flanneld"));
    const { binary } = (await look()).installed;
    expect(binary).to.include({ isLink: true });
    expect(binary?.version).to.include({ minor: 28 });
  });

  it("asks nobody for a digest when the state is absent", async () => {
    const checksum = `sha256:${digest("a")}`;
    expect((await look({ state: "absent", checksum })).digest).to.deep.equal({
      kind: "undeclared",
    });
    expect((await look({ checksum })).digest).to.deep.equal({ kind: "known", sha256: digest("a") });
  });
});
