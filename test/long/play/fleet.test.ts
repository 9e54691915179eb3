// A change of the network that cannot work, on hosts whose pods ping each other throughout: found out before it is
// written, taken back where only a start can tell, and finished or taken back where the controller was killed.

import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { execa } from "execa";

import { Lab, type PlayRun } from "../../support/lab";

const ROOT = resolve(__dirname, "../../..");
const WORKERS = ["worker-1", "worker-2", "worker-3"];
const PING_SECONDS = 0.05;
const PLAYBOOK = "molecule/shared/converge.yml";
/** A command of the daemon's own: nobody can know how it ends before it is run. */
const HOOK = "/usr/local/bin/network-hook";

interface Pings {
  readonly sent: number;
  readonly lost: readonly number[];
}

describe("a change of the network that cannot work", function () {
  this.timeout(600_000);
  const lab = new Lab("test-fleet", { LAB_WORKERS: "3", LAB_ETCD: "1" });
  let pods: Readonly<Record<string, string>>;

  before(async () => {
    await lab.upWithEtcd();
    const { exitCode, output } = await lab.play(PLAYBOOK);
    expect(exitCode, output).to.equal(0);
    pods = await makePods();
    for (const host of WORKERS) await setHook(host, "true");
  });
  after(async () => {
    await lab.down();
  });

  /** A pod on each worker, by host. */
  async function makePods(): Promise<Record<string, string>> {
    const { stdout } = await execa(join(ROOT, "scripts/lab/pods"), ["--json"], {
      env: { LAB_NAME: lab.name },
    });
    const { hosts } = JSON.parse(stdout) as { hosts: { host: string; pod: string }[] };
    return Object.fromEntries(hosts.map(({ host, pod }) => [host, pod]));
  }

  async function setHook(host: string, command: string): Promise<void> {
    const text = `#!/bin/sh\n${command}\n`;
    await lab.ssh(host, `cat >${HOOK}.new; chmod 755 ${HOOK}.new; mv ${HOOK}.new ${HOOK}`, text);
  }

  /** The pod of one host pings that of another while this is done. */
  async function pinging(from: string, to: string, work: () => Promise<void>): Promise<Pings> {
    const ping = `ip netns exec lab-pod ping -n -i ${PING_SECONDS} ${pods[to] ?? ""}`;
    const unit = "--unit=fleet-ping --collect --property=StandardOutput=truncate:/run/fleet-ping";
    await lab.ssh(from, `systemd-run --quiet --property=KillSignal=SIGINT ${unit} ${ping}`);
    await work();
    await lab.ssh(from, "systemctl stop fleet-ping");
    const output = await lab.ssh(from, "cat /run/fleet-ping");
    const [, sent = "0"] = /(\d+) packets transmitted/.exec(output) ?? [];
    const seen = new Set([...output.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, seq]) => Number(seq)));
    const numbers = Array.from({ length: Number(sent) }, (_, index) => index + 1);
    // The last one may be under way when it ends.
    return { sent: numbers.length, lost: numbers.slice(0, -1).filter((seq) => !seen.has(seq)) };
  }

  const variablesFor = (backend: object, more: object = {}): string[] => {
    const change = { flannel_network_if_exists: "update", flannel_network_allow_disruptive: true };
    const network = { flannel_network_config: { Backend: backend } };
    return ["--extra-vars", JSON.stringify({ ...change, ...network, ...more })];
  };
  const IPIP = variablesFor({ Type: "ipip" });
  const EXTENSION = { Type: "extension", PreStartupCommand: HOOK };
  const BLIND = variablesFor(EXTENSION);
  const BLIND_WAVES = variablesFor(EXTENSION, { flannel_restart_serial: 1 });

  const keysOf = async (): Promise<Record<string, string>> => {
    const tls = "--cacert ca-etcd.pem --cert cert-etcd.pem --key cert-etcd-key.pem";
    const get = `etcdctl --endpoints https://${lab.addressOf("etcd-1")}:2379 ${tls} get --prefix /kubernetes-cluster/network/config`;
    const output = await lab.ssh("etcd-1", `cd /var/lib/kubernetes; ETCDCTL_API=3 ${get}`);
    const lines = output.split("\n").filter((line) => line !== "");
    return Object.fromEntries(
      lines.flatMap((line, index) => (index % 2 === 0 ? [[line, lines[index + 1] ?? ""]] : [])),
    );
  };
  const pidsOf = (hosts: readonly string[]): Promise<string[]> =>
    Promise.all(hosts.map((host) => lab.ssh(host, "systemctl show flanneld -P MainPID")));

  /** As before any change: one key with the old text, daemons that run, and a play with nothing to do. */
  async function expectOldNetwork(): Promise<void> {
    expect(await keysOf()).to.deep.equal({
      "/kubernetes-cluster/network/config":
        '{"Network":"10.200.0.0/16","Backend":{"Type":"vxlan"}}',
    });
    for (const host of WORKERS) {
      expect(await lab.ssh(host, "systemctl is-active flanneld")).to.equal("active");
    }
    const run = await lab.play(PLAYBOOK, ["--extra-vars", '{"flannel_verify": true}']);
    expect([run.exitCode, run.changed], run.output).to.deep.equal([0, []]);
  }

  /** Plays until this task begins, and kills the controller with all it has started. */
  async function playUntil(task: string, args: readonly string[]): Promise<void> {
    const command = ["--inventory", lab.inventory, join(ROOT, PLAYBOOK), ...args];
    const env = {
      ...process.env,
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_ROLES_PATH: join(lab.directory, "roles"),
    };
    const play = spawn("ansible-playbook", command, { cwd: ROOT, env, detached: true });
    let output = "";
    for await (const chunk of play.stdout) {
      output += String(chunk);
      if (output.includes(`: ${task}]`)) break;
    }
    expect(output).to.include(`: ${task}]`);
    if (play.pid !== undefined) process.kill(-play.pid, "SIGKILL");
    await sleep(1000); // until what it has started on hosts has ended
  }

  const played = async (args: readonly string[]): Promise<PlayRun> => lab.play(PLAYBOOK, args);

  it("is found out before it is written, by asking every kernel", async () => {
    const before = await pidsOf(WORKERS);
    const pings = await pinging("worker-2", "worker-3", async () => {
      for (const args of [IPIP, [...IPIP, "--check"]]) {
        const { exitCode, output, changed } = await played(args);
        expect([exitCode, changed], output).to.deep.equal([2, []]);
        expect(output).to.include(
          "worker-1, worker-2, worker-3: backend ipip: this kernel has no devices of type ipip",
        );
      }
    });
    expect(pings.sent).to.be.above(20);
    expect(pings.lost).to.deep.equal([]);
    expect(await pidsOf(WORKERS)).to.deep.equal(before);
    await expectOldNetwork();
  });

  it("is taken back after the first wave where only a start can tell", async () => {
    await setHook("worker-1", "echo the cloud is away >&2; exit 1");
    const others = WORKERS.slice(1);
    const before = await pidsOf(others);
    const pings = await pinging("worker-2", "worker-3", async () => {
      const { exitCode, output } = await played(BLIND_WAVES);
      expect(exitCode, output).to.equal(2);
      expect(output).to.match(/Backend\.Type was extension, is vxlan again/);
      expect(output).to.match(/did not come up with it on worker-1: .*a command of the extension/);
      expect(output).to.include("the cloud is away"); // its journal
    });
    expect(pings.sent).to.be.above(50);
    expect(pings.lost).to.deep.equal([]);
    expect(await pidsOf(others)).to.deep.equal(before);
    await expectOldNetwork();
  });

  it("is taken back on the hosts that came up under it, too", async () => {
    const { exitCode, output, failed } = await played(BLIND);
    expect(exitCode, output).to.equal(2);
    expect(failed).to.deep.equal(
      WORKERS.map((host) => `${host}: Say why the change was taken back`),
    );
    await expectOldNetwork();
  });

  for (const task of ["Install flanneld", "Run flanneld as a systemd service"]) {
    it(`is taken back by the next run where the controller was killed before "${task}"`, async () => {
      await playUntil(task, BLIND_WAVES);
      expect(Object.keys(await keysOf())).to.have.length(2);
      const again = await played(BLIND_WAVES);
      expect(again.exitCode, again.output).to.equal(2);
      expect(again.output).to.include("the previous configuration was put back");
      await expectOldNetwork();
    });
  }

  it("is taken back by a run that declares the old one, whatever it may do to the network", async () => {
    await playUntil("Install flanneld", BLIND_WAVES);
    const pings = await pinging("worker-2", "worker-3", async () => {
      const { exitCode, output } = await played([]);
      expect(exitCode, output).to.equal(0);
    });
    expect(pings.lost).to.deep.equal([]);
    await expectOldNetwork();
  });

  /** The same play, for one host after the other. */
  async function inBatches(args: readonly string[]): Promise<PlayRun> {
    const site = join(lab.directory, "batches.yml");
    const roles = [{ role: "ansible-role-flanneld" }];
    await writeFile(
      site,
      JSON.stringify([{ hosts: "k8s_worker", gather_facts: false, serial: 1, roles }]),
    );
    return lab.play(site, args);
  }

  it("is found out before it is written for hosts of later batches, too", async () => {
    const { exitCode, output, changed } = await inBatches(IPIP);
    expect([exitCode, changed], output).to.deep.equal([2, []]);
    expect(output).to.include(
      "worker-1, worker-2, worker-3: backend ipip: this kernel has no devices of type ipip",
    );
    await expectOldNetwork();
  });

  it("is taken back on the hosts of earlier batches, too, and hosts of later ones are left alone", async () => {
    await setHook("worker-1", "true");
    await setHook("worker-2", "echo the cloud is away >&2; exit 1");
    const [first, , last] = await pidsOf(WORKERS);
    const { exitCode, output, failed } = await inBatches(BLIND);
    expect(exitCode, output).to.equal(2);
    expect(failed).to.deep.equal(["worker-2: Say why the change was taken back"]);
    expect(output).to.match(/did not come up with it on worker-2: .*a command of the extension/);
    const [firstNow, , lastNow] = await pidsOf(WORKERS);
    expect([firstNow === first, lastNow === last]).to.deep.equal([false, true]);
    // Its unit still has the mark of the other network, for which the next run starts it once more.
    expect((await played([])).changed).to.deep.equal([
      "worker-1: Run flanneld as a systemd service",
    ]);
    await expectOldNetwork();
    await setHook("worker-2", "true");
  });

  it("is finished by the next run where it can work by then", async () => {
    await playUntil("Install flanneld", BLIND);
    await setHook("worker-1", "true");
    const run = await played(BLIND);
    expect(run.exitCode, run.output).to.equal(0);
    expect(Object.keys(await keysOf())).to.have.length(1);
    expect((await played(BLIND)).changed).to.deep.equal([]);
    const back = await played(variablesFor({ Type: "vxlan" }));
    expect(back.exitCode, back.output).to.equal(0);
    await expectOldNetwork();
  });
});
