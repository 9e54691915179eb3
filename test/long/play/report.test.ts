// What the role says of the overlay, where it carries and where it does not.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const REPORT_TASK = "Write the report";
const VERDICT_TASK = "Check that this host reaches the others over the overlay";

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

  const play = (args: readonly string[] = []): Promise<PlayRun> => {
    const variables = {
      flannel_verify: true,
      flannel_report: true,
      flannel_report_dir: join(directory, "out"),
    };
    return lab.play("molecule/shared/converge.yml", [
      "--extra-vars",
      JSON.stringify(variables),
      ...args,
    ]);
  };
  const read = (name: string): Promise<string> => readFile(join(directory, "out", name), "utf8");
  const listeners = (host: string): Promise<string> =>
    lab.ssh(host, "sleep 1; ss -Hltnp | grep -c python || true");

  it("is not written in check mode", async () => {
    const run = await play(["--check"]);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.tasks).to.not.include(VERDICT_TASK);
  });

  it("shows hosts, leases and who reaches whom, and leaves nothing running", async () => {
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.include(`worker-1: ${REPORT_TASK}`);
    const [markdown, html] = [await read("flannel.md"), await read("flannel.html")];
    for (const host of ["worker-1", "worker-2"]) {
      const env = await lab.ssh(host, "cat /run/flannel/subnet.env");
      const subnet = /^FLANNEL_SUBNET=(.*)$/m.exec(env)?.[1] ?? "none";
      expect(markdown).to.match(
        new RegExp(`^\\| ${host} \\| v0.28.9 \\| ${subnet} \\| 1450 \\| lab-eth0 \\| active `, "m"),
      );
      expect(html).to.include(`<title>${subnet.replace(/\.1\//, ".0/")}: ${host}</title>`);
      expect(await listeners(host)).to.equal("0");
    }
    expect(markdown).to.match(/^\| worker-1 \| · \| ok \|$/m);
    expect(html).to.not.match(/https?:|src=|@import|<script|<link/);
  });

  it("does not change by itself", async () => {
    const run = await play();
    expect(run.changed, run.output).to.deep.equal([]);
  });

  it("tells pings without TCP from an overlay that carries nothing, with the remedy", async () => {
    await lab.ssh("worker-2", "iptables -I INPUT -i flannel.1 -p tcp -j DROP");
    const run = await play();
    await lab.ssh("worker-2", "iptables -D INPUT -i flannel.1 -p tcp -j DROP");
    expect(run.failed).to.include(`worker-1: ${VERDICT_TASK}`);
    expect(run.output).to.match(/worker-2 \([\d.]+\): ping works, TCP does not/);
    expect(run.output).to.include("flannel_tx_checksum_offload: false");
    expect(await read("flannel.md")).to.match(/^\| worker-1 \| · \| ping only \|$/m);
    expect(await read("flannel.html")).to.include("Ping works, TCP does not");
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
    for (const host of ["worker-1", "worker-2"])
      await lab.ssh(host, "ip link delete flannel.1 2>/dev/null || true");
    const hostGw = { flannel_backend_type: "host-gw", flannel_etcd_prefix: "/host-gw" };
    const run = await play(["--extra-vars", JSON.stringify(hostGw)]);
    expect(run.exitCode, run.output).to.equal(0);
    expect(await read("flannel.md")).to.match(/^host-gw overlay/m);
    for (const host of ["worker-1", "worker-2"]) {
      expect(await listeners(host)).to.equal("0");
      expect(await lab.ssh(host, "ip -4 -o address show")).to.not.include("10.200.");
    }
  });
});
