// A tunnel below the overlay that completes only the outermost checksum, as WireGuard once did: pods ping each other,
// and no byte of TCP arrives. What the role says of it, and what heals it.

import { expect } from "chai";

import { Lab, type PlayRun } from "../support/lab";

const WORKERS = ["worker-1", "worker-2"];
const HEALED = { flannel_tx_checksum_offload: false };

describe("the role over a tunnel that forgets inner checksums", function () {
  this.timeout(300_000);
  const lab = new Lab("test-checksum", { LAB_WORKERS: "2", LAB_ETCD: "1", LAB_UNDERLAY: "wire" });

  before(async () => {
    await lab.upWithEtcd();
    for (const host of WORKERS) await lab.ssh(host, START_UDEV);
  });
  after(async () => {
    await lab.down();
  });

  /** The role, which then has the hosts reach for each other. */
  async function play(variables: object, ...args: string[]): Promise<PlayRun> {
    const given = JSON.stringify({ flannel_verify: true, ...variables });
    return await lab.play("molecule/shared/converge.yml", ["--extra-vars", given, ...args]);
  }

  /** What a host's tcpdump shows of the overlay's packets while pods reach for each other. */
  async function capture(host: string): Promise<string> {
    await lab.ssh(host, START_CAPTURE);
    await lab.tryPods();
    return await lab.ssh(host, "systemctl stop test-capture; cat /run/capture");
  }

  async function makeDeviceAnew(host: string): Promise<void> {
    const index = () => lab.ssh(host, "cat /sys/class/net/flannel.1/ifindex");
    const before = await index();
    await lab.ssh(
      host,
      "systemctl stop flanneld; ip link delete flannel.1; systemctl start flanneld; udevadm settle",
    );
    expect(await index()).to.not.equal(before);
  }

  async function expectPodsReach(): Promise<void> {
    const trial = await lab.tryPods();
    expect(trial.ok, JSON.stringify(trial)).to.equal(true);
  }

  const outcomes = async (way: "ping" | "tcp"): Promise<readonly boolean[]> =>
    (await lab.tryPods()).matrix.map((cell) => cell[way].ok);
  const offload = (host: string): Promise<string> =>
    lab.ssh(host, "ethtool -k flannel.1 | grep ^tx-checksumming");

  it("is told only what it knows, and keeps to what it was told", async () => {
    for (const fault of ["worker-1 <-> worker-9 cut", "worker-1 <-> worker-2 loss=1"]) {
      const refusal = await lab.wire(fault).then(String, String);
      expect(refusal).to.match(/expected (one of worker-1, worker-2, etcd-1|careless, cut, loss)/);
    }
  });

  it("carries everything as long as the tunnel completes what it was told to", async () => {
    const run = await play({});
    expect(run.exitCode, run.output).to.equal(0);
    await expectPodsReach();
    expect(await offload("worker-1")).to.equal("tx-checksumming: on");
  });

  it("carries pings and no byte of TCP when it completes the outermost checksum only", async () => {
    await lab.wire("* <-> * careless");
    expect(await outcomes("ping")).to.deep.equal([true, true]);
    const { matrix } = await lab.tryPods();
    expect(matrix.map(({ tcp }) => tcp.error)).to.deep.equal(["timed out", "timed out"]);
  });

  it("shows it to tcpdump: right outside, wrong inside", async () => {
    const shown = await capture("worker-2");
    expect(shown).to.match(/10\.8\.0\.11\.\d+ > 10\.8\.0\.12\.8472: \[udp sum ok\] OTV/);
    expect(shown).to.match(/Flags \[S\], cksum 0x[0-9a-f]+ \(incorrect -> 0x[0-9a-f]+\)/);
    expect(shown).to.not.match(/Flags \[S\], cksum 0x[0-9a-f]+ \(correct\)/);
  });

  it("is found by flannel_verify, which names the remedy", async () => {
    const run = await play({});
    expect(run.failed).to.have.length(2);
    expect(run.output).to.match(
      /worker-2 \(10\.200\.[\d.]+\): ping works, TCP does not, and [1-9]\d* packets arrived here with a wrong checksum/,
    );
    expect(run.output).to.include("set flannel_tx_checksum_offload: false");
    expect(run.output).to.match(/The checksums are to blame: packets with a wrong one arrived at/);
    expect(run.changed).to.deep.equal([]);
  });

  it("is healed by the remedy, as predicted, and once", async () => {
    const predicted = await play(HEALED, "--check");
    expect(await offload("worker-1")).to.equal("tx-checksumming: on");
    const run = await play(HEALED);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal(
      WORKERS.map((host) => `${host}: Run flanneld as a systemd service`),
    );
    expect(predicted.changed, predicted.output).to.deep.equal(run.changed);
    expect((await play(HEALED)).changed).to.deep.equal([]);
    await expectPodsReach();
    const shown = await capture("worker-2");
    expect(shown).to.match(/Flags \[S\], cksum 0x[0-9a-f]+ \(correct\)/);
    expect(shown).to.not.include("incorrect");
  });

  it("stays healed when the device is made anew", async () => {
    for (const host of WORKERS) {
      await makeDeviceAnew(host);
      expect(await offload(host)).to.equal("tx-checksumming: off");
    }
    await expectPodsReach();
  });

  it("comes back with the offload, which the next device has when it is no longer declared off", async () => {
    expect((await play({})).exitCode).to.equal(0);
    for (const host of WORKERS) {
      await makeDeviceAnew(host);
      expect(await offload(host)).to.equal("tx-checksumming: on");
    }
    expect(await outcomes("tcp")).to.deep.equal([false, false]);
  });
});

const START_UDEV =
  "systemd-run --quiet --unit test-udevd --property=Type=notify /lib/systemd/systemd-udevd";
const START_CAPTURE = `systemd-run --quiet --collect --unit test-capture --property=StandardOutput=truncate:/run/capture \
    tcpdump -l -nnvvvS -i wg0 src host 10.8.0.11 and udp port 8472; sleep 1`;
