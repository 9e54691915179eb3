// One change after the other, in a real directory.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { apply, nothing } from "../../../../src/modules/flannel_install/apply";
import { sha256 } from "../../../support/flannel-install";
import { RealRun } from "../../../support/flannel-install-journal";
import { tarGz } from "../../../support/tar";
import { tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: carrying out", () => {
  const program = tinyProgram("v0.28.9");
  let root: string;
  let bin_dir: string;
  let src: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "apply-install-"));
    bin_dir = join(root, "a", "sbin");
    src = join(root, "source");
    writeFileSync(src, program);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("an installation returns what it found out, and records it with its digest", async () => {
    mkdirSync(bin_dir, { recursive: true });
    const run = await RealRun.of({ bin_dir, url: [`file://${src}`] });
    const outcome = await apply(run.change("install"), nothing, run);
    expect(outcome?.version).to.include({ minor: 28, patch: 9 });
    expect(outcome?.digests).to.deep.equal({ program: sha256(program) });
    expect(outcome?.asset).to.include({ attempts: 1, bytes: program.length });
    expect(run.summaries).to.deep.equal([`install v0.28.9 as ${join(bin_dir, "flanneld")}`]);
    expect(run.journal[0]?.diff?.after).to.include(`sha256: ${sha256(program)}\n`);
    expect(run.change("install").diff?.after).to.include("known after the download");
    expect(readdirSync(bin_dir).sort()).to.deep.equal([".flanneld.origin.json", "flanneld"]);
  });

  it("an installation that fails takes its directories back, and leaves nothing", async () => {
    writeFileSync(src, "no program");
    const run = await RealRun.of({ bin_dir, src });
    await apply(run.change("create-directory"), nothing, run);
    expect(statSync(bin_dir).mode & 0o777).to.equal(0o755);
    const failure = await Promise.resolve(apply(run.change("install"), nothing, run)).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: "verification" });
    expect(run.journal).to.deep.equal([]);
    expect(run.revoked).to.deep.equal([run.change("create-directory")]);
    expect(readdirSync(root)).to.deep.equal(["source"]);
  });

  it("an installation that fails keeps a directory somebody else uses, and tells of it", async () => {
    writeFileSync(src, "no program");
    const run = await RealRun.of({ bin_dir, src });
    await apply(run.change("create-directory"), nothing, run);
    writeFileSync(join(root, "a", "foreign"), "");
    await apply(run.change("install"), nothing, run).catch(() => undefined);
    expect(run.revoked).to.have.length(1);
    expect(run.summaries).to.deep.equal([`create the directory ${join(root, "a")}`]);
    expect(readdirSync(join(root, "a"))).to.deep.equal(["foreign"]);
  });

  it("a directory that cannot be created takes those above it back", async () => {
    const run = await RealRun.of({ bin_dir: join(bin_dir, "x".repeat(300)), src });
    const failure = await Promise.resolve(
      apply(run.change("create-directory"), nothing, run),
    ).catch((error: unknown) => error);
    expect(failure).to.include({ code: "host" });
    expect(run.journal).to.deep.equal([]);
    expect(existsSync(join(root, "a"))).to.equal(false);
  });

  it("sets mode and owner, removes a file, and returns what was known before", async () => {
    mkdirSync(bin_dir, { recursive: true });
    const binary = join(bin_dir, "flanneld");
    writeFileSync(binary, program, { mode: 0o700 });
    const run = await RealRun.of({ bin_dir, mode: "0755" });
    expect(await apply(run.change("set-attributes"), nothing, run)).to.equal(nothing);
    expect(statSync(binary).mode & 0o777).to.equal(0o755);
    const removal = await RealRun.of({ bin_dir, state: "absent" });
    await apply(removal.change("remove"), nothing, removal);
    expect(readdirSync(bin_dir)).to.deep.equal([]);
  });

  it("takes the digest of every file out of an archive", async () => {
    mkdirSync(bin_dir, { recursive: true });
    const script = Buffer.from("#!/bin/sh\n");
    writeFileSync(
      src,
      tarGz([
        { name: "mk-docker-opts.sh", content: script },
        { name: "flanneld", content: program },
      ]),
    );
    const run = await RealRun.of({ bin_dir, src, mk_docker_opts: true });
    const outcome = await apply(run.change("install"), nothing, run);
    expect(outcome?.digests).to.deep.equal({
      program: sha256(program),
      "mk-docker-opts.sh": sha256(script),
    });
    expect(run.journal[0]?.diff?.after).to.include(`mk-docker-opts.sh sha256: ${sha256(script)}\n`);
  });
});
