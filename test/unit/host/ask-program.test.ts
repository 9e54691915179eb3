import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { systemCodeOf } from "../../../src/base/errors";
import { askProgram } from "../../../src/host/ask-program";
import { tinyProgram } from "../../support/tiny-program";

describe("asking a program", () => {
  const directory = mkdtempSync(join(tmpdir(), "ask-"));
  const program = join(directory, "program");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const failureOf = (file: string, args: string[] = [], timeoutMs = 5000): Error => {
    try {
      askProgram(file, args, timeoutMs);
    } catch (error) {
      return error as Error;
    }
    throw new Error(`${file} did not fail`);
  };

  it("gives both outputs and the exit code", () => {
    const answer = askProgram("sh", ["-c", "echo out; echo err >&2; exit 3"], 5000);
    expect(answer).to.deep.equal({
      command: "sh -c echo out; echo err >&2; exit 3",
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("runs a hand-made program for this CPU", () => {
    writeFileSync(program, tinyProgram("v0.28.9", 1000, 7));
    chmodSync(program, 0o755);
    expect(askProgram(program, ["--version"], 5000)).to.include({
      exitCode: 7,
      stderr: "v0.28.9\n",
    });
  });

  it("takes an answer of several MiB", () => {
    const answer = askProgram("head", ["--bytes", "8M", "/dev/zero"], 5000);
    expect(answer.stdout).to.have.lengthOf(8 * 1024 * 1024);
  });

  it("gives it no input and the C locale", () => {
    const answer = askProgram("sh", ["-c", "cat; echo $LC_ALL; pwd"], 5000);
    expect(answer.stdout).to.equal("C\n/\n");
  });

  it("ends one that hangs, and also one that left its child behind", () => {
    for (const script of ["sleep 20", "sleep 20 & wait"]) {
      const begun = Date.now();
      const failure = failureOf("sh", ["-c", script], 300);
      expect(failure).to.include({ code: "timeout", message: "sh: gave no answer within 0.3 s" });
      expect(Date.now() - begun).to.be.lessThan(3000);
    }
  });

  it("says what keeps a program from starting, with the system's code as the cause", () => {
    const missing = failureOf(join(directory, "missing"));
    expect(missing.message).to.include("no such program");
    expect(systemCodeOf(missing.cause)).to.equal("ENOENT");
    chmodSync(program, 0o644);
    const closed = failureOf(program);
    expect(systemCodeOf(closed.cause)).to.equal("EACCES");
  });

  it("names the signal that killed it", () => {
    expect(failureOf("sh", ["-c", "kill -SEGV $$"]).message).to.include("SIGSEGV");
  });
});
