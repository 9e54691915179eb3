import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { ModuleError, systemCodeOf } from "../../../src/base/errors";
import {
  type CommandResult,
  askProgram,
  lastWordsOf,
  runCommand,
  tryAskProgram,
} from "../../../src/host/programs";
import { tryStartOf } from "../../../src/host/proc";
import { tinyProgram } from "../../support/tiny-program";

type Start = (file: string, args: readonly string[], timeoutMs: number) => Promise<CommandResult>;

const starts: Readonly<Record<string, Start>> = {
  askProgram: (file, args, timeoutMs) =>
    Promise.resolve().then(() => askProgram(file, args, timeoutMs)),
  runCommand: (file, args, timeoutMs) => runCommand(file, args, { timeoutMs }),
};

describe("programs of the host", () => {
  const directory = mkdtempSync(join(tmpdir(), "programs-"));
  const program = join(directory, "program");
  writeFileSync(program, tinyProgram("v0.28.9", 1000, 7));
  chmodSync(program, 0o755);
  const closed = join(directory, "closed");
  writeFileSync(closed, "");

  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("are given input and an environment where there is some, and no variable that is taken away", () => {
    process.env["PROGRAMS_TEST"] = "of the task";
    const script = 'cat; printf "|%s|%s" "$PROGRAMS_TEST" "$NEW"';
    const { stdout } = askProgram("sh", ["-c", script], 5000, {
      input: "text",
      env: { PROGRAMS_TEST: undefined, NEW: "1" },
    });
    delete process.env["PROGRAMS_TEST"];
    expect(stdout).to.equal("text||1");
  });

  for (const [name, start] of Object.entries(starts)) {
    const failureOf = async (
      file: string,
      args: readonly string[] = [],
      timeoutMs = 5000,
    ): Promise<ModuleError> => {
      const failure = await start(file, args, timeoutMs).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ModuleError);
      return failure as ModuleError;
    };

    describe(name, () => {
      it("gives both outputs and the exit code, in the C locale, without a shell", async () => {
        const script = 'printf "%s|%s" "$LC_ALL" "$1"; echo no >&2; exit 3';
        const { stdout, stderr, ...rest } = await start(
          "sh",
          ["-c", script, "sh", "$(id) *"],
          5000,
        );
        expect(rest).to.deep.equal({ command: `sh -c ${script} sh $(id) *`, exitCode: 3 });
        expect([stdout, stderr.trim()]).to.deep.equal(["C|$(id) *", "no"]);
      });

      it("runs a hand-made program for this CPU, without input", async () => {
        expect(await start(program, ["--version"], 5000)).to.include({ exitCode: 7 });
        expect(await start("cat", [], 5000)).to.include({ stdout: "" });
      });

      const failures: readonly (readonly [string, string, readonly string[], string, string?])[] = [
        ["is missing", "no-such-program", [], "no such program on this host", "ENOENT"],
        ["is a file in a file", `${closed}/x`, [], "is not a directory", "ENOTDIR"],
        ["may not be run", closed, [], "this user may not execute it", "EACCES"],
        ["gets too much", "true", ["x".repeat(3e6)], "arguments are longer", "E2BIG"],
        ["gets a NUL", "true", ["a\0b"], "NUL character", "ERR_INVALID_ARG_VALUE"],
        ["dies", "sh", ["-c", "kill -SEGV $$"], "was killed by SIGSEGV"],
        ["prints without end", "sh", ["-c", "yes long; :"], "printed too much for an answer"],
      ];
      for (const [what, file, args, message, code] of failures) {
        it(`says of a program that ${what}: ${message}`, async () => {
          const failure = await failureOf(file, args, 20_000);
          expect(failure).to.include({ code: "host" });
          expect(failure.message)
            .to.match(new RegExp(`^${file}: `))
            .and.include(message);
          if (code !== undefined) expect(systemCodeOf(failure.cause)).to.equal(code);
        });
      }

      it("carries none of the output of a program in its failures", async () => {
        const script = "printf ENOENT; printf secret >&2; yes long";
        const { message } = await failureOf("sh", ["-c", script], 20_000);
        expect(message).to.equal("sh: printed too much for an answer");
      });

      it("ends one that hangs, and also one that left its child behind", async () => {
        for (const script of ["sleep 20", "sleep 20 & wait"]) {
          const begunMs = Date.now();
          const failure = await failureOf("sh", ["-c", script], 300);
          expect(failure).to.include({ code: "timeout" });
          expect(failure.message).to.equal("sh: gave no answer within 0.3 s");
          expect(Date.now() - begunMs).to.be.lessThan(3000);
        }
      });

      it("ends one that ignores SIGTERM, before it says that there was no answer", async () => {
        const pidFile = join(directory, `${name}.pid`);
        const script = `trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 0.1; done`;
        await failureOf("sh", ["-c", script], 500);
        expect(tryStartOf(Number(readFileSync(pidFile, "utf8")))).to.equal(undefined);
      });
    });
  }

  it("take an answer of several MiB when they are asked", () => {
    const answer = askProgram("head", ["--bytes", "8M", "/dev/zero"], 5000);
    expect(answer.stdout).to.have.lengthOf(8 * 1024 * 1024);
  });

  it("are tried: one that cannot be run has no answer, one that hangs is a failure", () => {
    expect(tryAskProgram("no-such-program", [], 5000)).to.equal(undefined);
    expect(tryAskProgram("true", [], 5000)).to.include({ exitCode: 0 });
    expect(() => tryAskProgram("sleep", ["20"], 100)).to.throw("gave no answer within 0.1 s");
  });

  it("are sent input", async () => {
    expect((await runCommand("cat", [], { input: "text" })).stdout).to.equal("text");
  });

  it("are quoted with the end of what they said, where the reason is", () => {
    expect(lastWordsOf(" short\n")).to.equal("short");
    const long = lastWordsOf(`${"x".repeat(1e6)} the reason\n`);
    expect(long)
      .to.match(/^\.\.\.x+ the reason$/)
      .and.have.lengthOf(2003);
  });

  it("cost a run that starts none nothing", () => {
    const source = join(__dirname, "../../../src/host/programs.ts");
    const script = `require("ts-node/register/transpile-only");
      const before = process.moduleLoadList.includes("NativeModule child_process");
      require(${JSON.stringify(source)});
      console.log(before, process.moduleLoadList.includes("NativeModule child_process"));`;
    const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(stdout.trim()).to.equal("false false");
  });
});
