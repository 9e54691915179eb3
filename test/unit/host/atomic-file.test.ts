import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
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

import { removeFile, replaceFile, tryReadFile } from "../../../src/host/atomic-file";
import { tryStartOf } from "../../../src/host/proc";

describe("whole-file changes", () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "atomic-"));
    file = join(directory, "unit");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("write content and mode, and leave nothing else behind", async () => {
    await replaceFile(file, "one", { mode: 0o640 });
    await replaceFile(file, "two", { mode: 0o600 });
    expect(tryReadFile(file)).to.deep.include({ content: "two", mode: 0o600 });
    expect(readdirSync(directory)).to.deep.equal(["unit"]);
  });

  it("give a file that is being read its new content under a new inode", async () => {
    writeFileSync(file, "running");
    const before = statSync(file).ino;
    await replaceFile(file, "new", { mode: 0o755 });
    expect(statSync(file).ino).to.not.equal(before);
  });

  it("set ids before the mode, which a chown would strip", async () => {
    await replaceFile(file, "x", { mode: 0o4755, uid: 65534, gid: 65534 });
    expect(tryReadFile(file)).to.include({ mode: 0o4755, uid: 65534, gid: 65534 });
  });

  it("clear away what a killed run staged, and only that", async () => {
    writeFileSync(join(directory, ".unit.new-4194305.1"), "half");
    writeFileSync(join(directory, ".other.new-4194305.1"), "not ours");
    await replaceFile(file, "whole", { mode: 0o644 });
    expect(readdirSync(directory).sort()).to.deep.equal([".other.new-4194305.1", "unit"]);
  });

  it("leave alone what another run is about to put there", async () => {
    const other = spawn("sleep", ["60"]);
    try {
      await once(other, "spawn");
      const start = String(tryStartOf(other.pid ?? 0));
      const staged = `.unit.new-${String(other.pid)}.${start}`;
      writeFileSync(join(directory, staged), "half");
      await replaceFile(file, "whole", { mode: 0o644 });
      expect(readdirSync(directory).sort()).to.deep.equal([staged, "unit"]);
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("are made by several runs at once, and each succeeds", async () => {
    const room = join(__dirname, "../../../src/host/atomic-file.ts");
    const script = `require("ts-node/register/transpile-only");
      const { replaceFile } = require(${JSON.stringify(room)});
      (async () => {
        for (let i = 0; i < 100; i++) await replaceFile(${JSON.stringify(file)}, "x", { mode: 0o644 });
      })();`;
    const runs = [1, 2, 3].map(() => spawn(process.execPath, ["-e", script], { stdio: "ignore" }));
    const ends = await Promise.all(runs.map((run) => once(run, "exit")));
    expect(ends.map(([exitCode]) => exitCode as number)).to.deep.equal([0, 0, 0]);
    expect(readdirSync(directory)).to.deep.equal(["unit"]);
  });

  it("fail with the path and the way out, and leave the old file whole", async () => {
    mkdirSync(file);
    const error = await replaceFile(file, "x", { mode: 0o644 }).catch((reason: unknown) => reason);
    expect(error).to.have.property(
      "message",
      `cannot write ${file}: a directory is in the way, move it aside`,
    );
    expect(readdirSync(directory)).to.deep.equal(["unit"]);
  });

  it("say that the directory is missing", async () => {
    const path = join(directory, "missing", "unit");
    const error = await replaceFile(path, "x", { mode: 0o644 }).catch((reason: unknown) => reason);
    expect(error).to.have.property("message").that.includes("its directory does not exist");
  });

  it("read nothing as undefined, and remove nothing without complaint", async () => {
    expect(tryReadFile(file)).to.equal(undefined);
    expect(tryReadFile(join(directory, "no", "way"))).to.equal(undefined);
    await removeFile(file);
    await removeFile(join(directory, "no", "way"));
  });

  it("do not wait for a pipe to be written to", () => {
    execFileSync("mkfifo", [file]);
    expect(() => tryReadFile(file)).to.throw(`${file}: a named pipe is in the way, move it aside`);
  });

  it("read what a unit is masked with", () => {
    symlinkSync("/dev/null", file);
    expect(tryReadFile(file)).to.include({ content: "" });
  });

  it("say why a file cannot be removed, and not that it is no directory", async function () {
    const failures: unknown[] = [];
    mkdirSync(file);
    failures.push(await removeFile(file).catch((reason: unknown) => reason));
    rmSync(file, { recursive: true });
    expect(failures[0])
      .to.have.property("message")
      .that.includes(`cannot remove ${file}: a directory is in the way`);
    writeFileSync(file, "x");
    try {
      execFileSync("chattr", ["+i", file], { stdio: "ignore" });
    } catch {
      this.skip(); // needs root, and a file system that knows the flag
    }
    try {
      failures.push(await removeFile(file).catch((reason: unknown) => reason));
    } finally {
      execFileSync("chattr", ["-i", file]);
    }
    expect(failures[1]).to.include({ code: "permission" });
    expect(String(failures[1])).to.include("is the file immutable?");
  });

  it("keep the error that counts where not even the staged file can be removed", async function () {
    try {
      execFileSync("chattr", ["+a", directory], { stdio: "ignore" });
    } catch {
      this.skip();
    }
    try {
      writeFileSync(file, "x"); // may be created, and never replaced
      const failure = await replaceFile(file, "y", { mode: 0o644 }).catch((e: unknown) => e);
      expect(failure).to.include({ code: "permission" });
      expect(String(failure)).to.include(`cannot write ${file}: not permitted`);
    } finally {
      execFileSync("chattr", ["-a", directory]);
    }
  });

  it("remove a file", async () => {
    writeFileSync(file, "x");
    chmodSync(file, 0o400);
    await removeFile(file);
    expect(() => readFileSync(file)).to.throw("ENOENT");
  });
});
