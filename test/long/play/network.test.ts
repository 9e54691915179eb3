// Another backend for an overlay that runs: written to etcd, and taken over by every daemon.

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const NETWORK_TASK = "Write the network configuration to etcd";
const UNIT_TASK = "Run flanneld as a systemd service";
const WORKERS = ["worker-1", "worker-2"];
const RESTARTED = WORKERS.map((host) => `${host}: ${UNIT_TASK}`);

describe("the role with another network configuration", function () {
  this.timeout(600_000);
  const lab = new Lab("test-network", { LAB_WORKERS: "2", LAB_ETCD: "1" });

  before(async () => {
    await lab.upWithEtcd();
    expect((await play({})).exitCode).to.equal(0);
  });
  after(async () => {
    await lab.down();
  });

  /** Every run also tries the overlay between the hosts, unless it is a check. */
  async function play(config: object, ...args: string[]): Promise<PlayRun> {
    const variables = { flannel_verify: true, flannel_network_config: config };
    const given = ["--extra-vars", JSON.stringify(variables), ...args];
    return await lab.play("molecule/shared/converge.yml", given);
  }

  const UPDATE = [
    "--extra-vars",
    JSON.stringify({ flannel_network_if_exists: "update", flannel_network_allow_disruptive: true }),
  ];
  const vni = (number: number): object => ({ Backend: { VNI: number } });
  const pids = (): Promise<string[]> =>
    Promise.all(WORKERS.map((host) => lab.ssh(host, "systemctl show flanneld -P MainPID")));

  it("restarts every daemon for it, as predicted, and the hosts reach each other again", async () => {
    const before = await pids();
    const predicted = await play(vni(7), ...UPDATE, "--check");
    expect(predicted.exitCode, predicted.output).to.equal(0);
    expect(await pids()).to.deep.equal(before);
    const run = await play(vni(7), ...UPDATE, "-v");
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-1: ${NETWORK_TASK}`, ...RESTARTED].sort());
    expect(predicted.changed).to.deep.equal(run.changed);
    expect(run.output).to.include("Backend.VNI was not set, is 7");
    for (const host of WORKERS) {
      expect(await lab.ssh(host, "ip route show dev flannel.7")).to.match(/^10\.200\.\d+\.0\/24/m);
    }
    expect((await play(vni(7), ...UPDATE)).changed).to.deep.equal([]);
  });

  it("completes a run that ended between etcd and the daemons", async () => {
    const written = await play(vni(8), ...UPDATE, "--tags", "k8s-flannel-network");
    expect(written.changed, written.output).to.deep.equal([`worker-1: ${NETWORK_TASK}`]);
    const predicted = await play(vni(8), ...UPDATE, "--check");
    const run = await play(vni(8), ...UPDATE);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal(RESTARTED);
    expect(predicted.changed).to.deep.equal(run.changed);
    expect((await play(vni(8), ...UPDATE)).changed).to.deep.equal([]);
  });

  it("restarts nothing in a run that does not look into etcd, or that keeps what is there", async () => {
    const before = await pids();
    const unit = await play(vni(9), ...UPDATE, "--tags", "k8s-flannel-unit");
    expect(unit.exitCode, unit.output).to.equal(0);
    expect(unit.changed).to.deep.equal([]);
    const keep = await play(vni(9));
    expect(keep.changed, keep.output).to.deep.equal([]);
    expect(keep.output).to.match(/Backend\.VNI is 8, expected 9/);
    expect(await pids()).to.deep.equal(before);
  });
});
