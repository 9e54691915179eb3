import { expect } from "chai";

import {
  isSameEnvironment,
  renderEnvironmentFile,
} from "../../../../src/modules/flannel_unit/environment";

const MARK = { open: "Network=10.200.0.0/16", hidden: "Backend.PSK=#01234567" };
const OTHER = { ...MARK, hidden: "Backend.PSK=#76543210" };

describe("flannel_unit environment file", () => {
  it("is not there where there is nothing to hide", () => {
    expect(renderEnvironmentFile({}, undefined)).to.equal(undefined);
    expect(renderEnvironmentFile({}, { ...MARK, hidden: "" })).to.equal(undefined);
    expect(renderEnvironmentFile({}, MARK)).to.contain("HIDDEN=");
  });

  const pairs: [string, boolean, string | undefined, string | undefined][] = [
    ["two that are not there", true, undefined, undefined],
    ["none and one with a mark only", true, undefined, renderEnvironmentFile({}, MARK)],
    [
      "two that differ in their marks",
      true,
      renderEnvironmentFile({ A: "1" }, MARK),
      renderEnvironmentFile({ A: "1" }, OTHER),
    ],
    ["none and one with a secret", false, undefined, renderEnvironmentFile({ A: "1" }, MARK)],
    [
      "two of different secrets",
      false,
      renderEnvironmentFile({ A: "1" }, MARK),
      renderEnvironmentFile({ A: "2" }, MARK),
    ],
  ];
  for (const [what, isSame, one, other] of pairs) {
    it(`gives a daemon ${isSame ? "the same" : "other"} settings: ${what}`, () => {
      expect(isSameEnvironment(one, other)).to.equal(isSame);
    });
  }
});
