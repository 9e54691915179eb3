// kill -9 between any two steps of a run: the next run finishes the job, and the one after that has
// nothing left to do.

import { join } from "node:path";

import { expect } from "chai";

import { SystemdLab } from "../../support/systemd-lab";
import { tally } from "../../support/tally";

const MOST_EFFECTS = 60;

describe("flannel_unit on systemd: killed at any step", function () {
  this.timeout(300_000);
  const lab = SystemdLab.forSuite("kill");

  before(async () => {
    await lab.copy(join(__dirname, "kill-at.mjs"), "worker-1", "/root/kill-at.mjs");
  });

  /** True if the run was killed before it was done. */
  async function runKilledAt(effect: number, args: Record<string, unknown>): Promise<boolean> {
    const exit = await lab.sh(
      "worker-1",
      "node --import /root/kill-at.mjs /root/flannel_unit.cjs >/dev/null 2>&1 && echo done || echo $?",
      { input: JSON.stringify(args), env: { KILL_AT: String(effect) } },
    );
    if (exit === "done\n") return false;
    expect(exit).to.equal("137\n");
    return true;
  }

  async function killEverywhere(
    from: Record<string, unknown>,
    to: Record<string, unknown>,
  ): Promise<number> {
    for (let effect = 1; effect <= MOST_EFFECTS; effect++) {
      const start = await lab.run(from);
      expect(start["failed"], start.msg).to.equal(undefined);
      if (!(await runKilledAt(effect, to))) return effect - 1;
      tally();
      const healed = await lab.run(to);
      expect(healed["failed"], `killed at ${effect}: ${healed.msg}`).to.equal(undefined);
      const again = await lab.run(to);
      expect(again.changes, `killed at ${effect}`).to.deep.equal([]);
      const debris = await lab.sh(
        "worker-1",
        "find /etc/systemd/system /etc/flannel -name '.*' 2>/dev/null || true",
      );
      expect(debris, `killed at ${effect}`).to.equal("");
    }
    throw new Error(`still not done after ${MOST_EFFECTS} effects`);
  }

  it("while a change is made", async () => {
    const to = lab.daemon({
      settings: { v: 1, "etcd-password": "hunter2-hunter2" },
      required_by: [],
    });
    const effects = await killEverywhere(lab.daemon(), to);
    expect(effects).to.be.greaterThan(10);
  });

  it("while everything is removed", async () => {
    const from = lab.daemon({ settings: { "etcd-password": "hunter2-hunter2" } });
    const effects = await killEverywhere(from, { state: "absent" });
    // stop, disable, three removals, reload: reading the state is no effect.
    expect(effects).to.be.at.least(6);
    expect(await lab.sh("worker-1", "systemctl show -P LoadState flanneld")).to.equal(
      "not-found\n",
    );
  });
});
