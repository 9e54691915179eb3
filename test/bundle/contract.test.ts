// The module contract, through a real bundle in a process of its own.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { buildProbe } from "../support/probe";
import { parseLine, runModuleFile } from "../support/run-module";

describe("a bundled module", () => {
  let library: string;
  let work: string;
  let probe: string;
  let target: string;

  before(() => {
    library = buildProbe();
    probe = join(library, "contract_probe.cjs");
  });
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "contract-"));
    target = join(work, "file");
  });
  afterEach(() => {
    rmSync(work, { recursive: true });
  });
  after(() => {
    rmSync(library, { recursive: true });
  });

  const write = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
    path: target,
    ...more,
  });

  it("changes once, and then has nothing to do", async () => {
    const first = await runModuleFile(probe, write());
    expect(first.result).to.include({ changed: true });
    expect(readFileSync(target, "utf8")).to.equal("hello");
    const second = await runModuleFile(probe, write());
    expect(second.result).to.include({ changed: false });
    expect(second.exitCode).to.equal(0);
  });

  it("predicts in check mode, with the diff, and touches nothing", async () => {
    const settings = { _ansible_check_mode: true, _ansible_diff: true };
    const { result } = await runModuleFile(probe, write(settings));
    expect(result).to.deep.include({ changed: true, changes: [`write ${target}`] });
    expect(result["diff"]).to.deep.equal([
      { before_header: target, after_header: target, before: "", after: "hello" },
    ]);
    expect(() => statSync(target)).to.throw("ENOENT");
  });

  it("takes whatever is not clearly false for check mode", async () => {
    for (const value of ["true", "yes", 1, "", "perhaps"]) {
      const { result } = await runModuleFile(probe, write({ _ansible_check_mode: value }));
      expect(result).to.include({ changed: true });
      expect(() => statSync(target)).to.throw("ENOENT");
    }
  });

  it("takes arguments from a file, from standard input, and embedded", async () => {
    const args = JSON.stringify({ ANSIBLE_MODULE_ARGS: write() });
    const file = join(work, "args.json");
    writeFileSync(file, args);
    expect((await runModuleFile(probe, "", [file])).result).to.include({ changed: true });
    expect((await runModuleFile(probe, args)).result).to.include({ changed: false });
    const embedded = readFileSync(probe, "utf8").replace(
      "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>",
      JSON.stringify(write({ content: "*/ `${x}` ' \" \\ <<" })),
    );
    // With pipelining, Ansible pipes the module itself into node.
    expect((await runModuleFile(process.execPath, embedded)).result).to.include({ changed: true });
    expect(readFileSync(target, "utf8")).to.equal("*/ `${x}` ' \" \\ <<");
  });

  const refusals: readonly (readonly [string, unknown, string])[] = [
    ["empty input", "", "are empty"],
    ["garbage", "%PDF", "not valid JSON"],
    ["a list", "[1]", "expected an object"],
    ["a wrong type", { path: "/x", count: "many" }, 'count: expected integer, got "many" (str)'],
    ["a number out of range", { path: "/x", count: 101 }, "count: must be <= 100, got 101"],
    ["a wrong choice", { path: "/x", state: "gone" }, "expected one of present, absent, odd"],
    ["a missing option", {}, "path: required, but not given"],
    ["an unknown option", { pth: "/x" }, 'pth: unknown option, did you mean "path"?'],
    [
      "an unknown option like no other",
      { path: "/x", zzzzzz: 1 },
      "unknown option (known: anything",
    ],
    [
      "an unknown suboption",
      { path: "/x", peers: [{ name: "a", wieght: 1 }] },
      "peers[0].wieght: unknown",
    ],
    ["a missing suboption", { path: "/x", peers: [{}] }, "peers[0].name: required"],
    [
      "options that exclude each other",
      { path: "/x", json: "", json5: "" },
      "are mutually exclusive",
    ],
    [
      "an option without its partner",
      { path: "/x", username: "u" },
      "username also needs password",
    ],
    [
      "a conditional requirement",
      { path: "/x", state: "odd" },
      "ratio: required when state is odd",
    ],
    ["an alias beside its option", { path: "/x", content: "a", body: "b" }, "given twice"],
    ["a wrong element", { path: "/x", ports: "1,x" }, "ports[1]: expected integer"],
  ];
  for (const [what, input, message] of refusals) {
    it(`refuses ${what} with one line that says what to do`, async () => {
      const run = await runModuleFile(probe, input);
      expect(run.result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(run.result["msg"]).to.include(message);
      expect(run.exitCode).to.equal(1);
      expect(run.stderr).to.equal("");
    });
  }

  const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const hostile: readonly (readonly [string, () => string, RegExp])[] = [
    ["20,000 levels", () => `{"path": ${nested(20_000)}}`, /deeper than 100 levels$/],
    [
      "20,000 levels inside of text",
      () => JSON.stringify({ settings: `{"a": ${nested(20_000)}}` }),
      /a dict, got str/,
    ],
    ["a NUL in a path", () => JSON.stringify({ path: "/a\0" }), /path: contains a NUL/],
    ["half a character", () => JSON.stringify({ path: "/\ud800" }), /path: contains half/],
    [
      "a name of 10 MB",
      () => JSON.stringify({ ["x".repeat(1e7)]: 1 }),
      /xxx\.\.\.: unknown option/,
    ],
    ["a value of 10 MB", () => JSON.stringify({ count: "x".repeat(1e7) }), /xxx\.\.\. \(str\)/],
    [
      "100,000 unknown names",
      () =>
        JSON.stringify(
          Object.fromEntries(Array.from({ length: 1e5 }, (_, each) => [`x${each}`, 1])),
        ),
      /100001 faults: .*more$/,
    ],
    [
      "a list of 1,000,000",
      () => JSON.stringify({ ports: Array(1e6).fill(1), nosuch: 1 }),
      /nosuch: unknown/,
    ],
  ];
  for (const [what, input, message] of hostile) {
    it(`refuses ${what} with one line within a second or so`, async () => {
      const text = input();
      const begun = Date.now();
      const run = await runModuleFile(probe, text);
      expect(Date.now() - begun).to.be.below(3000); // on a machine that does other things, too
      expect(run.result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(run.result["msg"]).to.match(message);
      expect(String(run.result["msg"]).length).to.be.below(4000);
      expect(run.stderr).to.equal("");
    });
  }

  it("reports all faults at once", async () => {
    const { result } = await runModuleFile(probe, { pth: 1, count: "x", peers: [{}] });
    expect(result["msg"]).to.match(/^contract_probe: 4 faults: /);
  });

  it("converts as Ansible does, resolves aliases and treats null as not given", async () => {
    const { result } = await runModuleFile(
      probe,
      write({
        count: "5",
        enabled: "no",
        ratio: "0.5",
        tags: "a,b",
        body: 7,
        state: null,
        settings: "a=1",
      }),
    );
    expect(result["options"]).to.deep.equal({
      ...{ path: target, count: 5, enabled: false, ratio: 0.5, tags: ["a", "b"] },
      ...{ content: "7", state: "present", settings: { a: "1" } },
    });
  });

  describe("with a secret", () => {
    const secret = 'Tr0ub4dor"&3';
    const secrets = { username: "u", password: secret };

    it("hides it in result, diff, warnings, changes and invocation", async () => {
      const run = await runModuleFile(
        probe,
        write({
          ...secrets,
          content: `x${secret}x`,
          settings: { PSK: "p5k-p5k-p5k" },
          anything: ["p5k-p5k-p5k"],
          _ansible_diff: true,
        }),
      );
      expect(run.result["changed"]).to.equal(true);
      expect(run.stdout).to.not.include("Tr0ub4dor").and.not.include("p5k-p5k");
      expect(readFileSync(target, "utf8")).to.equal(`x${secret}x`);
    });

    for (const fault of ["throw", "reject", "exit", "stale"]) {
      it(`hides it when the module fails by ${fault}`, async () => {
        const run = await runModuleFile(probe, write({ ...secrets, fault }));
        expect(run.result).to.include({ failed: true });
        expect(run.stdout + run.stderr).to.not.include("Tr0ub4dor");
      });
    }

    it("hides one inside of a dict in options that are refused", async () => {
      const run = await runModuleFile(
        probe,
        write({ count: "x", settings: { PSK: "p5k-p5k-p5k" } }),
      );
      expect(run.result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(run.result["invocation"]).to.deep.include({
        module_args: { path: target, count: "x", settings: { PSK: "********" } },
      });
    });

    it("hides it in the message about a wrong type", async () => {
      const run = await runModuleFile(probe, write({ ...secrets, count: secret, ports: [secret] }));
      expect(run.result).to.include({ failed: true });
      expect(run.stdout).to.not.include("Tr0ub4dor");
    });
  });

  describe("that fails after a change", () => {
    const more = (): string[] => ["b", "c"].map((name) => join(work, name));

    for (const [fault, code] of Object.entries({
      throw: "internal",
      exit: "host",
      stale: "conflict",
    })) {
      it(`tells what it had done before, by ${fault}`, async () => {
        const args = write({ more: more(), fault, _ansible_diff: true });
        const { result } = await runModuleFile(probe, args);
        expect(result).to.deep.include({
          ...{ changed: true, failed: true, error_code: code, path: target, written: 2 },
          changes: [`write ${target}`, `write ${join(work, "b")}`],
          warnings: ["about to write hello"],
        });
        expect(result["msg"]).to.include(
          `\nalready done: write ${target}; write ${join(work, "b")}`,
        );
        expect(result["diff"]).to.have.lengthOf(2);
        expect(result).to.have.nested.property("invocation.module_args.path", target);
        const healed = await runModuleFile(probe, write({ more: more() }));
        expect(healed.result).to.deep.include({
          changed: true,
          changes: [`write ${join(work, "c")}`],
        });
      });
    }

    it("tells the changes of all attempts when a race was lost", async () => {
      const { result } = await runModuleFile(probe, write({ more: more(), fault: "raced" }));
      const changes = [`write ${target}`, `write ${join(work, "b")}`];
      expect(result).to.deep.include({ changed: true, changes });
      expect(result).to.not.have.property("failed");
    });

    it("ends by a signal with what was done, and says in what it was interrupted", async () => {
      const child = execa(probe, {
        input: JSON.stringify(write({ more: more(), fault: "hang" })),
        reject: false,
      });
      while (!existsSync(join(work, "b"))) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 200));
      child.kill("SIGTERM");
      const result = parseLine(`${(await child).stdout}\n`);
      const changes = [`write ${target}`, `write ${join(work, "b")}`];
      expect(result).to.deep.include({
        changed: true,
        failed: true,
        error_code: "interrupted",
        changes,
      });
      expect(result["msg"]).to.include(`interrupted by SIGTERM during: write ${join(work, "c")}`);
    });
  });

  it("has every promised key when it fails before anything is known", async () => {
    for (const args of [{}, write({ fault: "observe" })]) {
      const { result } = await runModuleFile(probe, args);
      expect(result).to.deep.include({
        changed: false,
        failed: true,
        changes: [],
        path: null,
        written: null,
      });
      expect(result).to.have.property("invocation");
    }
  });

  describe("with an obstacle", () => {
    it("warns in check mode, and refuses before the first change otherwise", async () => {
      const check = await runModuleFile(
        probe,
        write({ fault: "obstacle", _ansible_check_mode: true }),
      );
      expect(check.result).to.deep.include({ changed: true, changes: [`write ${target}`] });
      expect(check.result["warnings"]).to.include("something is not there yet");
      const real = await runModuleFile(probe, write({ fault: "obstacle" }));
      expect(real.result).to.deep.include({
        failed: true,
        error_code: "not_found",
        changed: false,
        path: target,
      });
      expect(existsSync(target)).to.equal(false);
    });

    it("that nothing can take away, refuses in check mode, too", async () => {
      for (const checkMode of [true, false]) {
        const run = await runModuleFile(
          probe,
          write({ fault: "refusal", _ansible_check_mode: checkMode }),
        );
        expect(run.result).to.deep.include({
          failed: true,
          error_code: "refused",
          changed: false,
          changes: [],
        });
      }
    });
  });

  describe("whose short secret spells a part of a key or value of the contract", () => {
    for (const secret of ["failed", "e", "changed", "msg", "1", "a", "internal", "path"]) {
      it(`keeps all keys and facts: ${secret}`, async () => {
        const args = write({
          username: "u",
          password: secret,
          fault: "exit",
          content: `it is ${secret} here`,
        });
        const { result } = await runModuleFile(probe, args);
        expect(result).to.deep.include({
          failed: true,
          changed: false,
          error_code: "host",
          path: target,
        });
        expect(result["msg"]).to.equal("cannot use ********");
        expect(result["details"]).to.equal("********");
        expect(result).to.have.nested.property(
          "invocation.module_args.content",
          "it is ******** here",
        );
      });
    }
  });

  it("prints a result larger than a pipe's buffer whole", async () => {
    const content = "x".repeat(3_000_000);
    const run = await runModuleFile(
      probe,
      write({ content, _ansible_check_mode: true, _ansible_diff: true }),
    );
    expect(run.stdout.length).to.be.above(6_000_000);
  });

  it("answers when standard input is closed", () => {
    const { stdout } = spawnSync("sh", ["-c", '"$0" <&-', probe], { encoding: "utf8" });
    expect(parseLine(stdout)).to.include({ failed: true });
  });

  it("ends quietly when nobody reads its answer", () => {
    const args = join(work, "args.json");
    const settings = { _ansible_check_mode: true, _ansible_diff: true };
    writeFileSync(args, JSON.stringify(write({ ...settings, content: "x".repeat(300_000) })));
    const script = '{ "$0" "$1"; echo $? >"$2"; } | true';
    const status = join(work, "status");
    const { stderr } = spawnSync("sh", ["-c", script, probe, args, status], { encoding: "utf8" });
    expect(stderr).to.equal("");
    expect(readFileSync(status, "utf8")).to.equal("1\n");
  });
});

describe("the bundle of the probe", () => {
  it("holds the marker for embedded arguments once, and no other marker of Ansible", () => {
    const library = buildProbe();
    const text = readFileSync(join(library, "contract_probe.cjs"), "utf8");
    rmSync(library, { recursive: true });
    expect(text.split("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>")).to.have.lengthOf(2);
    // What Ansible looks for before, or instead (executor/module_common.py).
    expect(text).to.not.match(
      /WANT_JSON|MODULE_COMMON|MODULE_ARGS>>|WINDOWS_ARGS|COMPLEX_ARGS|<<[A-Z_]+VERSION>>|SPECIAL_FILESYSTEMS/,
    );
    expect(text).to.not.match(
      /ansible\.module_utils|#Requires|#AnsibleRequires|POWERSHELL|#!powershell/i,
    );
    expect(text.startsWith("#!/usr/bin/node\n")).to.equal(true);
  });
});
