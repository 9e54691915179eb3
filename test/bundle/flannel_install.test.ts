// The shipped flannel_install: what it prints is what its documentation says.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { parse } from "yaml";

import { MODULE, Target } from "../support/flannel-install";
import { runModuleFile } from "../support/run-module";
import { tinyProgram } from "../support/tiny-program";

/** Keys that every module has, which Ansible documents. */
const COMMON = ["changed", "diff", "failed", "invocation", "msg", "warnings"];

describe("the shipped flannel_install", () => {
  const directory = mkdtempSync(join(tmpdir(), "bundle-install-"));
  const src = join(directory, "flanneld");
  const documentation = parse(readFileSync(MODULE.replace(/cjs$/, "yml"), "utf8")) as {
    readonly DOCUMENTATION: { readonly options: Readonly<Record<string, unknown>> };
    readonly RETURN: Readonly<Record<string, { readonly returned: string }>>;
  };
  let target: Target;

  before(() => {
    writeFileSync(src, tinyProgram("v0.28.9"));
  });
  beforeEach(() => {
    target = new Target();
  });
  afterEach(() => {
    target.remove();
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("returns what is documented, no less and no more", async () => {
    const documented = (condition: RegExp): string[] =>
      Object.entries(documentation.RETURN)
        .filter(([, { returned }]) => condition.test(returned))
        .map(([key]) => key);
    const keysOf = (result: object): string[] =>
      Object.keys(result)
        .filter((key) => !COMMON.includes(key))
        .sort();
    const present = await target.run({ version: "v0.28.9", src, _ansible_diff: true });
    expect(keysOf(present)).to.deep.equal(documented(/^(always|success|when)/).sort());
    const absent = await target.run({ state: "absent" });
    expect(keysOf(absent)).to.deep.equal(documented(/^(always|success)/).sort());
    const failed = await target.run({ version: "v0.27.0", src });
    expect(keysOf(failed)).to.deep.equal(documented(/^failure/).sort());
  });

  it("guesses what a misspelt option was meant to be", async () => {
    const { result } = await runModuleFile(MODULE, {
      version: "v0.28.9",
      check_sum: "x",
      keeps: 2,
    });
    expect(result["msg"])
      .to.include('check_sum: unknown option, did you mean "checksum"?')
      .and.to.include('keeps: unknown option, did you mean "keep"?');
  });

  it("needs a version to install, and none to remove", async () => {
    expect((await target.run({}))["msg"]).to.include("version: required when state is present");
    expect(await target.run({ state: "absent" })).to.include({ changed: false });
  });

  it("takes all options as the text that templates make of them", async () => {
    mkdirSync(target.bin);
    const { result } = await runModuleFile(MODULE, {
      bin_dir: target.bin,
      version: "0.28.9",
      src,
      owner: 0,
      group: "0",
      mode: "0755",
      keep: "2",
      retries: "0",
      timeout: "5",
      mk_docker_opts: "False",
      validate_certs: "yes",
      url: "https://a.example/{asset}, https://b.example/{asset}",
      headers: '{"a.example": {"X-Token": "abc"}}',
    });
    expect(result["msg"]).to.equal(undefined);
    expect(result).to.include({ changed: true, version: "v0.28.9" });
  });

  it("does not load Node's network code when there is nothing to download", async () => {
    await target.run({ version: "v0.28.9", src });
    const spy = join(directory, "spy.cjs");
    writeFileSync(
      spy,
      `process.on("exit", () => require("node:fs").writeSync(2,
        process.moduleLoadList.filter((name) => / (https?|tls|_tls_wrap|zlib)$/.test(name)).join()));`,
    );
    const { result, stderr } = await runModuleFile(
      MODULE,
      target.options({ version: "v0.28.9" }),
      [],
      { NODE_OPTIONS: `--require=${spy}` },
    );
    expect(result).to.include({ changed: false });
    expect(stderr).to.equal("");
  });
});
