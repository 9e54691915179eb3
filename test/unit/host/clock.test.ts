// Moments of the monotonic clock against the wall clock.

import { expect } from "chai";

import { monotonicUs, toWallClockMs } from "../../../src/host/clock";

describe("the monotonic clock", () => {
  it("is read as wall clock time", () => {
    const nowUs = monotonicUs();
    expect(toWallClockMs(nowUs)).to.be.closeTo(Date.now(), 50);
    expect(toWallClockMs(nowUs - 5_000_000)).to.be.closeTo(Date.now() - 5000, 50);
  });
});
