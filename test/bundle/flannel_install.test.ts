// The shipped flannel_install: what it prints is what its documentation says.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";

import { isRecord } from "../../src/base/json";
import { MODULE, type Result, Target, sha256 } from "../support/flannel-install";
import { Mirror, answer, begin, serve } from "../support/mirror";
import { parseLine, runModuleFile } from "../support/run-module";
import { tinyProgram } from "../support/tiny-program";

const ROOT = join(__dirname, "..", "..");

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
    const always = documented(/^always$/);
    const present = await target.run({ version: "v0.28.9", src, _ansible_diff: true });
    expect(keysOf(present)).to.deep.equal(always.sort());
    const absent = await target.run({ state: "absent" });
    expect(keysOf(absent)).to.deep.equal(always.sort());
    const failed = await target.run({ version: "v0.27.0", src });
    expect(keysOf(failed)).to.deep.equal([...always, ...documented(/^failure$/)].sort());
    const refused = await target.run({ version: "latest", src });
    expect(keysOf(refused)).to.deep.equal([...always, ...documented(/^failure$/)].sort());
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

  describe("that fails half way", () => {
    const broken = join(directory, "text");

    before(() => {
      writeFileSync(broken, "no program at all");
    });

    it("tells that it removed what a killed run had left", async () => {
      mkdirSync(target.bin);
      const leftover = join(target.bin, ".flanneld.new-4194305");
      writeFileSync(leftover, "half");
      const result = await target.run({ version: "v0.28.9", src: broken, _ansible_diff: true });
      const removal = `remove ${leftover} (left by a run that was killed)`;
      expect(result).to.deep.include({
        ...{ failed: true, error_code: "verification", changed: true, changes: [removal] },
        ...{ version: null, sha256: null, verified: false, restart_required: false },
      });
      expect(result["msg"]).to.include(`\nalready done: ${removal}`);
      expect(result["diff"]).to.have.length(1);
      expect(existsSync(leftover)).to.equal(false);
    });

    it("leaves nothing of the directory that it created, and tells nothing of it", async () => {
      const bin_dir = join(target.bin, "deeper");
      const result = await target.run({ version: "v0.28.9", src: broken, bin_dir });
      expect(result).to.deep.include({ failed: true, changed: false, changes: [] });
      expect(existsSync(target.bin)).to.equal(false);
    });

    it("says which version is there, and that nothing needs a restart", async () => {
      await target.run({ version: "v0.28.9", src });
      const result = await target.run({ version: "v0.27.0", src, checksum: undefined });
      expect(result).to.deep.include({
        ...{ failed: true, changed: false, version_before: "v0.28.9", version: "v0.28.9" },
        ...{ sha256: sha256(readFileSync(src)), kept: [], restart_required: false },
      });
    });
  });

  describe("that is interrupted", function () {
    this.timeout(60_000);
    const program = tinyProgram("v0.28.9", 300_000);
    const mirror = new Mirror();

    before(() => mirror.start());
    after(() => mirror.close());

    it("in a download says so, and the next run heals", async () => {
      mirror.behave(begin(program, 100_000, "stall"));
      const options = { version: "v0.28.9", url: `${mirror.origin}/flanneld`, timeout: 600 };
      const child = execa(MODULE, {
        input: JSON.stringify(target.options(options)),
        reject: false,
        env: { http_proxy: "", HTTP_PROXY: "" },
      });
      const isBegun = (): boolean =>
        existsSync(target.bin) &&
        readdirSync(target.bin).some((name) => statSync(join(target.bin, name)).size > 0);
      while (!isBegun()) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGTERM");
      const { stdout, exitCode } = await child;
      const created = `create the directory ${target.bin}`;
      const result = parseLine(`${stdout}\n`);
      expect(exitCode).to.equal(1);
      expect(result).to.deep.include({
        ...{ failed: true, error_code: "interrupted", changed: true, changes: [created] },
        ...{ version: null, restart_required: false },
      });
      expect(result["msg"]).to.include("interrupted by SIGTERM during: install v0.28.9");

      mirror.behave(serve(program));
      const healed = await target.run(options);
      expect(healed["msg"]).to.equal(undefined);
      expect(healed["changes"]).to.have.length(2);
      expect(readdirSync(target.bin).sort()).to.deep.equal([".flanneld.origin.json", "flanneld"]);
      expect(await target.run(options)).to.deep.include({ changed: false, changes: [] });
    });
  });

  describe("with secrets as short as words", function () {
    this.timeout(60_000);
    const mirror = new Mirror();
    const cases: readonly (readonly [string, Result, Record<string, string>?])[] = [
      ["a header that is a letter", { headers: { "X-Tier": "a" } }],
      ["a header that is a digit", { headers: { DNT: "1" } }],
      ["a header that is a number", { headers: { DNT: 1 } }],
      ["a header that ends a key", { headers: { "X-Env": "d" } }],
      ["a header that is a key", { headers: { "X-State": "failed" } }],
      ["a header that is a code", { headers: { "X-Kind": "not_found" } }],
      ["a header that is a version", { headers: { "X-Flannel": "v0.16.1" } }],
      ["a user in the URL", { url: "http://d@HOST/x" }],
      ["a password in the URL", { url: "http://u:failed@HOST/x" }],
      ["a user of the proxy", {}, { http_proxy: "http://u:e@HOST" }],
      ["a password of the proxy", {}, { http_proxy: "http://changed:failed@HOST" }],
    ];

    before(() => mirror.start());
    after(() => mirror.close());
    beforeEach(async () => {
      writeFileSync(join(directory, "old"), tinyProgram("v0.16.1"));
      await target.run({ version: "v0.16.1", src: join(directory, "old") });
    });

    const here = (text: unknown): string =>
      String(text).replace("HOST", new URL(mirror.origin).host);
    for (const [what, options, env = {}] of cases) {
      const run = (): Promise<Result> => {
        const url = here(options["url"] ?? "http://HOST/x");
        const environment = Object.entries(env).map(([name, value]) => [name, here(value)]);
        const all = { version: "v0.28.9", ...options, url };
        return target.run(all, Object.fromEntries(environment) as Record<string, string>);
      };

      it(`keeps every key and fact of a failure: ${what}`, async () => {
        mirror.behave(answer(404));
        const failed = await run();
        expect(failed).to.deep.include({
          ...{ failed: true, changed: false, changes: [], error_code: "not_found", attempts: 1 },
          ...{ path: target.binary, version_before: "v0.16.1", version: "v0.16.1" },
          ...{ sha256: sha256(tinyProgram("v0.16.1")), bytes: 0, kept: [] },
        });
        expect(failed["msg"]).to.include("HTTP ");
      });

      it(`keeps every key and fact of a success: ${what}`, async () => {
        const program = tinyProgram("v0.28.9");
        mirror.behave(serve(program));
        const done = await run();
        expect(done).to.deep.include({
          ...{ changed: true, version_before: "v0.16.1", version: "v0.28.9", attempts: 1 },
          ...{ sha256: sha256(program), bytes: program.length, path: target.binary },
          kept: [join(target.bin, ".flanneld.previous-v0.16.1")],
        });
        expect(done).to.not.have.property("failed");
      });
    }

    it("is a failure for Ansible, too", async () => {
      mirror.behave(answer(404));
      const PATH = [join(ROOT, ".venv", "bin"), process.env["PATH"]].join(delimiter);
      const args = target.options({
        version: "v0.28.9",
        url: `http://d@${new URL(mirror.origin).host}/x`,
        headers: { "X-Tier": "a", DNT: 1, "X-Env": "d", "X-State": "failed" },
      });
      const { stdout } = await execa(
        "ansible",
        [
          ...["localhost", "-c", "local", "-i", "localhost,", "-M", dirname(MODULE)],
          ...["-e", `ansible_node_interpreter=${process.execPath}`],
          ...["-m", "flannel_install", "-a", JSON.stringify(args)],
        ],
        { cwd: ROOT, reject: false, env: { PATH, http_proxy: "e", no_proxy: "127.0.0.1" } },
      );
      const shown = stdout.slice(stdout.indexOf("localhost | "));
      expect(shown).to.match(/^localhost \| FAILED! => /);
      const result: unknown = JSON.parse(shown.slice(shown.indexOf("{")));
      expect(isRecord(result) && result).to.deep.include({
        ...{ changed: false, error_code: "not_found", version: "v0.16.1", attempts: 1 },
      });
    });
  });

  describe("with a user and password", () => {
    type Place = readonly [string, Result, Record<string, string>?];
    const PASSWORD = "hunter2-hunter2";
    const places: readonly Place[] = [
      ["in a URL", { url: `http://user:${PASSWORD}@127.0.0.1:1/x` }],
      ["in a URL of a scheme that is not known", { url: `ftp://user:${PASSWORD}@127.0.0.1/x` }],
      ["with a slash in a URL", { url: `http://user:${PASSWORD}/x@127.0.0.1:1/x` }],
      ["in a URL with a port that is none", { url: `http://user:${PASSWORD}@127.0.0.1:port/x` }],
      ["in a URL without a scheme", { url: `user:${PASSWORD}@127.0.0.1:1/x` }],
      ["that is a token only", { url: `http://${PASSWORD}@127.0.0.1:1/x` }],
      ["in a list of checksums", { checksum: `sha256:http://user:${PASSWORD}@127.0.0.1:1/x` }],
      ["in a checksum of another kind", { checksum: `sha512:https://user:${PASSWORD}@m/x` }],
      ["in a checksum in capitals", { checksum: `SHA256:https://user:${PASSWORD}@m/x` }],
      ["beside a faulty option", { url: `http://user:${PASSWORD}@m/x`, timeout: "soon" }],
      ["in headers beside a faulty option", { headers: `X-Token=${PASSWORD}`, timeout: "soon" }],
      ["in a header", { headers: { "X-Token": PASSWORD } }],
      ["in a header with a line end", { headers: { "X-Token": `${PASSWORD}\n` } }],
      ...["http_proxy", "https_proxy", "all_proxy"]
        .flatMap((name) => [name, name.toUpperCase()])
        .flatMap((name) =>
          ["http://", "socks5://", ""].map((scheme): Place => [
            `in ${name}, ${scheme === "" ? "without a scheme" : scheme}`,
            { url: `${name.toLowerCase().startsWith("https") ? "https" : "http"}://127.0.0.1:1/x` },
            { [name]: `${scheme}user:${PASSWORD}@127.0.0.1:1` },
          ]),
        ),
    ];
    for (const [where, options, env] of places) {
      it(`shows none of it ${where}`, async () => {
        const result = await target.run({ version: "v0.28.9", ...options }, env);
        expect(result).to.include({ failed: true });
        expect(JSON.stringify(result)).to.not.include("hunter2");
        expect(result["invocation"]).to.have.nested.property("module_args.version", "v0.28.9");
      });
    }
  });
});
