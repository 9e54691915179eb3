// What is this module's own, and what is somebody else's: scripts, links, names, mounts. And what is
// on the host already, which need not be downloaded. No address answers in these tests.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

import { expect } from "chai";

import { type Result, Target, sha256 } from "../../support/flannel-install";
import { tarGz } from "../../support/tar";
import { tinyProgram } from "../../support/tiny-program";

const RECORD = ".flanneld.origin.json";
const SCRIPT = "mk-docker-opts.sh";
const program = (version: string): Buffer => tinyProgram(version, 1000);

describe("flannel_install: what is there already", function () {
  this.timeout(60_000);
  let target: Target;

  beforeEach(() => {
    target = new Target();
    mkdirSync(target.bin);
  });
  afterEach(() => {
    target.remove();
  });

  const at = (name: string): string => join(target.bin, name);
  const files = (): readonly string[] => readdirSync(target.bin).sort();
  const put = (name: string, content: Buffer | string): string => {
    const path = join(target.root, name);
    writeFileSync(path, content);
    return path;
  };
  const install = (version: string, more: Result = {}): Promise<Result> =>
    target.run({ version, src: put(version, program(version)), ...more });
  const offline = (version: string, more: Result = {}): Promise<Result> =>
    converge({ version, url: "http://127.0.0.1:1/{asset}", ...more });
  /** Check mode, the real run, and the one after it. */
  const converge = async (options: Result): Promise<Result> => {
    const before = target.snapshot();
    const predicted = await target.run({ ...options, _ansible_check_mode: true });
    expect(target.snapshot(), "check mode touched something").to.deep.equal(before);
    const real = await target.run(options);
    expect(real["msg"]).to.equal(undefined);
    for (const key of ["changed", "changes", "kept", "version", "asset", "verified"]) {
      expect(real[key], `check mode predicted another ${key}`).to.deep.equal(predicted[key]);
    }
    expect(await target.run(options)).to.deep.include({ changed: false, changes: [] });
    return real;
  };
  const asArchive = (version: string): string =>
    put(
      `${version}.tar.gz`,
      tarGz([
        { name: "flanneld", content: program(version) },
        { name: SCRIPT, content: `#!/bin/sh\n# ${version}\n` },
      ]),
    );

  describe("mends", () => {
    const checksum = `sha256:${sha256(program("v0.28.9"))}`;
    const repairs: readonly (readonly [string, () => void, Result])[] = [
      [
        "a missing x bit of the declared file",
        () => {
          chmodSync(at("flanneld"), 0o640);
        },
        { checksum },
      ],
      [
        "a missing x bit of what it installed",
        () => {
          chmodSync(at("flanneld"), 0o640);
        },
        {},
      ],
      [
        "a mode by which all may write",
        () => {
          chmodSync(at("flanneld"), 0o777);
        },
        {},
      ],
      [
        "no permission at all",
        () => {
          chmodSync(at("flanneld"), 0);
        },
        { checksum },
      ],
    ];
    for (const [what, damage, options] of repairs) {
      it(`${what}, and downloads nothing`, async () => {
        await install("v0.28.9");
        const { ino } = statSync(at("flanneld"));
        damage();
        const result = await offline("v0.28.9", options);
        expect(result["changes"]).to.deep.equal([`set mode and owner of ${target.binary}`]);
        expect(result).to.deep.include({ attempts: 0, source: null, asset: null });
        expect(statSync(at("flanneld"))).to.include({ ino, mode: 0o100750 });
      });
    }

    it("the owner, without a download", async function () {
      if (process.getuid?.() !== 0) this.skip();
      await install("v0.28.9");
      execFileSync("chown", ["12345:12345", at("flanneld")]);
      expect(await offline("v0.28.9")).to.deep.include({ attempts: 0 });
      expect(statSync(at("flanneld")).uid).to.equal(0);
    });

    it("a version that it does not have only with a download", async () => {
      await install("v0.28.9");
      expect(await target.run({ version: "v0.27.0", url: "http://127.0.0.1:1/x" })).to.include({
        ...{ failed: true, error_code: "network", changed: false, version: "v0.28.9" },
      });
    });
  });

  describe("leads back", () => {
    beforeEach(async () => {
      await install("v0.27.0");
      await install("v0.28.9");
    });

    it("to the kept version, and from there again, without any address", async () => {
      for (const [version, left] of [
        ["v0.27.0", "v0.28.9"],
        ["v0.28.9", "v0.27.0"],
        ["v0.27.0", "v0.28.9"],
      ] as const) {
        const result = await offline(version);
        expect(result).to.deep.include({
          ...{
            version,
            version_before: left,
            asset: null,
            kept: [at(`.flanneld.previous-${left}`)],
          },
          source: at(`.flanneld.previous-${version}`),
        });
        expect(readFileSync(at("flanneld")).equals(program(version))).to.equal(true);
        expect(files()).to.deep.equal([RECORD, `.flanneld.previous-${left}`, "flanneld"]);
      }
    });

    it("by the declared digest, and knows it as verified", async () => {
      const checksum = `sha256:${sha256(program("v0.27.0"))}`;
      expect(await offline("v0.27.0", { checksum })).to.include({ verified: true });
    });

    it("not by a digest that is declared and another", async () => {
      const result = await target.run({
        ...{ version: "v0.27.0", url: "http://127.0.0.1:1/x" },
        checksum: `sha256:${sha256(program("v0.26.0"))}`,
      });
      expect(result).to.include({ failed: true, error_code: "network", version: "v0.28.9" });
    });

    it("not to a kept file that was altered since", async () => {
      writeFileSync(at(".flanneld.previous-v0.27.0"), tinyProgram("v0.27.0", 1001));
      const result = await target.run({ version: "v0.27.0", url: "http://127.0.0.1:1/x" });
      expect(result).to.include({ failed: true, error_code: "network", version: "v0.28.9" });
    });

    it("not to a file under the right name of which nothing is known", async () => {
      execFileSync("rm", [at(RECORD)]);
      const result = await target.run({ version: "v0.27.0", url: "http://127.0.0.1:1/x" });
      expect(result).to.include({ failed: true, error_code: "network" });
    });

    it("to what came out of the declared archive", async () => {
      const [old, recent] = ["v0.25.0", "v0.26.0"].map((version) => ({
        ...{ version, src: asArchive(version) },
        checksum: `sha256:${sha256(readFileSync(asArchive(version)))}`,
      }));
      if (old === undefined || recent === undefined) throw new Error("two were made");
      for (const options of [old, recent]) await target.run(options);
      const { version, checksum } = old;
      expect(await offline(version, { checksum })).to.include({ version, verified: true });
    });
  });

  describe("is kept", () => {
    it("when it is the same version with other bytes", async () => {
      await install("v0.28.9");
      const other = put("other", tinyProgram("v0.28.9", 2000));
      const kept = at(`.flanneld.previous-v0.28.9.${sha256(program("v0.28.9")).slice(0, 12)}`);
      expect(await converge({ version: "v0.28.9", src: other })).to.deep.include({ kept: [kept] });
      expect(readFileSync(kept).equals(program("v0.28.9"))).to.equal(true);
    });

    it("and found again by its digest", async () => {
      await install("v0.28.9");
      await target.run({ version: "v0.28.9", src: put("other", tinyProgram("v0.28.9", 2000)) });
      const checksum = `sha256:${sha256(program("v0.28.9"))}`;
      expect(await offline("v0.28.9", { checksum })).to.include({ verified: true, asset: null });
    });

    it("when nothing tells its version", async () => {
      writeFileSync(at("flanneld"), program("v0.1.0"), { mode: 0o755 });
      const result = await install("v0.28.9");
      expect(result["version_before"]).to.equal(null);
      expect((result["kept"] as string[]).map((path) => basename(path))).to.deep.equal([
        `.flanneld.previous-unknown.${sha256(program("v0.1.0")).slice(0, 12)}`,
      ]);
    });

    it("unless anybody could have written it, and that is said", async () => {
      writeFileSync(at("flanneld"), program("v0.1.0"));
      chmodSync(at("flanneld"), 0o777);
      const result = await install("v0.28.9");
      expect(result).to.deep.include({ kept: [] });
      expect(String(result["warnings"])).to.include("its mode 0777 lets others write to it");
    });

    it("in the order of the replacements, whatever touches the files", async () => {
      for (const version of ["v0.25.0", "v0.26.0", "v0.27.0"]) await install(version, { keep: 2 });
      chmodSync(at(".flanneld.previous-v0.25.0"), 0o700); // now its change time is the latest
      await install("v0.28.9", { keep: 2 });
      expect(files().filter((name) => name.includes("previous"))).to.deep.equal([
        ".flanneld.previous-v0.26.0",
        ".flanneld.previous-v0.27.0",
      ]);
    });

    it("as a copy where it can have no second name", async function () {
      if (process.getuid?.() !== 0) this.skip();
      await install("v0.27.0");
      execFileSync("mount", ["--bind", at("flanneld"), at("flanneld")]);
      try {
        const result = await install("v0.28.9");
        expect(result).to.include({ failed: true, error_code: "host", changed: false });
        expect(result["msg"]).to.include("it is a mount point");
        expect(files()).to.deep.equal([RECORD, "flanneld"]);
      } finally {
        execFileSync("umount", [at("flanneld")]);
      }
      expect(await install("v0.28.9")).to.include({ changed: true, version_before: "v0.27.0" });
    });
  });

  describe("of others stays as it is", () => {
    it("a script that was never this module's, also after a run that failed", async () => {
      writeFileSync(at(SCRIPT), "mine");
      const src = put("broken", "no archive");
      const failed = await target.run({ version: "v0.28.9", src, mk_docker_opts: true });
      expect(failed).to.include({ failed: true, changed: false });
      await converge({ state: "absent" });
      expect(readFileSync(at(SCRIPT), "utf8")).to.equal("mine");
    });

    it("a script beside a flanneld that cannot be replaced", async function () {
      writeFileSync(at("flanneld"), program("v0.27.0"), { mode: 0o750 });
      writeFileSync(at(SCRIPT), "mine");
      try {
        execFileSync("chattr", ["+i", at("flanneld"), at(SCRIPT)], { stdio: "ignore" });
      } catch {
        this.skip();
      }
      try {
        const options = { version: "v0.28.9", src: asArchive("v0.28.9"), mk_docker_opts: true };
        const failed = await target.run(options);
        expect(failed).to.include({ failed: true, error_code: "permission", changed: false });
        expect(failed["msg"]).to.include("is the file immutable?");
        expect(files()).to.deep.equal(["flanneld", SCRIPT]);
        const removal = await target.run({ state: "absent" });
        expect(removal).to.include({ failed: true, error_code: "permission", changed: false });
        expect(removal["msg"]).to.include("cannot remove").and.include("is the file immutable?");
      } finally {
        execFileSync("chattr", ["-i", at("flanneld"), at(SCRIPT)]);
      }
      await converge({ state: "absent" });
      expect(readFileSync(at(SCRIPT), "utf8")).to.equal("mine");
      expect(files()).to.deep.equal([SCRIPT]);
    });

    it("a script that has come in the place of this module's, and that is said", async () => {
      const options = { version: "v0.28.9", src: asArchive("v0.28.9"), mk_docker_opts: true };
      await converge(options);
      writeFileSync(at(SCRIPT), "mine");
      const result = await converge({ state: "absent" });
      expect(String(result["warnings"])).to.include(`${SCRIPT} stays: it is no longer the file`);
      expect(files()).to.deep.equal([SCRIPT]);
    });

    for (const [what, link] of Object.entries({ link: symlinkSync, name: linkSync })) {
      it(`the file that a ${what} shares with others`, async () => {
        const other = put("other", program("v0.28.9"));
        chmodSync(other, 0o755);
        link(other, at("flanneld"));
        const result = await offline("v0.28.9");
        expect(result["changes"]).to.have.length(1);
        expect(statSync(other).mode & 0o777).to.equal(0o755);
        expect(lstatSync(at("flanneld")).isFile()).to.equal(true);
        expect(statSync(at("flanneld")).mode & 0o777).to.equal(0o750);
      });
    }

    for (const [what, make] of Object.entries({
      directory: (path: string) => {
        mkdirSync(path);
      },
      pipe: (path: string) => {
        execFileSync("mkfifo", [path]);
      },
    })) {
      it(`a ${what} with the name of the script, which nobody asks for`, async () => {
        make(at(SCRIPT));
        expect(await install("v0.28.9")).to.include({ changed: true });
        await converge({ state: "absent" });
        expect(files()).to.deep.equal([SCRIPT]);
      });

      it(`a ${what} with the name of the record: it is in the way, and no more`, async () => {
        make(at(RECORD));
        writeFileSync(at("flanneld"), program("v0.28.9"), { mode: 0o750 });
        expect(await target.run({ version: "v0.28.9" })).to.include({ changed: false });
        await converge({ state: "absent" });
        expect(files()).to.deep.equal([RECORD]);
      });
    }
  });

  it("is not believed when anybody could have written it down", async function () {
    if (process.getuid?.() !== 0) this.skip();
    writeFileSync(at("flanneld"), program("v0.1.0"), { mode: 0o750 });
    const entry = { sha256: sha256(program("v0.1.0")), version: "v0.28.9" };
    writeFileSync(at(RECORD), JSON.stringify({ flanneld: entry }));
    const check = { version: "v0.28.9", _ansible_check_mode: true };
    expect(await target.run(check)).to.include({ changed: false });
    chmodSync(at(RECORD), 0o666);
    expect(await target.run(check)).to.include({ changed: true, version_before: "v0.1.0" });
  });
});
