// The role over a real WireGuard interface of wg-quick, as githubixx.wireguard makes one: the overlay works, and comes
// back when the interface is made anew.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { Lab, type PlayRun } from "../support/lab";
import { Traffic, expectHarmless, rowOf } from "../support/traffic";

const WORKERS = ["worker-1", "worker-2"];
const PART_OF = { flannel_systemd_partof: ["wg-quick@wg0.service"] };
const UNIT_TASK = "Run flanneld as a systemd service";
const RESTART_WIREGUARD = "systemctl restart wg-quick@wg0.service";
/** How long the overlay may take to come back by itself. */
const BACK_WITHIN_MS = 15_000;

describe("the role over WireGuard", function () {
  this.timeout(300_000);
  const lab = new Lab("test-wireguard", {
    LAB_WORKERS: "2",
    LAB_ETCD: "1",
    LAB_UNDERLAY: "wireguard",
  });

  before(async () => {
    await lab.upWithEtcd();
  });
  after(async () => {
    await lab.down();
  });

  async function play(variables: object, ...args: string[]): Promise<PlayRun> {
    const given = JSON.stringify(variables);
    return await lab.play("molecule/shared/converge.yml", ["--extra-vars", given, ...args]);
  }

  async function succeed(variables: object): Promise<PlayRun> {
    const run = await play({ flannel_verify: true, ...variables });
    expect(run.exitCode, run.output).to.equal(0);
    return run;
  }

  const routes = (host: string): Promise<string> =>
    lab.ssh(host, "ip route show dev flannel.1 2>/dev/null || true");

  /** Waits until a host has its route to the other's pods again. */
  async function waitForRoute(host: string): Promise<void> {
    const start = Date.now();
    while ((await routes(host)) === "") {
      expect(Date.now() - start, `no route on ${host}`).to.be.lessThan(BACK_WITHIN_MS);
      await sleep(200);
    }
  }

  it("carries the overlay, inside of what wg-quick has made", async () => {
    await succeed({});
    expect((await lab.tryPods()).ok).to.equal(true);
    expect(await lab.ssh("worker-1", "ip -d link show flannel.1")).to.match(/vxlan id 1 .*dev wg0/);
    expect(await lab.ssh("worker-1", "wg show wg0 latest-handshakes")).to.match(/\t[1-9]\d{9}$/m);
    expect((await succeed({})).changed).to.deep.equal([]);
  });

  it("comes back by itself where flanneld is part of the interface's unit", async () => {
    const run = await succeed(PART_OF);
    expect(run.changed).to.deep.equal(WORKERS.map((host) => `${host}: ${UNIT_TASK}`));
    const traffic = await Traffic.start(lab);
    await lab.ssh("worker-1", RESTART_WIREGUARD);
    await waitForRoute("worker-1");
    await sleep(5_000); // what was broken would show only now
    const toll = await traffic.stop();
    console.log(`      ${rowOf("restart of WireGuard on one host", toll)}`);
    expectHarmless(toll);
    expect((await lab.tryPods()).ok).to.equal(true);
    expect((await succeed(PART_OF)).changed).to.deep.equal([]);
  });

  it("is healed by a run of the role where the interface was made anew", async () => {
    await succeed({});
    await lab.ssh("worker-1", RESTART_WIREGUARD);
    await sleep(BACK_WITHIN_MS / 3);
    expect(await routes("worker-1")).to.equal(""); // flannel v0.28 makes the device anew, and not its routes
    const predicted = await play({}, "--check");
    const run = await succeed({});
    expect(run.changed).to.deep.equal([`worker-1: ${UNIT_TASK}`]);
    expect(predicted.changed, predicted.output).to.deep.equal(run.changed);
    expect((await succeed({})).changed).to.deep.equal([]);
    expect((await lab.tryPods()).ok).to.equal(true);
  });
});
