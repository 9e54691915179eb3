import { expect } from "chai";

import { maskOfRevision, tryRevisionOf } from "../../../src/flannel/masked-secret";

describe("masked secret", () => {
  it("is shown with the revision of its key, and read again", () => {
    expect(maskOfRevision(15)).to.equal("******** (revision 15)");
    expect(maskOfRevision(undefined)).to.equal("******** (known after the write)");
    expect(tryRevisionOf(maskOfRevision(15))).to.equal("15");
    expect(tryRevisionOf(maskOfRevision(undefined))).to.equal("new");
  });

  for (const value of [
    "********",
    "******** (0a1b2c3d)",
    "x ******** (revision 1)",
    "",
    15,
    null,
  ]) {
    it(`is not ${JSON.stringify(value)}`, () => {
      expect(tryRevisionOf(value)).to.equal(undefined);
    });
  }
});
