// What the role says of the overlay, where it carries and where it does not.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const REPORT_TASK = "Write the report";
const WORKERS = ["worker-1", "worker-2"];
const VERDICT_TASK =
  "Check that the hosts have the same flanneld, and that this one reaches the others over the overlay";

describe("the role's report", function () {
  this.timeout(600_000);
  const lab = new Lab("test-report", { LAB_WORKERS: "2" });
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "report-"));
    await lab.up();
    const etcd = await lab.play("demo/etcd.yml");
    expect(etcd.exitCode, etcd.output).to.equal(0);
  });
  after(async () => {
    await lab.down();
    await rm(directory, { recursive: true, force: true });
  });

  const play = (
    args: readonly string[] = [],
    playbook = "molecule/shared/converge.yml",
  ): Promise<PlayRun> => {
    const variables = {
      flannel_verify: true,
      flannel_report: true,
      flannel_report_dir: join(directory, "out"),
    };
    return lab.play(playbook, ["--extra-vars", JSON.stringify(variables), ...args]);
  };
  /** A playbook with these keywords of the play. */
  const playbookOf = async (keywords: object): Promise<string> => {
    const path = join(directory, "site.yml");
    const head = { hosts: "k8s_worker", gather_facts: false, roles: ["ansible-role-flanneld"] };
    await writeFile(path, JSON.stringify([{ ...head, ...keywords }]));
    return path;
  };
  const read = (name: string): Promise<string> => readFile(join(directory, "out", name), "utf8");
  /** What a trial has left on a host. */
  const traces = (host: string): Promise<string> =>
    lab.ssh(
      host,
      "pgrep -f 'flannel_overlay-ech[o]' || true; ip netns list; ip -o link show flannel-try 2>/dev/null || true",
    );

  it("is not written in check mode", async () => {
    const run = await play(["--check"]);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.tasks).to.not.include(VERDICT_TASK);
  });

  it("shows hosts, leases and who reaches whom, and leaves nothing running", async () => {
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.tasks).to.include(REPORT_TASK);
    expect(run.changed).to.not.include(`worker-1: ${REPORT_TASK}`);
    const [markdown, html] = [await read("flannel.md"), await read("flannel.html")];
    for (const host of WORKERS) {
      const env = await lab.ssh(host, "cat /run/flannel/subnet.env");
      const subnet = /^FLANNEL_SUBNET=(.*)$/m.exec(env)?.[1] ?? "none";
      expect(markdown).to.match(
        new RegExp(`^\\| ${host} \\| v0.28.9 \\| ${subnet} \\| 1450 \\| lab-eth0 \\| active `, "m"),
      );
      expect(html).to.include(`<title>${subnet.replace(/\.1\//, ".0/")}: ${host}</title>`);
      expect(await traces(host)).to.equal("");
    }
    expect(markdown).to.match(/^\| worker-1 \| · \| ok \|$/m);
    expect(html).to.not.match(/https?:|src=|@import|<link/);
  });

  it("is never a change", async () => {
    const run = await play();
    expect(run.changed, run.output).to.deep.equal([]);
  });

  it("tells why the last run restarted a daemon, and no earlier one", async () => {
    const verbose = ["--extra-vars", '{"flannel_settings_user": {"v": 1}}'];
    const run = await play(verbose);
    expect(run.exitCode, run.output).to.equal(0);
    expect(await read("flannel.md")).to.match(/^\| worker-2 .* arguments: added -v=1/m);
    expect((await play(verbose)).changed).to.deep.equal([]);
    expect(await read("flannel.md")).to.not.include("-v=1");
  });

  it("tries every pair of hosts with serial, too, and is written by the last batch", async () => {
    const site = await playbookOf({ serial: 1 });
    expect((await play()).exitCode).to.equal(0); // for the daemons of the test before
    await rm(join(directory, "out"), { recursive: true });
    const run = await play([], site);
    expect(run.exitCode, run.output).to.equal(0);
    expect(await read("flannel.md")).to.include("| worker-1 | · | ok |\n| worker-2 | ok | · |\n");
    for (const host of WORKERS) expect(await traces(host)).to.equal("");
    expect((await play([], site)).changed).to.deep.equal([]);
    await lab.ssh("worker-1", "iptables -I INPUT -p udp --dport 8472 -j DROP");
    const cut = await play([], site);
    await lab.ssh("worker-1", "iptables -D INPUT -p udp --dport 8472 -j DROP");
    expect(cut.failed).to.deep.equal([`worker-2: ${VERDICT_TASK}`]);
    expect(cut.output).to.match(/worker-2: worker-1 \([\d.]+\): not reached over the overlay/);
    expect(await read("flannel.md")).to.match(/^\| worker-2 \| no \| · \|$/m);
  });

  it("says that it cannot try hosts that do not wait for each other", async () => {
    const site = await playbookOf({ strategy: "free" });
    const inventory = join(directory, "slow.json");
    const slow = { hosts: { "worker-2": { flannel_systemd_execstartpre: "/bin/sleep 20" } } };
    await writeFile(inventory, JSON.stringify({ all: slow }));
    const run = await play(["--inventory", inventory], site);
    expect(run.failed).to.deep.equal(["worker-2: Check that the other hosts serve, too"]);
    expect(run.output).to.match(/worker-2: flannel_verify needs hosts that wait for each other/);
    expect(run.output).to.match(/strategy linear: worker-1 came here/);
    await rm(join(directory, "out"), { recursive: true });
    const report = await play(["--extra-vars", '{"flannel_verify": false}'], site);
    expect(report.exitCode, report.output).to.equal(0);
    expect(await read("flannel.md")).to.match(
      /^\| worker-1 .* active \(running\) .*\n\| worker-2 .* active \(running\) /m,
    );
    for (const host of WORKERS) expect(await traces(host)).to.equal("");
  });

  it("tells pings without TCP from an overlay that carries nothing, with the remedy", async () => {
    await lab.ssh("worker-2", "iptables -I FORWARD -i flannel.1 ! -p icmp -j DROP");
    const run = await play();
    await lab.ssh("worker-2", "iptables -D FORWARD -i flannel.1 ! -p icmp -j DROP");
    expect(run.failed).to.include(`worker-1: ${VERDICT_TASK}`);
    expect(run.output).to.match(/worker-2 \([\d.]+\): ping works, TCP does not/);
    expect(run.output).to.include("flannel_tx_checksum_offload: false");
    expect(await read("flannel.md")).to.match(/^\| worker-1 \| · \| ping only \|$/m);
    expect(await read("flannel.html")).to.include("Ping works, TCP does not");
  });

  it("does not take a firewall for pings without TCP, nor one that lets pods through for a fault", async () => {
    const filter = "iptables -I INPUT -i flannel.1 -p tcp --syn -j DROP; iptables -P INPUT DROP";
    const opened = "iptables -I INPUT 1 -p tcp --dport 22 -j ACCEPT";
    const related = "iptables -I INPUT 1 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT";
    const overlay = "iptables -I INPUT 1 -p udp --dport 8472 -j ACCEPT";
    await lab.ssh("worker-2", `${opened}; ${related}; ${overlay}; ${filter}`);
    const filtered = await play();
    await lab.ssh("worker-2", "iptables -P INPUT ACCEPT; iptables -F INPUT");
    expect(filtered.exitCode, filtered.output).to.equal(0);
    await lab.ssh("worker-2", "iptables -I FORWARD -i flannel.1 -p tcp -j DROP");
    const run = await play();
    await lab.ssh("worker-2", "iptables -D FORWARD -i flannel.1 -p tcp -j DROP");
    expect(run.output).to.match(/worker-2 \([\d.]+\): ping works, TCP does not; as UDP works/);
    expect(run.output).to.not.include("flannel_tx_checksum_offload");
    expect(await read("flannel.md")).to.match(/^\| worker-1 \| · \| no TCP \|$/m);
  });

  it("tells an MTU that the network does not carry", async () => {
    const rule = "INPUT -p udp --dport 8472 -m length --length 1450:65535 -j DROP";
    await lab.ssh("worker-2", `iptables -I ${rule}`);
    const run = await play();
    await lab.ssh("worker-2", `iptables -D ${rule}`);
    expect(run.failed).to.include(`worker-1: ${VERDICT_TASK}`);
    expect(run.output).to.match(/small packets get through, those of 1450 bytes.* 1392 bytes does/);
    expect(run.output).to.include("flannel_network_config: {Backend: {MTU");
    expect(await read("flannel.md")).to.match(/^\| worker-1 \| · \| small packets only \|$/m);
  });

  it("says it when nothing gets through", async () => {
    await lab.ssh("worker-2", "iptables -I INPUT -p udp --dport 8472 -j DROP");
    const run = await play();
    await lab.ssh("worker-2", "iptables -D INPUT -p udp --dport 8472 -j DROP");
    expect(run.failed).to.deep.equal([`worker-1: ${VERDICT_TASK}`, `worker-2: ${VERDICT_TASK}`]);
    expect(run.output).to.not.include("flannel_tx_checksum_offload");
    expect(await read("flannel.md")).to.match(/^\| worker-1 \| · \| no \|$/m);
  });

  it("works with host-gw, where no host has an address in its subnet, and takes back what it added", async () => {
    // A daemon that runs would make the device anew (flannel v0.28).
    const remove = "systemctl stop flanneld; ip link delete flannel.1 2>/dev/null || true";
    for (const host of WORKERS) await lab.ssh(host, remove);
    const hostGw = { flannel_backend_type: "host-gw", flannel_etcd_prefix: "/host-gw" };
    const run = await play(["--extra-vars", JSON.stringify(hostGw)]);
    expect(run.exitCode, run.output).to.equal(0);
    expect(await read("flannel.md")).to.match(/^host-gw overlay/m);
    for (const host of WORKERS) {
      expect(await traces(host)).to.equal("");
      const addresses = await lab.ssh(host, "ip -4 -o address show");
      expect(addresses, addresses).to.not.include("10.200.");
    }
  });
});
