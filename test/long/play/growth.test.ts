// The role for two hundred hosts that are not there: no host costs more because there are others.

import { expect } from "chai";

import { Rig, type RigRun } from "../../support/rig";

const FEW = 25;
const MANY = 200;
/** How much more CPU a host may cost among eight times as many: Ansible itself takes somewhat more. */
const GROWTH = 1.5;
/** The same of a single task, which is harder to measure. */
const GROWTH_OF_TASK = 2;
const NOISE_SECONDS = 0.02;
/** Each host tries every other, so these have more to look at on each; all of it takes less than Ansible itself. */
const MAY_GROW = [
  "Reach for the other hosts, like a pod and as this host itself",
  "Check that this host reaches the others over the overlay",
];

describe("each of two hundred hosts", function () {
  this.timeout(3_600_000);
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.create();
  });
  afterEach(async () => {
    await rig.remove();
  });

  const play = async (variables: object): Promise<readonly [few: RigRun, many: RigRun]> => {
    await rig.converge({ variables: { ...variables } });
    const few = await rig.play({ variables: { ...variables }, workers: FEW });
    const many = await rig.play({ variables: { ...variables }, workers: MANY });
    const [oneOfFew, oneOfMany] = [few.cpuSeconds / FEW, many.cpuSeconds / MANY];
    console.log(`      CPU s a host: ${oneOfFew.toFixed(2)}, and ${oneOfMany.toFixed(2)}`);
    expect([many.eachHost, many.once, many.changed]).to.deep.equal([few.eachHost, few.once, []]);
    expect(oneOfMany).to.be.below(GROWTH * oneOfFew);
    return [few, many];
  };

  it("costs what each of twenty-five does, in every task", async () => {
    expect(grownTasks(...(await play({})))).to.deep.equal([]);
  });

  it("does so with verification and report, too", async () => {
    const grown = grownTasks(...(await play({ flannel_verify: true, flannel_report: true })));
    expect(grown.filter((task) => !MAY_GROW.some((name) => task.includes(name)))).to.deep.equal([]);
  });
});

/** Tasks that cost a host more among many, and how much. */
function grownTasks(few: RigRun, many: RigRun): readonly string[] {
  return [...many.cpuSecondsByTask]
    .map(
      ([task, seconds]) =>
        [task, (few.cpuSecondsByTask.get(task) ?? 0) / FEW, seconds / MANY] as const,
    )
    .filter(([, before, after]) => after > GROWTH_OF_TASK * before + NOISE_SECONDS)
    .map(([task, before, after]) => `${task}: ${before.toFixed(3)} s, then ${after.toFixed(3)} s`);
}
