// The life of an installation with real daemons: bare host, upgrade, downgrade, repair, removal.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, Target, sha256 } from "../../support/flannel-install";
import { NEW_TAG, OLD_TAG, provideReleases } from "../../support/releases";
import { elfOf, tinyProgram } from "../../support/tiny-program";

const ARCH = machine() === "aarch64" ? "arm64" : "amd64";
const RECORD = ".flanneld.origin.json";
const KEPT_OLD = `.flanneld.previous-${OLD_TAG}`;
const KEPT_NEW = `.flanneld.previous-${NEW_TAG}`;

describe("flannel_install: with real daemons", function () {
  this.timeout(120_000);
  let releases: string;
  let target: Target;
  let daemon: ChildProcess | undefined;

  before(function () {
    this.timeout(900_000); // the first time, the releases are downloaded or built
    releases = provideReleases(ARCH);
  });
  beforeEach(() => {
    target = new Target();
  });
  afterEach(() => {
    daemon?.kill("SIGKILL");
    daemon = undefined;
    target.remove();
  });

  const from = (tag: string, more: Result = {}): Result => ({
    version: tag,
    url: `file://${releases}/{version}/{asset}`,
    checksum: `sha256:file://${releases}/{version}/sha256sum.txt`,
    ...more,
  });
  const release = (tag: string, name = `flanneld-${ARCH}`): Buffer =>
    readFileSync(join(releases, tag, name));
  /** But the record, which is beside whatever this module has installed. */
  const files = (): readonly string[] =>
    readdirSync(target.bin)
      .filter((name) => name !== RECORD)
      .sort();

  /** Check mode, the real run, and the run after it: they must agree with each other. */
  const converge = async (options: Result): Promise<Result> => {
    const before = target.snapshot();
    const predicted = await target.run({ ...options, _ansible_check_mode: true });
    expect(target.snapshot(), "check mode touched something").to.deep.equal(before);
    const real = await target.run(options);
    expect(real["msg"]).to.equal(undefined);
    for (const key of ["changed", "changes", "kept", "restart_required", "verified", "version"]) {
      expect(real[key], `check mode predicted another ${key}`).to.deep.equal(predicted[key]);
    }
    const after = target.snapshot();
    const again = await target.run(options);
    expect(again).to.deep.include({ changed: false, changes: [] });
    expect(target.snapshot(), "the second run touched something").to.deep.equal(after);
    return real;
  };

  it("installs on a bare host, where not even the directory is there", async () => {
    const result = await converge(from(NEW_TAG));
    expect(result).to.deep.include({
      changed: true,
      version_before: null,
      version: NEW_TAG,
      arch: ARCH,
      path: target.binary,
      sha256: sha256(release(NEW_TAG)),
      bytes: release(NEW_TAG).length,
      verified: true,
      kept: [],
      restart_required: false,
    });
    expect(readFileSync(target.binary).equals(release(NEW_TAG))).to.equal(true);
    expect(statSync(target.binary).mode & 0o7777).to.equal(0o750);
    expect(statSync(target.bin).mode & 0o7777).to.equal(0o755);
    expect(files()).to.deep.equal(["flanneld"]);
  });

  it("upgrades and downgrades, keeping the version before, and does not touch the running one", async () => {
    await converge(from(OLD_TAG));
    daemon = spawn(target.binary, ["-etcd-endpoints=http://127.0.0.1:1", "-iface=lo"], {
      stdio: "ignore",
    });
    await once(daemon, "spawn");
    const upgrade = await converge(from(NEW_TAG));
    expect(upgrade).to.deep.include({
      version_before: OLD_TAG,
      version: NEW_TAG,
      restart_required: true,
      kept: [join(target.bin, KEPT_OLD)],
    });
    expect(daemon.exitCode).to.equal(null);
    expect(readlinkSync(`/proc/${String(daemon.pid)}/exe`)).to.equal(`${target.binary} (deleted)`);
    expect(files()).to.deep.equal([KEPT_OLD, "flanneld"]);
    const unchanged = await target.run(from(NEW_TAG));
    expect(unchanged).to.include({ changed: false, restart_required: true });

    daemon.kill("SIGKILL");
    await once(daemon, "exit");
    expect(await target.run(from(NEW_TAG))).to.include({ restart_required: false });

    const downgrade = await converge(from(OLD_TAG));
    expect(downgrade).to.deep.include({
      version: OLD_TAG,
      restart_required: false,
      kept: [join(target.bin, KEPT_NEW)],
    });
    expect(readFileSync(target.binary).equals(release(OLD_TAG))).to.equal(true);
    expect(readFileSync(join(target.bin, KEPT_NEW)).equals(release(NEW_TAG))).to.equal(true);
  });

  it("keeps as many versions as declared, those replaced last", async () => {
    const put = async (version: string, keep: number): Promise<Result> => {
      const src = join(target.root, "source");
      writeFileSync(src, tinyProgram(version));
      return converge({ version, src, keep });
    };
    for (const version of ["v0.10.0", "v0.11.0", "v0.12.0"]) await put(version, 2);
    expect(files()).to.deep.equal([
      ".flanneld.previous-v0.10.0",
      ".flanneld.previous-v0.11.0",
      "flanneld",
    ]);
    const back = await put("v0.10.0", 2);
    expect(back["kept"]).to.deep.equal(
      ["v0.12.0", "v0.11.0"].map((version) => join(target.bin, `.flanneld.previous-${version}`)),
    );
    await put("v0.10.0", 1);
    expect(files()).to.deep.equal([".flanneld.previous-v0.12.0", "flanneld"]);
    await put("v0.10.0", 0);
    expect(files()).to.deep.equal(["flanneld"]);
  });

  it("takes daemon and mk-docker-opts.sh out of the archive, and removes what is its own", async () => {
    const result = await converge(from(NEW_TAG, { mk_docker_opts: true }));
    expect(result).to.deep.include({ verified: true, sha256: sha256(release(NEW_TAG)) });
    expect(String(result["source"])).to.match(/flannel-v0\.28\.9-linux-.*\.tar\.gz$/);
    expect(files()).to.deep.equal(["flanneld", "mk-docker-opts.sh"]);
    expect(readFileSync(join(target.bin, "mk-docker-opts.sh"), "utf8")).to.match(/^#!\/bin\/sh/);
    const upgrade = await converge(from(OLD_TAG, { mk_docker_opts: true }));
    expect(upgrade["kept"]).to.deep.equal([join(target.bin, KEPT_NEW)]);
    writeFileSync(join(target.bin, "etcdctl"), "not flannel's");
    await converge({ state: "absent" });
    expect(readdirSync(target.bin)).to.deep.equal(["etcdctl"]);
  });

  it("leaves a mk-docker-opts.sh of somebody else alone", async () => {
    mkdirSync(target.bin);
    writeFileSync(join(target.bin, "mk-docker-opts.sh"), "mine");
    await converge(from(NEW_TAG));
    await converge({ state: "absent" });
    expect(readdirSync(target.bin)).to.deep.equal(["mk-docker-opts.sh"]);
  });

  it("installs from a file of the host, bare or packed", async () => {
    const bare = await converge({
      version: NEW_TAG,
      src: join(releases, NEW_TAG, `flanneld-${ARCH}`),
    });
    expect(bare).to.include({ verified: false, sha256: sha256(release(NEW_TAG)) });
    const archive = join(releases, OLD_TAG, `flannel-${OLD_TAG}-linux-${ARCH}.tar.gz`);
    const packed = await converge({
      version: OLD_TAG,
      src: archive,
      checksum: `sha256:${sha256(readFileSync(archive))}`,
    });
    expect(packed).to.include({ verified: true, source: archive });
    expect(readFileSync(target.binary).equals(release(OLD_TAG))).to.equal(true);
  });

  it("asks for the file of the host only when it is needed, and never in check mode", async () => {
    const options = { version: "v0.28.9", src: join(target.root, "pushed-later") };
    const predicted = await target.run({ ...options, _ansible_check_mode: true });
    expect(predicted).to.include({ changed: true, version: "v0.28.9" });
    const missing = await target.run(options);
    expect(missing).to.include({ error_code: "not_found", changed: false });
    expect(missing["msg"]).to.match(/^src: .*pushed-later: there is no such file/);
    expect(existsSync(target.bin)).to.equal(false);
    mkdirSync(target.bin);
    writeFileSync(target.binary, tinyProgram("v0.28.9"), { mode: 0o750 });
    expect(await target.run(options)).to.include({ changed: false });
  });

  it("refuses a binary for another CPU in words, before anything is replaced", async () => {
    await target.run(from(NEW_TAG));
    const foreign = ARCH === "amd64" ? "arm64" : "amd64";
    const file = join(target.root, "foreign");
    writeFileSync(file, elfOf(foreign));
    const before = target.snapshot().slice(1);
    const result = await target.run({ version: OLD_TAG, src: file });
    expect(result["msg"]).to.include(`this is a binary for ${foreign}, the host is ${ARCH}`);
    expect(
      target
        .snapshot()
        .slice(1)
        .map((line) => line.replace(/ \d+\.?\d*$/, "")),
    ).to.have.length(before.length);
    expect(readFileSync(target.binary).equals(release(NEW_TAG))).to.equal(true);
    const declared = await target.run({ version: OLD_TAG, src: file, arch: foreign });
    expect(declared["msg"]).to.include(`it is for ${foreign}, the host is ${ARCH}`);
  });

  it("replaces what is not a whole flanneld: cut short, for another CPU, a script", async () => {
    const wreck: readonly (() => void)[] = [
      () => {
        truncateSync(target.binary, 1_000_000);
      },
      () => {
        writeFileSync(target.binary, elfOf("riscv64"));
      },
      () => {
        writeFileSync(target.binary, `#!/bin/sh\necho ${NEW_TAG} >&2\n`);
      },
      () => {
        writeFileSync(target.binary, "");
      },
    ];
    for (const damage of wreck) {
      await target.run(from(NEW_TAG));
      damage();
      expect(await converge(from(NEW_TAG))).to.include({ changed: true, version_before: null });
    }
    expect(files()).to.deep.equal(["flanneld"]);
  });

  it("restores a whole program of the right version that is not the declared one", async () => {
    await target.run(from(NEW_TAG));
    writeFileSync(target.binary, tinyProgram(NEW_TAG), { mode: 0o750 });
    expect(await target.run({ version: NEW_TAG })).to.include({ changed: false, verified: false });
    // It is not run, because it is another file than declared, and is kept, because it may be a good one.
    expect(await converge(from(NEW_TAG))).to.include({ changed: true, version_before: null });
    const digest = sha256(tinyProgram(NEW_TAG)).slice(0, 12);
    expect(files()).to.deep.equal([`.flanneld.previous-unknown.${digest}`, "flanneld"]);
  });

  it("sets mode and owner of what stays, without a download", async () => {
    await target.run(from(NEW_TAG));
    const inode = statSync(target.binary).ino;
    chmodSync(target.binary, 0o777);
    const result = await converge(from(NEW_TAG));
    expect(result).to.deep.include({
      changes: [`set mode and owner of ${target.binary}`],
      source: null,
      restart_required: false,
    });
    expect(statSync(target.binary)).to.include({ ino: inode, mode: 0o100750 });
  });

  it("takes owner and group by name", async function () {
    if (process.getuid?.() !== 0) this.skip();
    await converge(from(NEW_TAG, { owner: "nobody", group: "daemon", mode: "0755" }));
    const [uid, gid] = ["/etc/passwd", "/etc/group"].map((file, index) => {
      const name = ["nobody", "daemon"][index] ?? "";
      const line = readFileSync(file, "utf8")
        .split("\n")
        .find((text) => text.startsWith(`${name}:`));
      return Number(line?.split(":")[2]);
    });
    expect(statSync(target.binary)).to.include({ uid, gid, mode: 0o100755 });
  });

  it("fails at an owner that does not exist, and predicts with a warning", async () => {
    const options = from(NEW_TAG, { owner: "no-such-user" });
    const real = await target.run(options);
    expect(real).to.deep.include({ error_code: "not_found", changed: false, changes: [] });
    expect(existsSync(target.bin)).to.equal(false);
    const predicted = await target.run({ ...options, _ansible_check_mode: true });
    expect(predicted).to.include({ changed: true });
    expect(predicted["warnings"]).to.deep.equal([
      "owner: no-such-user: there is no such user on this host yet, create it first",
    ]);
  });

  it("clears away what killed runs left, and not what a run in progress has", async () => {
    await target.run(from(NEW_TAG));
    for (const name of [
      ".flanneld.new-4194305",
      ".flanneld.new-4194305-asset",
      ".mk-docker-opts.sh.new-4194305",
    ]) {
      writeFileSync(join(target.bin, name), "half");
    }
    writeFileSync(join(target.bin, `.flanneld.new-${process.pid}`), "this test is a Node process");
    expect((await converge(from(NEW_TAG)))["changes"]).to.have.length(3);
    expect(files()).to.deep.equal([`.flanneld.new-${process.pid}`, "flanneld"]);
  });

  it("replaces a symbolic link, not what it points to", async () => {
    mkdirSync(target.bin);
    const elsewhere = join(target.root, "elsewhere");
    copyFileSync(join(releases, OLD_TAG, `flanneld-${ARCH}`), elsewhere);
    chmodSync(elsewhere, 0o750);
    symlinkSync(elsewhere, target.binary);
    expect(await target.run({ version: OLD_TAG })).to.include({ changed: false });
    await converge(from(NEW_TAG));
    expect(readFileSync(elsewhere).equals(release(OLD_TAG))).to.equal(true);
    expect(files()).to.deep.equal(["flanneld"]);
  });

  it("replaces a symbolic link that leads nowhere, and removes one", async () => {
    mkdirSync(target.bin);
    symlinkSync("/no/such/flanneld", target.binary);
    await converge(from(NEW_TAG));
    await converge({ state: "absent" });
    symlinkSync("/no/such/flanneld", target.binary);
    await converge({ state: "absent" });
    expect(readdirSync(target.bin).sort()).to.deep.equal([]);
  });

  it("installs twice at once, and both runs end well", async () => {
    mkdirSync(target.bin);
    writeFileSync(target.binary, tinyProgram("v0.10.0"), { mode: 0o750 });
    const runs = await Promise.all([OLD_TAG, NEW_TAG].map((tag) => target.run(from(tag))));
    for (const result of runs) expect(result["msg"]).to.equal(undefined);
    const installed = readFileSync(target.binary);
    expect([OLD_TAG, NEW_TAG].filter((tag) => installed.equals(release(tag)))).to.have.length(1);
    // Whatever is kept is what its name says.
    const contents: Readonly<Record<string, Buffer>> = {
      [`.flanneld.previous-unknown.${sha256(tinyProgram("v0.10.0")).slice(0, 12)}`]:
        tinyProgram("v0.10.0"),
      [KEPT_OLD]: release(OLD_TAG),
      [KEPT_NEW]: release(NEW_TAG),
    };
    for (const name of files().filter((file) => file !== "flanneld")) {
      const isRight = contents[name]?.equals(readFileSync(join(target.bin, name)));
      expect(isRight, name).to.equal(true);
    }
  });

  it("starts anew when its own record is damaged", async () => {
    await target.run(from(NEW_TAG, { mk_docker_opts: true }));
    for (const damage of ["", "{", '{"flanneld": 5}', "[]"]) {
      writeFileSync(join(target.bin, ".flanneld.origin.json"), damage);
      expect(await converge(from(NEW_TAG, { mk_docker_opts: true }))).to.include({ changed: true });
    }
  });

  it("shows the diff: planned in check mode, complete after the run", async () => {
    await target.run(from(OLD_TAG));
    const diffOf = (result: Result): { before: string; after: string } =>
      (result["diff"] as { before: string; after: string }[])[0] ?? { before: "", after: "" };
    const options = {
      version: NEW_TAG,
      url: `file://${releases}/{version}/{asset}`,
      _ansible_diff: true,
    };
    const planned = diffOf(await target.run({ ...options, _ansible_check_mode: true }));
    expect(planned.before).to.include(
      `version: ${OLD_TAG}\narch: ${ARCH}\nsha256: ${sha256(release(OLD_TAG))}`,
    );
    expect(planned.after).to.include(
      `version: ${NEW_TAG}\narch: ${ARCH}\nsha256: (known after the download)`,
    );
    const done = diffOf(await target.run(options));
    expect(done.after).to.include(`sha256: ${sha256(release(NEW_TAG))}\n`);
  });
});
