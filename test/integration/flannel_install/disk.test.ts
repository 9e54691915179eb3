// Places where a file cannot be written or run: full, read-only, noexec, closed to the user, or
// taken by something else. A clear error, nothing changed, nothing left behind.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { execa } from "execa";
import { expect } from "chai";

import { MODULE, type Result, Target, sha256 } from "../../support/flannel-install";
import { parseLine } from "../../support/run-module";
import { tarGz } from "../../support/tar";
import { tinyProgram } from "../../support/tiny-program";

const OLD = tinyProgram("v0.16.1", 20_000);
const NEW = tinyProgram("v0.28.9", 200_000);
const NOBODY = 65534;

describe("flannel_install: on a disk that does not want it", function () {
  this.timeout(60_000);
  let target: Target;
  let isMounted = false;

  before(function () {
    if (process.getuid?.() !== 0) this.skip(); // only root can mount
  });
  beforeEach(() => {
    target = new Target();
    writeFileSync(join(target.root, "binary"), NEW);
    writeFileSync(join(target.root, "archive"), tarGz([{ name: "flanneld", content: NEW }]));
  });
  afterEach(() => {
    if (isMounted) execFileSync("umount", [target.bin]);
    isMounted = false;
    target.remove();
  });

  const mount = (options: string): void => {
    mkdirSync(target.bin, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `mode=0755,${options}`, "none", target.bin]);
    isMounted = true;
    writeFileSync(target.binary, OLD, { mode: 0o750 });
  };
  const remount = (options: string): void => {
    execFileSync("mount", ["-o", `remount,${options}`, target.bin]);
  };
  const upgrade = (source = "binary"): Promise<Result> =>
    target.run({ version: "v0.28.9", src: join(target.root, source) });
  const isUntouched = (): void => {
    expect(readFileSync(target.binary).equals(OLD)).to.equal(true);
    expect(readdirSync(target.bin)).to.deep.equal(["flanneld"]);
  };

  it("says that the disk is full, whichever file filled it", async () => {
    for (const source of ["binary", "archive"]) {
      // From no room for the download up to room for all but the last file.
      for (const size of ["100k", "200k", "300k", "400k"]) {
        mount(`size=${size}`);
        const result = await upgrade(source);
        if (result["failed"] === true) {
          expect(result["msg"], size).to.match(/^cannot write .*: no space left on the device/);
          expect(result).to.include({ changed: false, error_code: "host" });
          isUntouched();
        } else {
          expect(readFileSync(target.binary).equals(NEW)).to.equal(true);
        }
        execFileSync("umount", [target.bin]);
        isMounted = false;
      }
    }
  });

  it("really was full in that test, and really not", async () => {
    const outcomes = [];
    for (const size of ["100k", "400k"]) {
      mount(`size=${size}`);
      outcomes.push((await upgrade())["failed"] === true);
      execFileSync("umount", [target.bin]);
      isMounted = false;
    }
    expect(outcomes).to.deep.equal([true, false]);
  });

  it("says that there is no inode left", async () => {
    mount("nr_inodes=2"); // the directory and the old binary
    const result = await upgrade();
    expect(result["msg"]).to.include("no space left on the device");
    isUntouched();
  });

  it("says that the file system is read-only", async () => {
    mount("size=4m");
    remount("ro");
    const result = await upgrade();
    expect(result).to.include({ changed: false, error_code: "host" });
    expect(result["msg"]).to.include("the file system is read-only");
    isUntouched();
  });

  describe("where flanneld cannot be replaced, but mk-docker-opts.sh can", () => {
    const [oldScript, newScript] = ["#!/bin/sh\n# old\n", "#!/bin/sh\n# new\n"];
    const archive = (): string => join(target.root, "archive.tar.gz");
    const script = (): string => join(target.bin, "mk-docker-opts.sh");
    const withScript = (more: Result = {}): Result => ({
      ...{ version: "v0.28.9", src: archive(), mk_docker_opts: true, keep: 0 },
      ...{ _ansible_diff: true, ...more },
    });

    beforeEach(() => {
      writeFileSync(
        archive(),
        tarGz([
          { name: "mk-docker-opts.sh", content: Buffer.from(newScript) },
          { name: "flanneld", content: NEW },
        ]),
      );
      mkdirSync(target.bin);
      writeFileSync(target.binary, OLD, { mode: 0o750 });
      writeFileSync(script(), oldScript, { mode: 0o750 });
      // As a container does that is given one file of its host.
      execFileSync("mount", ["--bind", target.binary, target.binary]);
    });

    const unmount = (): void => {
      execFileSync("umount", [target.binary]);
    };

    it("tells that the script was replaced, and the next run completes it", async () => {
      try {
        const result = await target.run(withScript());
        const done = `install v0.28.9 as ${script()}`;
        expect(result).to.deep.include({
          ...{ failed: true, error_code: "host", changed: true, changes: [done] },
          ...{ version_before: null, version: null, sha256: sha256(OLD) },
          ...{ kept: [], restart_required: false },
        });
        expect(result["msg"]).to.match(/^cannot replace .*\nalready done: install v0.28.9 as /s);
        const [diff] = result["diff"] as readonly Record<string, string>[];
        expect(diff?.["after"]).to.include(sha256(Buffer.from(newScript)));
        expect(readFileSync(script(), "utf8")).to.equal(newScript);
        expect(readFileSync(target.binary).equals(OLD)).to.equal(true);
      } finally {
        unmount();
      }
      const healed = await target.run(withScript());
      expect(healed).to.deep.include({ changed: true, version: "v0.28.9" });
      expect(await target.run(withScript())).to.deep.include({ changed: false, changes: [] });
    });

    it("claims nothing in its record that it has not put there", async () => {
      writeFileSync(archive(), tarGz([{ name: "flanneld", content: NEW }]));
      const options = withScript({ mk_docker_opts: false });
      try {
        const result = await target.run(options);
        expect(result).to.deep.include({ failed: true, changed: false, changes: [] });
        expect(readdirSync(target.bin).sort()).to.deep.equal(["flanneld", "mk-docker-opts.sh"]);
      } finally {
        unmount();
      }
    });
  });

  it("predicts and agrees on a read-only file system that has what is wanted", async () => {
    mount("size=4m");
    remount("ro");
    const result = await target.run({ version: "v0.16.1" });
    expect(result).to.include({ changed: false, version: "v0.16.1" });
  });

  it("says that programs cannot be run there", async () => {
    mount("size=4m,noexec");
    const result = await upgrade();
    expect(result).to.include({ changed: false, error_code: "host" });
    expect(result["msg"]).to.match(/programs cannot be run there.*noexec/);
    isUntouched();
  });

  it("says that a directory or device is in the way, in check mode too", async () => {
    for (const makeObstacle of [mkdirSync, (path: string) => execFileSync("mkfifo", [path])]) {
      mkdirSync(target.bin, { recursive: true });
      makeObstacle(target.binary);
      for (const checkMode of [true, false]) {
        for (const options of [{ version: "v0.28.9" }, { state: "absent" }]) {
          const result = await target.run({ ...options, _ansible_check_mode: checkMode });
          expect(result["msg"]).to.match(/is in the way, move it aside$/);
        }
      }
      expect(readdirSync(target.bin)).to.deep.equal(["flanneld"]);
      rmSync(target.bin, { recursive: true });
    }
  });

  it("says that the directory is a file", async () => {
    writeFileSync(target.bin, "");
    const result = await upgrade();
    expect(result["msg"]).to.include("a part of its path is not a directory");
  });

  it("says that the directory is a link to nowhere, in check mode too, and creates nothing", async () => {
    symlinkSync("/no/such", target.bin);
    for (const checkMode of [true, false]) {
      const options = { version: "v0.28.9", src: join(target.root, "binary") };
      const result = await target.run({ ...options, _ansible_check_mode: checkMode });
      expect(result).to.include({ failed: true, changed: false, error_code: "host" });
      expect(result["msg"]).to.match(/a dangling symbolic link is in the way, move it/);
    }
    expect(await target.run({ state: "absent" })).to.include({ changed: false });
  });

  it("does not read a file of holes", async () => {
    truncateSync(join(target.root, "binary"), 2 ** 40);
    expect((await upgrade())["msg"]).to.match(/^src: .*binary: is larger than \d+ bytes/);
  });

  it("replaces and removes links in a circle", async () => {
    mkdirSync(target.bin);
    for (const options of [
      { version: "v0.28.9", src: join(target.root, "binary") },
      { state: "absent" },
    ]) {
      rmSync(target.binary, { force: true });
      symlinkSync("flanneld", target.binary);
      expect(await target.run(options)).to.include({ changed: true });
      expect(await target.run(options)).to.include({ changed: false });
    }
  });

  it("asks for become where the user may not write", async () => {
    mkdirSync(target.bin);
    writeFileSync(target.binary, OLD, { mode: 0o755 });
    chmodSync(target.root, 0o755);
    const result = await asNobody({
      bin_dir: target.bin,
      version: "v0.28.9",
      src: join(target.root, "binary"),
      owner: String(NOBODY),
      group: String(NOBODY),
    });
    expect(result).to.include({ changed: false, error_code: "permission" });
    expect(result["msg"]).to.match(/^cannot write .*: permission denied, run the task with become/);
    isUntouched();
  });

  it("asks for become where the user may not give a file away, and leaves nothing", async () => {
    mkdirSync(target.bin);
    writeFileSync(target.binary, OLD, { mode: 0o755 });
    for (const path of [target.root, target.bin]) chmodSync(path, 0o777);
    const result = await asNobody({
      bin_dir: target.bin,
      version: "v0.28.9",
      src: join(target.root, "binary"),
    });
    expect(result).to.include({ changed: false, error_code: "permission" });
    expect(result["msg"]).to.include("become: true");
    isUntouched();
  });

  /** The module as an ordinary user, who may not read this repository: from a copy. */
  const asNobody = async (options: Result): Promise<Result> => {
    const copy = join(target.root, "module.cjs");
    writeFileSync(copy, readFileSync(MODULE), { mode: 0o755 });
    const { stdout } = await execa(process.execPath, [copy], {
      input: JSON.stringify(options),
      uid: NOBODY,
      gid: NOBODY,
      reject: false,
      stripFinalNewline: false,
      cwd: "/",
    });
    return parseLine(stdout);
  };
});
