// A node finds its own way back: the shipped flannel_unit is killed, or fails, while it tries a new
// daemon, and what ran before is put back with nobody's help. The real systemd is in test/long/systemd.

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { buildModule } from "../support/build-module";
import { type Result, ScriptedHost } from "../support/scripted-host";

const BEFORE = { settings: { v: 1 } };
const AFTER = { settings: { v: 9 } };
/** The watcher looks once a second. */
const SHORTLY_MS = 6_000;

describe("the bundle of flannel_unit, and the way back", function () {
  this.timeout(60_000);
  let library: string | undefined;
  let host: ScriptedHost;

  before(function () {
    // Files are given to root.
    if (process.getuid?.() !== 0) this.skip();
    library = buildModule("flannel_unit");
  });

  after(() => {
    if (library !== undefined) rmSync(library, { recursive: true });
  });

  beforeEach(async () => {
    host = new ScriptedHost(join(library ?? "", "flannel_unit.cjs"));
    await succeed(BEFORE);
  });

  afterEach(() => {
    host.remove();
  });

  function folder(): string {
    return join(host.root, "options", ".flannel-scripted-test.way-back");
  }

  async function succeed(options: Record<string, unknown>): Promise<Result> {
    const result = await host.run(options);
    expect(result["failed"], result.msg).to.equal(undefined);
    return result;
  }

  async function until(isSo: () => boolean): Promise<void> {
    for (let waited = 0; !isSo() && waited < SHORTLY_MS; waited += 50) await sleep(50);
    expect(isSo()).to.equal(true);
  }

  it("leaves nothing behind when the new daemon is ready", async () => {
    expect(await succeed(AFTER)).to.include({ restarted: true });
    expect(existsSync(folder())).to.equal(false);
    expect(await succeed(AFTER)).to.deep.include({ changed: false, changes: [] });
  });

  it("is gone by the host when the run is killed in the middle", async () => {
    const unit = readFileSync(host.unitPath, "utf8");
    host.play({ starts: ["starting", "ready"] });
    await host.runKilledAt("restart", AFTER);
    expect(readFileSync(host.unitPath, "utf8")).not.to.equal(unit);
    await until(() => host.pid !== 0 && host.argv.includes("-v=1"));
    expect(readFileSync(host.unitPath, "utf8")).to.equal(unit);
    expect(host.calls.slice(-3)).to.deep.equal(["daemon-reload", "reset-failed", "restart"]);
    const next = await succeed(AFTER);
    expect(next["warnings"]).to.match(/this host put back what ran before/);
    expect(host.argv).to.include("-v=9");
    expect(existsSync(folder())).to.equal(false);
    expect(await succeed(AFTER)).to.deep.include({ changed: false, changes: [] });
  });

  it("keeps secrets to root on the way", async () => {
    const secret = { settings: { "etcd-password": "correct-horse-battery" } };
    await succeed(secret);
    host.play({ starts: ["starting", "ready"] });
    await host.runKilledAt("restart", AFTER);
    expect(statSync(folder()).mode & 0o777).to.equal(0o700);
    await until(() => existsSync(join(folder(), "fired")));
    await until(() => existsSync(host.environmentPath));
    expect(statSync(host.environmentPath).mode & 0o777).to.equal(0o600);
    expect(readFileSync(host.environmentPath, "utf8")).to.contain("correct-horse-battery");
  });

  it("brings the certificates of before back with the rest", async () => {
    const directory = join(host.root, "pki");
    const [ca, kept] = [join(directory, "ca.pem"), join(directory, ".before")];
    const options = { ...BEFORE, restart_on: [ca], previous_files: kept };
    mkdirSync(directory);
    writeFileSync(ca, "old");
    await succeed(options);
    const renew = (): void => {
      mkdirSync(kept, { recursive: true });
      writeFileSync(join(kept, "ca.pem"), "old");
      writeFileSync(ca, "new");
    };
    await sleep(50);
    renew();
    host.play({ starts: ["failed", "ready"] });
    const failed = await host.run(options);
    expect(failed).to.include({ failed: true, rolled_back: true });
    expect(failed.msg).to.contain("the previous certificate was put back and runs");
    expect(readFileSync(ca, "utf8")).to.equal("old");
    renew();
    host.play({});
    expect(await succeed(options)).to.include({ restarted: true });
    expect(readFileSync(ca, "utf8")).to.equal("new");
    expect(existsSync(kept)).to.equal(false);
  });

  it("is armed before anything of the daemon is stopped, or nothing is", async () => {
    host.play({ refusesTransient: "Failed to connect to bus" });
    const { pid } = host;
    const result = await host.run(AFTER);
    expect(result).to.include({ failed: true, error_code: "host" });
    expect(result.msg).to.contain("Failed to connect to bus").and.to.contain("rollback: false");
    expect(host.pid).to.equal(pid);
    expect(host.calls).not.to.include("restart");
    expect(existsSync(folder())).to.equal(false);
    expect(await succeed({ ...AFTER, rollback: false })).to.include({ restarted: true });
  });

  it("is cleared away where a run was killed before anybody watched over it, by a restart, too", async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "armed"), "4194305\n");
    expect(await succeed({ ...BEFORE, state: "restarted" })).to.include({ restarted: true });
    expect(existsSync(folder())).to.equal(false);
    expect(await succeed(BEFORE)).to.deep.include({ changed: false, changes: [] });
  });

  it("is not gone for a daemon that did not run", async () => {
    host.play({ starts: ["failed"] });
    const result = await host.run({ ...AFTER, state: "restarted" });
    expect(result).to.include({ failed: true });
    expect(existsSync(folder())).to.equal(false);
  });

  it("clears away what is of no use any more, when there is nothing else to do", async () => {
    mkdirSync(folder(), { recursive: true });
    const result = await succeed(BEFORE);
    expect(result.changes.join()).to.match(/^remove what an earlier run kept/);
    expect(existsSync(folder())).to.equal(false);
  });
});
