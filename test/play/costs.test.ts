// What a host costs on which the role has nothing left to do: tasks, calls to it, and CPU of the controller.

import { expect } from "chai";

import { ANSIBLES } from "../support/ansible-play";
import { type Cost, Rig, type RigPlay } from "../support/rig";

type Variant = Omit<RigPlay, "workers">;

/** What every host costs, and what a play costs once. Whoever adds to it changes it here, and says why. */
const COSTS: Readonly<Record<string, { play: Variant; eachHost: Cost; once: Cost }>> = {
  "in a play without facts": {
    play: {},
    eachHost: { tasks: 7, calls: 3 },
    once: { tasks: 7, calls: 4 },
  },
  "when facts are there": {
    play: { gathersFacts: true },
    eachHost: { tasks: 7, calls: 3 },
    once: { tasks: 7, calls: 2 },
  },
  "with leases in the Kubernetes API": {
    play: { variables: { flannel_settings_user: { "kube-subnet-mgr": true } } },
    eachHost: { tasks: 7, calls: 3 },
    once: { tasks: 2, calls: 0 },
  },
  "with verification and report": {
    play: { variables: { flannel_verify: true, flannel_report: true } },
    eachHost: { tasks: 15, calls: 7 },
    once: { tasks: 14, calls: 5 },
  },
};

const FEW = 6;
const MANY = 18;
/** How much more CPU a host may cost among many; it is the same, but for other work on the machine. */
const GROWTH = 1.5;

describe("a converged host", function () {
  this.timeout(300_000);
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.create();
  });
  afterEach(async () => {
    await rig.remove();
  });

  for (const [name, { play, eachHost, once }] of Object.entries(COSTS)) {
    it(`costs ${eachHost.tasks} tasks and ${eachHost.calls} calls ${name}`, async () => {
      await rig.converge(play);
      const run = await rig.play({ ...play, workers: 3 });
      expect(run.changed).to.deep.equal([]);
      expect({ eachHost: run.eachHost, once: run.once }).to.deep.equal({ eachHost, once });
    });
  }

  for (const [name, ansible] of Object.entries(ANSIBLES)) {
    it(`is nothing to be warned of by ${name}`, async () => {
      await rig.converge({ ansible });
      expect(await rig.warningsOf({ workers: 2, ansible })).to.equal("");
    });
  }

  it("costs the same among many others as among few", async () => {
    await rig.converge({});
    const few = await rig.play({ workers: FEW });
    const many = await rig.play({ workers: MANY });
    expect([many.eachHost, many.once, many.changed]).to.deep.equal([few.eachHost, few.once, []]);
    expect(many.cpuSeconds / MANY).to.be.below((GROWTH * few.cpuSeconds) / FEW);
  });
});
