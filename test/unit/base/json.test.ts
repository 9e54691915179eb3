import { expect } from "chai";
import fc from "fast-check";

import { toAsciiJson } from "../../../src/base/json";

describe("toAsciiJson", () => {
  it("is one line of printable ASCII that parses back to the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const line = toAsciiJson(value);
        expect(line).to.match(/^[\x20-\x7e]*$/);
        expect(JSON.stringify(JSON.parse(line))).to.equal(JSON.stringify(value));
      }),
    );
  });

  for (const separator of [
    "\n",
    "\r",
    "\u2028",
    "\u2029",
    "\u0085",
    "\f",
    "\v",
    "\u001c",
    "\u007f",
  ]) {
    it(`escapes U+${separator.charCodeAt(0).toString(16)}, at which Python would split the line`, () => {
      expect(toAsciiJson(`a${separator}b`)).to.match(/^[\x20-\x7e]*$/);
    });
  }
});
