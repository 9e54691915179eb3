// The time that is left.

import { expect } from "chai";

import { Deadline } from "../../../src/host/deadline";

describe("a deadline", () => {
  it("leaves less and less, and never less than nothing", () => {
    let now = 1000;
    const deadline = new Deadline(500, () => now);
    expect(deadline.remainingMs()).to.equal(500);
    now += 200;
    expect(deadline.remainingMs()).to.equal(300);
    now += 1000;
    expect(deadline.remainingMs()).to.equal(0);
  });

  it("gives each of several attempts its share, none more than the limit", () => {
    const deadline = new Deadline(900, () => 0);
    expect(deadline.shareMs(3, 10_000)).to.equal(300);
    expect(deadline.shareMs(0, 10_000)).to.equal(900);
    expect(deadline.shareMs(3, 100)).to.equal(100);
  });
});
