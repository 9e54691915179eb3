import { expect } from "chai";
import fc from "fast-check";

import { showJson, toAsciiJson, tryParseJson, tryParseRecord } from "../../../src/base/json";

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

describe("JSON of unknown origin", () => {
  it("is read, or is undefined", () => {
    expect(tryParseJson("[1]")).to.deep.equal([1]);
    expect(tryParseJson("[1")).to.equal(undefined);
    expect(tryParseRecord('{"a":1}')).to.deep.equal({ a: 1 });
    for (const text of ["[1]", "null", "1", "", "{"]) {
      expect(tryParseRecord(text), text).to.equal(undefined);
    }
  });

  it("is shown on one short line", () => {
    expect(showJson({ a: "b" })).to.equal('{"a":"b"}');
    expect(showJson(undefined)).to.equal("nothing");
    expect(showJson("x".repeat(58)))
      .to.have.lengthOf(60)
      .and.not.match(/\.\.\.$/);
    expect(showJson("x".repeat(59)))
      .to.have.lengthOf(60)
      .and.match(/\.\.\.$/);
    expect(showJson("x".repeat(59), 80)).to.have.lengthOf(61);
  });
});
