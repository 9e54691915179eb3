import { expect } from "chai";

import { type UnitState } from "../../../../src/host/systemd";
import { type Probe } from "../../../../src/modules/flannel_unit/probe";
import { type Judgement, beginWaiting, judge } from "../../../../src/modules/flannel_unit/ready";
import { RUNNING } from "../../../support/flannel-unit";

/** Seconds after the start, and what is seen then. */
type Look = readonly [atS: number, probe: Probe];

const up = (change: Partial<UnitState> = {}): Probe => ({
  kind: "up",
  unit: { ...RUNNING, ...change },
});
const waiting = (change: Partial<UnitState> = {}): Probe => ({
  kind: "waiting",
  unit: { ...RUNNING, activeState: "activating", subState: "start", ...change },
  waitingFor: "something",
});
const dead = (restarts: number): Probe =>
  waiting({ subState: "auto-restart", mainPid: 0, restarts });
const stopping = waiting({ activeState: "deactivating", subState: "stop-sigterm" });

/** Looks one after the other until there is a verdict; "wait" when there is none. */
function follow(looks: readonly Look[]): string {
  let memory = beginWaiting({ timeoutMs: 10_000, settleMs: 2000 }, 0);
  for (const [atS, probe] of looks) {
    const judgement: Judgement = judge(probe, memory, atS * 1000);
    if (judgement.kind !== "wait") return `${judgement.kind} at ${atS}`;
    ({ memory } = judgement);
  }
  return "wait";
}

describe("flannel_unit ready", () => {
  const cases: [string, readonly Look[], string][] = [
    [
      "a daemon that stays",
      [
        [1, up()],
        [2, up()],
        [3, up()],
      ],
      "ready at 3",
    ],
    [
      "a daemon that has not settled yet",
      [
        [1, up()],
        [2.9, up()],
      ],
      "wait",
    ],
    [
      "a daemon that was replaced while it settled",
      [
        [1, up()],
        [2.5, up({ mainPid: 1 })],
        [3.5, up({ mainPid: 1 })],
      ],
      "wait",
    ],
    [
      "one that lost its device while it settled",
      [
        [1, up()],
        [2, waiting()],
        [3, up()],
        [4, up()],
      ],
      "wait",
    ],
    ["a unit that failed", [[1, { ...waiting(), kind: "failed" } as Probe]], "failed at 1"],
    [
      "one death, which may be bad luck",
      [
        [1, dead(0)],
        [2, dead(0)],
        [6, waiting()],
      ],
      "wait",
    ],
    [
      "a second death, which is an answer",
      [
        [1, dead(0)],
        [6, waiting()],
        [7, dead(1)],
      ],
      "failed at 7",
    ],
    [
      "deaths of the unit before this start, which count for nothing",
      [
        [1, dead(7)],
        [2, dead(7)],
        [6, up({ restarts: 8 })],
        [8, up({ restarts: 8 })],
      ],
      "ready at 8",
    ],
    [
      "nothing at all",
      [
        [5, waiting()],
        [10, waiting()],
        [10.1, waiting()],
      ],
      "timeout at 10.1",
    ],
    [
      "an old process that hangs when it is told to stop, which is not the new one's time",
      [
        [9, stopping],
        [18, stopping],
        [27, waiting()],
        [28.1, waiting()],
      ],
      "timeout at 28.1",
    ],
    [
      "an old process that hangs longer than systemd lets any",
      [
        [9, stopping],
        [95, stopping],
        [101, stopping],
        [106, stopping],
      ],
      "timeout at 106",
    ],
    [
      "a daemon that is ready when the time is over",
      [
        [9.9, up()],
        [11.9, up()],
      ],
      "ready at 11.9",
    ],
    [
      "one that dies and comes back between the looks",
      [
        [9, up({ mainPid: 1 })],
        [10, up({ mainPid: 2 })],
        [12.1, up({ mainPid: 3 })],
      ],
      "timeout at 12.1",
    ],
    ["a systemd that does not answer", [[1, { ...waiting(), unit: undefined } as Probe]], "wait"],
  ];
  for (const [what, looks, expected] of cases) {
    it(`judges ${what}: ${expected}`, () => {
      expect(follow(looks)).to.equal(expected);
    });
  }

  it("says what was still missing", () => {
    const memory = beginWaiting({ timeoutMs: 0, settleMs: 0 }, 0);
    expect(judge(waiting(), memory, 1)).to.include({ kind: "timeout", waitingFor: "something" });
  });
});
