// state: downloaded, from a server that misbehaves: what is in the cache is whole and right, one run
// of many downloads it, and nothing that was downloaded is ever run.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { MODULE, type Result, Target, sha256 } from "../../support/flannel-install";
import { Mirror, answer, begin, firstly, raw, serve } from "../../support/mirror";
import { tarGz } from "../../support/tar";
import { elfOf, tinyProgram } from "../../support/tiny-program";

const VERSION = "v0.28.9";
const PROGRAM = elfOf("arm64", Buffer.from(`flanneld ${VERSION}`), 300_000);
const HTML = "<!DOCTYPE html><html><body>Please log in</body></html>";
const SECRET = "hunter2-hunter2";

describe("flannel_install: downloading for other hosts", function () {
  this.timeout(60_000);
  const mirror = new Mirror();
  const other = new Mirror();
  let target: Target;

  before(async () => {
    await Promise.all([mirror.start(), other.start()]);
  });
  beforeEach(() => {
    target = new Target();
    other.behave(answer(404));
  });
  afterEach(() => {
    target.remove();
  });
  after(async () => {
    await Promise.all([mirror.close(), other.close()]);
  });

  const dest = (): string => join(target.root, "cache");
  const file = (name = "flanneld-arm64"): string => join(dest(), VERSION, name);
  const url = (origin = mirror.origin): string => `${origin}/{version}/{asset}`;
  const options = (more: Result = {}): Result => ({
    ...{ state: "downloaded", dest: dest(), version: VERSION, arch: "arm64" },
    ...{ url: url(), timeout: 1, ...more },
  });
  const download = (more: Result = {}, env = {}): Promise<Result> => target.run(options(more), env);
  const names = (): readonly string[] => readdirSync(join(dest(), VERSION)).sort();
  const put = (content: Buffer | string, path = file()): void => {
    mkdirSync(join(dest(), VERSION), { recursive: true });
    writeFileSync(path, content);
  };
  const holdsProgram = (): void => {
    expect(readFileSync(file()).equals(PROGRAM)).to.equal(true);
    expect(names()).to.deep.equal([".flanneld-arm64.origin.json", "flanneld-arm64"]);
  };
  const gets = (from = mirror): readonly string[] => from.seen.map((request) => request.url);

  it("puts the file of another CPU there, readable for all, and finds it there the next time", async () => {
    mirror.behave(serve(PROGRAM));
    const first = await download();
    expect(first["msg"]).to.equal(undefined);
    expect(first).to.include({
      ...{ changed: true, path: file(), asset: "flanneld-arm64", arch: "arm64", version: VERSION },
      ...{ sha256: sha256(PROGRAM), checksum: `sha256:${sha256(PROGRAM)}`, verified: false },
      ...{
        source: `${mirror.origin}/${VERSION}/flanneld-arm64`,
        bytes: PROGRAM.length,
        attempts: 1,
      },
      ...{ version_before: null, kept: null, restart_required: null },
    });
    expect(first["warnings"]).to.match(/downloaded unverified/);
    holdsProgram();
    expect(statSync(file()).mode & 0o777).to.equal(0o644);
    const before = target.snapshot();
    const second = await download();
    expect(second).to.include({ changed: false, source: null, attempts: 0, bytes: 0 });
    expect(second).to.include({ path: file(), checksum: `sha256:${sha256(PROGRAM)}` });
    expect(target.snapshot()).to.deep.equal(before);
    expect(gets()).to.deep.equal([`/${VERSION}/flanneld-arm64`]);
  });

  it("is for this CPU unless another one is declared", async () => {
    const own = tinyProgram(VERSION);
    mirror.behave(serve(own));
    const result = await target.run(options({ arch: null }));
    expect(result["msg"]).to.equal(undefined);
    expect(readFileSync(String(result["path"])).equals(own)).to.equal(true);
  });

  it("predicts, and neither writes nor downloads", async () => {
    mirror.behave(serve(PROGRAM));
    const before = target.snapshot();
    const options = { _ansible_check_mode: true, _ansible_diff: true };
    expect(await download(options)).to.include({ changed: true, checksum: null, path: file() });
    const checksum = `sha256:${sha256(PROGRAM)}`;
    expect(await download({ ...options, checksum })).to.include({ changed: true, checksum });
    expect(target.snapshot()).to.deep.equal(before);
    expect(gets()).to.deep.equal([]);
    const predicted = await download({ ...options, checksum });
    const real = await download({ checksum, _ansible_diff: true });
    expect(real["changes"]).to.deep.equal(predicted["changes"]);
    expect(real["diff"]).to.deep.equal(predicted["diff"]);
  });

  it("takes ~ for the home of whoever downloads", async () => {
    mirror.behave(serve(PROGRAM));
    const result = await download({ dest: "~/cache" }, { HOME: target.root });
    expect(result).to.include({ changed: true, path: file() });
    holdsProgram();
  });

  it("never runs what was downloaded, and sees all the same that it is another version", async () => {
    const own = { arch: null, url: url() };
    mirror.behave(serve(tinyProgram("v0.27.0")));
    const result = await download(own);
    expect(result).to.include({ failed: true, error_code: "verification" });
    expect(result["msg"]).to.include('"0.28.9" is nowhere in it');
    // Of a file whose digest is declared, the hosts that are to run it find out.
    const checksum = `sha256:${sha256(tinyProgram("v0.27.0"))}`;
    expect(await download({ ...own, checksum })).to.include({ changed: true, verified: true });
    rmSync(dest(), { recursive: true });
    mirror.behave(serve(tinyProgram(VERSION)));
    const trap = join(target.root, "trap.cjs");
    writeFileSync(
      trap,
      `const programs = require("node:child_process");
       for (const name of ["spawn", "spawnSync", "execFile", "execFileSync", "exec", "execSync"])
         programs[name] = () => { throw new Error("a program was run"); };`,
    );
    const trapped = { NODE_OPTIONS: `--require=${trap}` };
    expect(await download(own, trapped)).to.include({ changed: true });
    const installed = await download({ ...own, state: "present" }, trapped);
    expect(installed["msg"]).to.include("a program was run");
  });

  describe("what is in the cache and is not the file is replaced:", () => {
    const archive = tarGz([{ name: "flanneld", content: PROGRAM }]);
    const wrong: readonly (readonly [string, Buffer | string])[] = [
      ["half of it", PROGRAM.subarray(0, PROGRAM.length / 2)],
      ["nothing", ""],
      ["a page", HTML],
      ["the program of another CPU", elfOf("ppc64le", Buffer.from(VERSION))],
      ["another version", elfOf("arm64", Buffer.from("v0.27.0"))],
      ["half an archive", archive.subarray(0, archive.length / 2)],
      ["an archive with a byte that is another", Buffer.from(archive).fill(7, 900, 901)],
      ["an archive of something else", tarGz([{ name: "kubectl", content: PROGRAM }])],
    ];
    for (const [what, content] of wrong) {
      it(what, async () => {
        put(content);
        mirror.behave(serve(PROGRAM));
        const result = await download();
        expect(result["msg"]).to.equal(undefined);
        expect(String(result["changes"])).to.include("of the file there:");
        holdsProgram();
      });
    }

    const checksum = `sha256:${sha256(PROGRAM)}`;
    const healed: readonly (readonly [string, Result])[] = [
      ["damaged since it was downloaded", {}],
      ["damaged, as the declared digest tells", { checksum }],
    ];
    for (const [what, more] of healed) {
      it(what, async () => {
        mirror.behave(serve(PROGRAM));
        await download();
        // As whole as before, for all that can be seen.
        put(Buffer.from(PROGRAM).fill(7, PROGRAM.length - 100));
        expect(await download(more)).to.include({ changed: true });
        holdsProgram();
        expect(await download(more)).to.include({ changed: false });
        expect(gets()).to.have.length(2);
      });
    }

    it("what came from an address that is not declared any more", async () => {
      mirror.behave(serve(PROGRAM));
      other.behave(serve(PROGRAM));
      await download();
      expect(await download({ url: [url(other.origin), url()] })).to.include({ changed: false });
      expect(await download({ url: url(other.origin) })).to.include({ changed: true });
      expect(await download({ url: url(other.origin) })).to.include({ changed: false });
    });

    it("but not what others put there, if it is whole", async () => {
      put(PROGRAM);
      mirror.behave(answer(404));
      const before = target.snapshot();
      expect(await download()).to.include({ changed: false, checksum });
      expect(await download({ checksum })).to.include({ changed: false, verified: true });
      expect(target.snapshot()).to.deep.equal(before);
    });
  });

  describe("a server that gives something else", () => {
    const cut = raw("HTTP/1.1 200 OK\r\n\r\n", PROGRAM.subarray(0, 200_000));
    const cases: readonly (readonly [string, Parameters<Mirror["behave"]>[0], string, RegExp])[] = [
      ["nothing", answer(404), "not_found", /HTTP 404/],
      ["a page", answer(200, {}, HTML), "verification", /is an HTML page/],
      ["half, without saying so", cut, "verification", /cut short: 200000 of at least/],
      [
        "another CPU's",
        serve(elfOf("ppc64le")),
        "verification",
        /for ppc64le, arch asks for arm64/,
      ],
      [
        "an archive that is cut",
        serve(tarGz([{ name: "flanneld", content: PROGRAM }]).subarray(0, -9)),
        "verification",
        /not an archive that this module can unpack/,
      ],
    ];
    for (const [what, handler, code, message] of cases) {
      it(`fails and leaves nothing: ${what}`, async () => {
        mirror.behave(handler);
        const result = await download();
        expect(result).to.include({
          failed: true,
          error_code: code,
          changed: false,
          checksum: null,
        });
        expect(result["msg"]).to.match(message);
        expect(readdirSync(target.root)).to.deep.equal([]);
      });

      it(`is passed over where another one has the file: ${what}`, async () => {
        mirror.behave(handler);
        other.behave(serve(PROGRAM));
        const result = await download({ url: [url(), url(other.origin)] });
        expect(result).to.include({ changed: true });
        expect(String(result["source"])).to.include(other.origin);
        holdsProgram();
      });
    }

    it("goes on where it was cut", async () => {
      mirror.behave(firstly(1, begin(PROGRAM, 150_000, "cut"), serve(PROGRAM)));
      expect(await download({ retries: 1 })).to.include({ changed: true, attempts: 2 });
      holdsProgram();
    });
  });

  it("takes the archive where mk-docker-opts.sh is wanted, and both must be in it", async () => {
    const name = `flannel-${VERSION}-linux-arm64.tar.gz`;
    const daemon = { name: "flanneld", content: PROGRAM };
    mirror.behave(serve(tarGz([daemon])));
    const refused = await download({ mk_docker_opts: true });
    expect(refused["msg"]).to.include("contains no mk-docker-opts.sh");
    mirror.behave(serve(tarGz([daemon, { name: "mk-docker-opts.sh", content: "#!/bin/sh" }])));
    expect(await download({ mk_docker_opts: true })).to.include({ changed: true, asset: name });
    expect(await download({ mk_docker_opts: true })).to.include({
      changed: false,
      path: file(name),
    });
  });

  it("asks a list of checksums on another host, which sees no header of the first", async () => {
    mirror.behave(serve(PROGRAM));
    other.behave(answer(200, {}, `${sha256(PROGRAM)}  flanneld-arm64\n`));
    const checksum = `sha256:${other.origin}/sums`;
    const headers = { "X-Token": SECRET };
    const told = await download({ checksum, headers, _ansible_check_mode: true });
    expect(told).to.include({ checksum: `sha256:${sha256(PROGRAM)}` });
    expect(gets()).to.deep.equal([]);
    const result = await download({ checksum, headers });
    expect(result).to.include({ changed: true, verified: true });
    expect(mirror.seen.map((request) => request.headers["x-token"])).to.deep.equal([SECRET]);
    expect(other.seen.map((request) => request.headers["x-token"])).to.deep.equal([
      undefined,
      undefined,
    ]);
    const listed = answer(200, {}, `${"0".repeat(64)}  flanneld-arm64\n`);
    other.behave(listed);
    const refused = await download({ checksum, headers });
    expect(refused).to.include({ failed: true, error_code: "verification", changed: false });
    holdsProgram();
  });

  it("shows headers to the host they belong to, and to no other", async () => {
    mirror.behave(answer(404));
    other.behave(serve(PROGRAM));
    const both = [url(), url(other.origin)];
    const refused = await download({ url: both, headers: { "X-Token": SECRET } });
    expect(refused["msg"]).to.include("url names 2 hosts");
    const host = other.origin.replace("http://", "");
    await download({ url: both, headers: { [host]: { "X-Token": SECRET } } });
    expect(mirror.seen.map((request) => request.headers["x-token"])).to.deep.equal([undefined]);
    expect(other.seen.map((request) => request.headers["x-token"])).to.deep.equal([SECRET]);
  });

  it("prints no credential, whatever the verbosity, and writes none down", async () => {
    const secrets = [SECRET, "token-4711-token", "pass-word-1"];
    const withUser =
      url().replace("http://", "http://deploy:pass-word-1@") + "?token=token-4711-token";
    const loud = { _ansible_verbosity: 5, _ansible_diff: true };
    const headers = { "X-Token": SECRET };
    for (const handler of [answer(401), answer(200, {}, SECRET), serve(PROGRAM), answer(500)]) {
      mirror.behave(handler);
      const result = JSON.stringify(await download({ url: withUser, headers, ...loud }));
      for (const secret of secrets) expect(result).to.not.include(secret);
      const written = existsSync(join(dest(), VERSION)) ? names() : [];
      for (const secret of secrets) {
        for (const name of written)
          expect(readFileSync(file(name)).includes(secret)).to.equal(false);
      }
    }
    holdsProgram();
  });

  describe("many runs at once", () => {
    const slowly = (): void => {
      mirror.behave((request, response) => {
        setTimeout(() => {
          serve(PROGRAM)(request, response);
        }, 700);
      });
    };
    const many = (more: Result = {}): Promise<readonly Result[]> =>
      Promise.all(Array.from({ length: 10 }, () => download({ timeout: 10, ...more })));

    it("make one download, and all of them have the file", async () => {
      slowly();
      const results = await many();
      expect(results.map((result) => result["msg"])).to.deep.equal(Array(10).fill(undefined));
      expect(results.filter((result) => result["changed"] === true)).to.have.length(1);
      for (const result of results)
        expect(result["checksum"]).to.equal(`sha256:${sha256(PROGRAM)}`);
      expect(gets()).to.have.length(1);
      holdsProgram();
    });

    it("ask a server that is down once, and all of them say so", async () => {
      mirror.behave((_, response) => setTimeout(() => response.writeHead(500).end(), 1_500));
      const results = await many();
      expect(new Set(results.map((result) => result["error_code"]))).to.deep.equal(
        new Set(["network"]),
      );
      for (const { msg } of results)
        expect(msg).to.include("HTTP 500: the server had an internal error");
      expect(gets().length).to.be.lessThan(4);
      const written = existsSync(join(dest(), VERSION)) ? names() : [];
      expect(written).to.deep.equal([]);
      mirror.behave(serve(PROGRAM));
      expect(await download()).to.include({ changed: true });
    });

    it("do not wait for one that was killed, and clean up after it", async () => {
      mirror.behave(begin(PROGRAM, 150_000, "stall"));
      const killed = start(options({ timeout: 60 }));
      while (
        !existsSync(join(dest(), VERSION)) ||
        !names().some((name) => name.includes(".new-"))
      ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      killed.kill("SIGKILL");
      await once(killed, "exit");
      expect(names()).to.include(".flanneld-arm64.lock");
      expect(names()).to.have.length(2);
      slowly();
      const results = await many();
      expect(results.filter((result) => result["changed"] === true)).to.have.length(1);
      expect(gets()).to.have.length(1);
      holdsProgram();
    });
  });

  const start = (args: Result): ChildProcess => {
    const child = spawn(MODULE, { stdio: ["pipe", "ignore", "ignore"] });
    child.stdin.end(JSON.stringify({ ANSIBLE_MODULE_ARGS: target.options(args) }));
    return child;
  };

  it("says in words what is in the way", async () => {
    mirror.behave(serve(PROGRAM));
    mkdirSync(file(), { recursive: true });
    expect((await download())["msg"]).to.include("a directory is in the way, move it aside");
    rmSync(dest(), { recursive: true });
    writeFileSync(dest(), "");
    expect(await download()).to.include({ failed: true, error_code: "host", changed: false });
    expect((await target.run({ state: "downloaded" }))["msg"])
      .to.include("version: required when state is downloaded")
      .and.include("dest: required when state is downloaded");
    expect((await download({ dest: "cache" }))["msg"]).to.include("expected an absolute path");
    expect((await download({ src: "/x" }))["msg"]).to.include("src: with state downloaded");
    expect((await download({ arch: "sparc64" }))["msg"]).to.include(
      "not a CPU flannel is built for",
    );
  });
});
