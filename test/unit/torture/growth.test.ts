import { expect } from "chai";

import { findGrowth } from "../../support/growth";

const rounds = (values: readonly number[]): readonly { files: number }[] =>
  values.map((files) => ({ files }));

describe("growth over the rounds of a soak", () => {
  const cases: readonly [string, readonly number[], number][] = [
    ["what stays", [30, 30, 30, 30, 30, 30], 0],
    ["what goes up and down", [30, 32, 30, 32, 30, 32], 0],
    ["one that came and stayed", [30, 31, 31, 31, 31, 31], 0],
    ["what comes in every round", [30, 31, 32, 33, 34, 35], 1],
    ["what comes in every second round, of many", Array.from({ length: 24 }, (_, n) => n >> 1), 1],
  ];
  for (const [what, values, found] of cases) {
    it(`is ${found === 0 ? "not " : ""}seen in ${what}`, () => {
      expect(findGrowth(rounds(values))).to.have.length(found);
    });
  }

  it("is told with both ends, and may be a share of what was there", () => {
    const memory = rounds([1000, 1100, 1200, 1200, 1200, 1200]);
    expect(findGrowth(memory)).to.deep.equal(["files: 1100 at first, 1200 in the end"]);
    expect(findGrowth(memory, () => ({ share: 0.2 }))).to.deep.equal([]);
  });
});
