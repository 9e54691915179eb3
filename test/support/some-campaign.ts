// What a campaign of `make torture` may be like: for the test of what runs it.

import { setTimeout as sleep } from "node:timers/promises";

import { scaled, tally } from "./tally";

it("tries as many cases as are wanted", () => {
  for (let count = 0; count < scaled(30); count++) tally();
});

it("tells nothing of its cases", () => undefined);

describe("tells much", () => {
  for (let count = 0; count < 300; count++)
    it(`in one of three hundred tests: ${count}`, () => undefined);
});

it("finds a fault", () => {
  tally();
  throw new Error("torn");
});

it("has no end", async function () {
  this.timeout(60_000);
  for (;;) {
    tally();
    await sleep(50);
  }
});
