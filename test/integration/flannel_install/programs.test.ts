// Programs that are no flanneld: none is installed, and what must not be run is not, in no mode. (As what is
// installed already, in check mode and to be removed: long/flannel_install/programs.test.ts.)

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { MODULE, type Result, Target, sha256 } from "../../support/flannel-install";
import { ANSWERS, REFUSALS } from "../../support/hostile-programs";
import { elfOf, tinyProgram } from "../../support/tiny-program";

const RIGHT = tinyProgram("v0.28.9");

describe("flannel_install: programs that are no flanneld", function () {
  this.timeout(60_000);
  let target: Target;

  before(function () {
    if (machine() !== "x86_64") this.skip(); // they are made for it
  });
  beforeEach(() => {
    target = new Target();
    mkdirSync(target.bin);
  });
  afterEach(() => {
    target.remove();
  });

  const files = (): readonly string[] =>
    readdirSync(target.bin).filter((name) => name !== ".flanneld.origin.json");
  const source = (program: Buffer): string => {
    const path = join(target.root, "source");
    writeFileSync(path, program);
    return path;
  };

  for (const [what, program, reason] of [...ANSWERS, ...REFUSALS]) {
    it(`one that ${what} is not installed`, async () => {
      writeFileSync(target.binary, tinyProgram("v0.16.1"), { mode: 0o750 });
      const result = await target.run({ version: "v0.28.9", src: source(program) });
      expect(result).to.include({ failed: true, changed: false });
      expect(result["msg"]).to.match(reason);
      expect(readFileSync(target.binary).equals(tinyProgram("v0.16.1"))).to.equal(true);
      expect(files()).to.deep.equal(["flanneld"]);
    });
  }

  describe("what is executed", () => {
    /** What of the directory and of what is staged in it is executed in a run. */
    const executed = (options: Result): readonly string[] => {
      const [args, log] = [join(target.root, "arguments.json"), join(target.root, "log")];
      writeFileSync(args, JSON.stringify({ ANSIBLE_MODULE_ARGS: target.options(options) }));
      const strace = ["-f", "-qq", "-e", "trace=execve", "-o", log, process.execPath, MODULE, args];
      try {
        execFileSync("strace", strace, { stdio: "ignore" });
      } catch {
        // a run may fail
      }
      return readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line.includes(`execve("${target.bin}`));
    };
    const put = (program: Buffer, mode = 0o750): void => {
      writeFileSync(target.binary, program);
      chmodSync(target.binary, mode);
    };
    const digestOf = (program: Buffer): Result => ({ checksum: `sha256:${sha256(program)}` });
    const other = digestOf(tinyProgram("v0.28.9", 5));
    const version = { version: "v0.28.9" };
    const check = { ...version, _ansible_check_mode: true };

    const never: readonly (readonly [string, Buffer, number, Result])[] = [
      ["the declared file", RIGHT, 0o750, { ...version, ...digestOf(RIGHT) }],
      ["the declared file in check mode", RIGHT, 0o750, { ...check, ...digestOf(RIGHT) }],
      ["the declared file without its x bit", RIGHT, 0o640, { ...version, ...digestOf(RIGHT) }],
      ["another file than declared", RIGHT, 0o750, { ...check, ...other }],
      ["a file to be removed", RIGHT, 0o750, { state: "absent" }],
      ["a file anybody could have written", RIGHT, 0o777, check],
      ["a program for another CPU", elfOf("riscv64"), 0o755, check],
    ];
    for (const [what, program, mode, options] of never) {
      it(`is not ${what}`, () => {
        put(program, mode);
        expect(executed(options)).to.deep.equal([]);
      });
    }

    it("is not a file of somebody else", function () {
      if (process.getuid?.() !== 0) this.skip();
      put(RIGHT);
      execFileSync("chown", ["12345", target.binary]);
      expect(executed(check)).to.deep.equal([]);
    });

    it("is not what was installed before, by a run that changes nothing", async () => {
      await target.run({ ...version, src: source(RIGHT) });
      expect(executed(version)).to.deep.equal([]);
      expect(await target.run(version)).to.include({ changed: false, version: "v0.28.9" });
    });

    it("is, once, a file of root of which nothing is known", () => {
      put(RIGHT);
      expect(executed(version)).to.have.length(1);
    });

    it("is a file that is to be put in place, before it is", () => {
      const runs = executed({ ...version, src: source(RIGHT) });
      expect(runs).to.have.length(1);
      expect(runs[0]).to.include(".flanneld.new-");
    });
  });
});
