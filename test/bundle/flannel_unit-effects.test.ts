// What the shipped flannel_unit does to a host, and what it says of it, when systemd does as it is
// told and when it does not. The real systemd and the real flanneld are in test/systemd.

import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, type Scenario, type ScriptedHost } from "../support/scripted-host";
import { useScriptedUnit } from "../support/scripted-unit";

const SECRET = "correct-horse-battery";
const PSK = `${SECRET}-staple`;
const UNIT = "flannel-scripted-test.service";
const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "host-gw" } };
const OWN_KEYS = [
  "unit_path",
  "restarted",
  "restart_reasons",
  "active_state",
  "sub_state",
  "main_pid",
  "enabled",
  "flags",
  "subnet",
  "rolled_back",
];

describe("the bundle of flannel_unit on a scripted host", function () {
  this.timeout(60_000);
  const unit = useScriptedUnit();
  const { succeed } = unit;
  let host: ScriptedHost;

  beforeEach(() => {
    ({ host } = unit);
  });

  /** The steps of a result, as if the host were not in a folder of its own. */
  function stepsOf(result: Result): readonly string[] {
    return result.changes.map((change) => change.replaceAll(`${host.root}/`, ""));
  }

  /** A failing run; every key that a result promises is there. */
  async function fail(
    scenario: Scenario,
    options: Record<string, unknown> = {},
    interruptAt?: string,
  ): Promise<Result> {
    host.play(scenario);
    const result = await host.run(options, interruptAt);
    expect(result["failed"], JSON.stringify(result)).to.equal(true);
    expect(result).to.include.all.keys(...OWN_KEYS, "changed", "changes", "invocation", "msg");
    return result;
  }

  it("brings a daemon up, sees that it runs, and then changes nothing", async () => {
    const options = { settings: { "etcd-prefix": "/net", "etcd-password": SECRET } };
    const predicted = await succeed({ ...options, _ansible_check_mode: true });
    expect(host.calls).to.deep.equal([]);
    expect(existsSync(host.unitPath)).to.equal(false);
    const result = await succeed(options);
    expect(stepsOf(result)).to.deep.equal([
      "write options/flannel-scripted-test.env",
      `write units/${UNIT}`,
      "reload systemd",
      `start ${UNIT}`,
    ]);
    expect(predicted.changes).to.deep.equal(result.changes);
    expect(host.calls).to.deep.equal(["daemon-reload", "restart"]);
    expect(result).to.deep.include({
      changed: true,
      active_state: "active",
      main_pid: host.pid,
      restarted: false,
      subnet: { network: "10.200.0.0/16", subnet: "10.200.1.1/24", mtu: 1450 },
    });
    expect(host.argv).to.include("-etcd-prefix=/net");
    expect(statSync(host.environmentPath).mode & 0o777).to.equal(0o600);
    const again = await succeed(options);
    expect(again).to.deep.include({ changed: false, changes: [], main_pid: host.pid });
  });

  it("enables before it starts, and says what it told systemd", async () => {
    const result = await succeed({ wanted_by: ["multi-user.target"] });
    expect(stepsOf(result).slice(-2)).to.deep.equal([`enable ${UNIT}`, `start ${UNIT}`]);
    expect(host.calls).to.deep.equal(["daemon-reload", "enable", "restart"]);
    expect(result).to.include({ enabled: true });
  });

  it("restarts for another certificate, not for a newer one", async () => {
    const certificate = join(host.root, "ca.pem");
    const options = { settings: { "etcd-cafile": certificate } };
    writeFileSync(certificate, "old");
    await succeed(options);
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(certificate, "old");
    expect(await succeed(options)).to.include({ changed: false });
    writeFileSync(certificate, "new");
    const reason = `file: ${certificate} has changed since the process started`;
    expect(await succeed(options)).to.deep.include({ restart_reasons: [reason] });
    expect(await succeed(options)).to.include({ changed: false });
  });

  it("restarts for what has changed, and for no certificate of before", async () => {
    const certificate = join(host.root, "ca.pem");
    writeFileSync(certificate, "old");
    await succeed({ restart_on: [certificate] });
    expect(await succeed({ restart_on: [certificate] })).to.include({ changed: false });
    await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(certificate, "new");
    const { pid } = host;
    const result = await succeed({ restart_on: [certificate] });
    expect(result).to.deep.include({
      restarted: true,
      restart_reasons: [`file: ${certificate} has changed since the process started`],
    });
    expect(host.pid).not.to.equal(pid);
  });

  it("keeps secrets of the network configuration from all eyes but root's", async () => {
    const secret = (psk: string) => ({
      network_config: { ...CONFIG, Backend: { Type: "host-gw", PSK: psk } },
      _ansible_diff: true,
    });
    const first = await succeed(secret(`${PSK}-first`));
    const { pid } = host;
    const hidden = /^ANSIBLE_FLANNEL_NETWORK_HIDDEN="Backend\.PSK=(#[0-9a-f]{8})"$/m;
    const fingerprint = hidden.exec(host.read(host.environmentPath) ?? "")?.[1];
    expect(fingerprint).to.match(/^#/);
    expect(host.read(host.unitPath)).to.contain("Backend.Type=host-gw").and.not.contain("PSK");
    expect((await succeed(secret(`${PSK}-first`))).changes).to.deep.equal([]);
    const second = await succeed(secret(`${PSK}-second`));
    expect(second).to.deep.include({
      restart_reasons: [
        "network: the process was started for a different configuration: Backend.PSK was different",
      ],
    });
    expect(host.pid).not.to.equal(pid);
    const shown = JSON.stringify([first, second]);
    expect(shown).to.contain("host-gw").and.not.to.contain(SECRET);
    expect(shown).not.to.contain(String(fingerprint));
    expect((await succeed({ network_config: CONFIG })).changes).to.include(
      `remove ${host.environmentPath}`,
    );
  });

  it("takes the environment file away only when systemd does without it", async () => {
    await succeed({ settings: { "etcd-password": SECRET } });
    const result = await fail({ fails: { "daemon-reload": "no" } });
    expect(stepsOf(result)).to.deep.equal([`write units/${UNIT}`]);
    expect(existsSync(host.environmentPath)).to.equal(true);
    host.play({});
    expect(stepsOf(await succeed())).to.deep.equal([
      "reload systemd",
      "remove options/flannel-scripted-test.env",
      `restart ${UNIT}`,
    ]);
  });

  it("takes away with it what a killed run had prepared of it", async () => {
    await succeed({ settings: { "etcd-password": SECRET } });
    const staged = join(host.root, "options", ".flannel-scripted-test.env.new-4194305");
    writeFileSync(staged, SECRET);
    await succeed();
    expect(existsSync(staged)).to.equal(false);
  });

  it("tells what was written before systemd refused to read it", async () => {
    const result = await fail({ fails: { "daemon-reload": "Access denied" } });
    expect(result).to.deep.include({
      changed: true,
      changes: [`write ${host.unitPath}`],
      error_code: "permission",
      active_state: "inactive",
      rolled_back: false,
    });
    expect(result.msg)
      .to.contain("cannot run systemctl daemon-reload: Access denied; run the task with become")
      .and.contain(`already done: write ${host.unitPath}`);
  });

  it("changes nothing that systemd-analyze refuses", async () => {
    const result = await fail({ complaints: ["7: Failed to parse nice priority"] });
    expect(result).to.deep.include({ changed: false, changes: [], error_code: "verification" });
    expect(result.msg).to.contain("nothing was changed: line 7: Failed to parse nice priority");
    expect(existsSync(host.unitPath)).to.equal(false);
  });

  it("scores the sandbox before and after, and goes without what this systemd does not know", async () => {
    await succeed();
    host.play({
      complaints: ["9: Unknown key name 'ProtectProc' in section 'Service', ignoring."],
    });
    const result = await succeed({ hardening: true });
    expect(result).to.deep.include({ security_score: { before: 9.6, after: 2.1 } });
  });

  it("does not undo a mask", async () => {
    const result = await fail({ loadState: "masked" });
    expect(result).to.deep.include({ changed: false, changes: [], error_code: "refused" });
    expect(result.msg).to.contain(`systemctl unmask ${UNIT}`);
    const predicted = await host.run({ _ansible_check_mode: true });
    expect(predicted).to.include({ changed: true });
    expect(String(predicted["warnings"])).to.contain("is masked");
  });

  const JOURNAL = ["starting", "E1 main.go] dial tcp 10.0.0.1:2379: connect: connection refused"];

  it("explains a first start that fails, and has nothing to go back to", async () => {
    const result = await fail({ starts: ["failed"], journal: JOURNAL });
    expect(result).to.deep.include({
      changed: true,
      error_code: "service",
      journal: JOURNAL,
      active_state: "failed",
      main_pid: 0,
      rolled_back: false,
    });
    expect(stepsOf(result)).to.deep.equal([
      `write units/${UNIT}`,
      "reload systemd",
      `start ${UNIT}`,
    ]);
    expect(result.msg)
      .to.contain("did not become ready: waited for the unit to be active, it is failed")
      .and.contain("last run: result exit-code, exited with 1")
      .and.contain("cause: etcd cannot be reached; remedy: ")
      .and.contain("not rolled back: the daemon did not run before")
      .and.contain("connection refused");
    expect(host.calls).to.deep.equal(["daemon-reload", "restart"]);
    host.play({});
    await succeed();
    expect(host.calls).to.deep.equal(["reset-failed", "restart"]);
  });

  it("puts the previous unit and secrets back when the new daemon fails, and tells so", async () => {
    const before = { settings: { "etcd-password": SECRET }, network_config: CONFIG };
    await succeed(before);
    const texts = [host.read(host.unitPath), host.read(host.environmentPath)];
    const options = {
      state: "restarted",
      settings: { v: 1, "etcd-password": `${SECRET}-new` },
      network_config: { ...CONFIG, SubnetLen: 26 },
      _ansible_diff: true,
    };
    const result = await fail({ starts: ["failed", "ready"], journal: JOURNAL }, options);
    expect(stepsOf(result)).to.deep.equal([
      "write options/flannel-scripted-test.env",
      `write units/${UNIT}`,
      "reload systemd",
      `restart ${UNIT}`,
      "put back the previous unit",
      "put back the previous environment file",
      `start ${UNIT} again as it was before`,
    ]);
    expect(result).to.deep.include({
      changed: true,
      restarted: true,
      rolled_back: true,
      active_state: "active",
      main_pid: host.pid,
      journal: JOURNAL,
    });
    expect(result["restart_reasons"]).to.deep.equal([
      "requested: state is restarted",
      "arguments: added -v=1",
      "environment: FLANNELD_ETCD_PASSWORD",
      "unit: the process was started with different service directives",
      "network: the process was started for a different configuration: SubnetLen was not set, is 26",
    ]);
    expect(result.msg).to.contain(
      "rolled back: the previous unit and environment file was put back and runs",
    );
    expect([host.read(host.unitPath), host.read(host.environmentPath)]).to.deep.equal(texts);
    expect(host.argv).not.to.include("-v=1");
    expect(JSON.stringify(result)).not.to.contain(SECRET);
    expect(await succeed(before)).to.include({ changed: false });
  });

  it("takes a new environment file away again, after systemd knows the previous unit", async () => {
    await succeed();
    const options = { settings: { "etcd-password": SECRET } };
    const result = await fail({ starts: ["failed", "ready"] }, options);
    expect(result).to.include({ rolled_back: true });
    expect(existsSync(host.environmentPath)).to.equal(false);
    expect(host.calls).to.deep.equal(["daemon-reload", "restart", "daemon-reload", "restart"]);
    // The unit that systemd still knows needs the file, so it stays when the reload fails.
    const fails = { "daemon-reload": "no" };
    const scenario = { starts: ["failed"], fails, after: { "daemon-reload": 1 } } as const;
    expect(await fail(scenario, options)).to.include({ rolled_back: false });
    expect(existsSync(host.environmentPath)).to.equal(true);
  });

  it("puts the program back that was replaced", async () => {
    await succeed();
    host.replaceBinary(join(host.root, ".flanneld.previous-v0.1.0"));
    const result = await fail({ starts: ["failed", "ready"] });
    expect(stepsOf(result)).to.deep.equal([
      `restart ${UNIT}`,
      "put back the previous binary",
      `start ${UNIT} again as it was before`,
    ]);
    expect(result.msg).to.contain("rolled back: the previous binary was put back and runs");
    expect(await succeed()).to.include({ changed: false });
  });

  it("does not go back to what would be the same daemon, nor when told not to", async () => {
    await succeed({ network_config: CONFIG });
    const other = { network_config: { ...CONFIG, SubnetLen: 26 } };
    const same = await fail({ starts: ["failed"] }, other);
    expect(same.msg).to.contain("not rolled back: neither unit nor binary was changed");
    host.play({});
    await succeed({ network_config: CONFIG });
    const told = { settings: { v: 1 }, rollback: false };
    const result = await fail({ starts: ["failed"] }, told);
    expect(result.msg).to.contain("not rolled back (rollback: false)");
    expect(result).to.include({ rolled_back: false });
    expect(host.read(host.unitPath)).to.contain("-v=1");
  });

  it("tells of a way back that fails too, and what was put back all the same", async () => {
    await succeed();
    const scenario: Scenario = {
      starts: ["failed"],
      fails: { "daemon-reload": "out of memory" },
      after: { "daemon-reload": 1 },
    };
    const result = await fail(scenario, { settings: { v: 1 } });
    expect(result.msg).to.contain(
      "the rollback failed too: cannot run systemctl daemon-reload: out of memory",
    );
    expect(stepsOf(result).slice(-2)).to.deep.equal([
      `restart ${UNIT}`,
      "put back the previous unit",
    ]);
    expect(result).to.include({ changed: true, rolled_back: false, active_state: "failed" });
  });

  it("gives up after the time it was given, and says what it waited for", async () => {
    const result = await fail({ starts: ["starting"] });
    expect(result.msg).to.contain(
      "did not become ready within 1 s: waited for the unit to be active, it is activating (start)",
    );
  });

  it("gives up after that time even where the clock is set back all the time", async () => {
    const startedMs = Date.now();
    const setBack =
      "const { now } = Date; let back = 0; Date.now = () => now() - (back += 60_000);";
    process.env["NODE_OPTIONS"] = `--import=data:text/javascript,${encodeURIComponent(setBack)}`;
    try {
      const result = await fail({ starts: ["starting"] });
      expect(result.msg).to.contain("did not become ready within 1 s");
    } finally {
      delete process.env["NODE_OPTIONS"];
    }
    expect(Date.now() - startedMs).to.be.below(20_000);
  });

  it("takes the second death for an answer, long before the time is over", async () => {
    const startedMs = Date.now();
    const result = await fail({ starts: ["dying"] }, { wait_timeout: 60 });
    expect(result.msg).to.contain("it is activating (auto-restart)").and.not.contain("within");
    expect(Date.now() - startedMs).to.be.below(20_000);
  });

  it("finds the cause in what the daemon said before it was started again", async () => {
    const result = await fail({ starts: ["dying"], firstJournal: JOURNAL }, { wait_timeout: 60 });
    expect(result).to.deep.include({ journal: JOURNAL });
  });

  it("waits for nothing when told so", async () => {
    host.play({ starts: ["starting"] });
    const result = await succeed({ wait_timeout: 0 });
    expect(result).to.include({ active_state: "activating", rolled_back: false });
  });

  it("tells what it had done when a signal ends its waiting", async () => {
    const result = await fail({ starts: ["starting"] }, { wait_timeout: 60 }, "restart");
    expect(result).to.include({ changed: true, error_code: "interrupted", rolled_back: false });
    expect(stepsOf(result)).to.deep.equal([
      `write units/${UNIT}`,
      "reload systemd",
      `start ${UNIT}`,
    ]);
    expect(result.msg)
      .to.contain(`interrupted by SIGTERM during: start ${UNIT}`)
      .and.contain("already done: write ");
  });

  it("stops a daemon and leaves its unit", async () => {
    await succeed();
    const result = await succeed({ state: "stopped" });
    expect(result).to.deep.include({
      changes: [`stop ${UNIT}`],
      active_state: "inactive",
      main_pid: 0,
    });
    expect(existsSync(host.unitPath)).to.equal(true);
    expect(await succeed({ state: "stopped" })).to.include({ changed: false });
  });

  it("removes everything it made, in an order that can be taken up again", async () => {
    const options = { settings: { "etcd-password": SECRET } };
    await succeed(options);
    mkdirSync(`${host.unitPath}.d`);
    writeFileSync(join(`${host.unitPath}.d`, "a.conf"), "[Service]\nNice=1\n");
    const absent = { ...options, state: "absent" };
    const predicted = await succeed({ ...absent, _ansible_check_mode: true });
    host.play({ fails: { "daemon-reload": "no" } });
    const broken = await host.run(absent);
    expect(stepsOf(broken)).to.deep.equal([
      `stop ${UNIT}`,
      `remove units/${UNIT}.d/a.conf`,
      `remove units/${UNIT}`,
      "remove options/flannel-scripted-test.env",
    ]);
    const folder = `remove ${join(host.root, "options")}`;
    expect(predicted.changes).to.deep.equal([...broken.changes, "reload systemd", folder]);
    expect(broken).to.include({ changed: true, failed: true, active_state: "inactive" });
    expect(existsSync(`${host.unitPath}.d`)).to.equal(false);
    host.play({});
    expect(await succeed(absent)).to.deep.include({ changes: ["reload systemd", folder] });
    expect(existsSync(join(host.root, "options"))).to.equal(false);
    expect(await succeed(absent)).to.deep.include({ changes: [], enabled: false });
  });
});
