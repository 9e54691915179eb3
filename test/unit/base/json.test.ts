import { expect } from "chai";
import fc from "fast-check";

import {
  parseExactJson,
  parseJson,
  showJson,
  toAsciiJson,
  tryParseJson,
  tryParseRecord,
} from "../../../src/base/json";

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

  it("puts U+FFFD in the place of half a character, and leaves what only looks like one", () => {
    const value = { "\ud800": ["a\udfff\ud83d", "😀", "\\ud800", "\\\\\ud800", '"\\ud8'] };
    expect(JSON.parse(toAsciiJson(value))).to.deep.equal({
      "\ufffd": ["a\ufffd\ufffd", "😀", "\\ud800", "\\\\\ufffd", '"\\ud8'],
    });
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
    expect(showJson(JSON.parse("1e400"))).to.equal("Infinity");
    expect(showJson(undefined)).to.equal("nothing");
    expect([Infinity, NaN, -0.5].map((value) => showJson(value))).to.deep.equal([
      "Infinity",
      "NaN",
      "-0.5",
    ]);
    expect(showJson("x".repeat(58)))
      .to.have.lengthOf(60)
      .and.not.match(/\.\.\.$/);
    expect(showJson("x".repeat(59)))
      .to.have.lengthOf(60)
      .and.match(/\.\.\.$/);
    expect(showJson("x".repeat(59), 80)).to.have.lengthOf(61);
  });
});

describe("parseJson", () => {
  it("is JSON.parse", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  const nested = (levels: number): string =>
    `${'{"a":['.repeat(levels / 2)}${"]}".repeat(levels / 2)}`;
  it("takes 100 levels, and says which depth is too much", () => {
    expect(parseJson(nested(100))).to.be.an("object");
    for (const levels of [102, 20_000, 2_000_000])
      expect(() => parseJson(nested(levels))).to.throw("nested deeper than 100 levels");
    expect(tryParseRecord(nested(20_000))).to.equal(undefined);
  });

  it("does not take brackets inside of strings for levels", () => {
    const value = ["[{".repeat(1000), '\\"[{'.repeat(1000), "\\".repeat(3), { "[[": "\\\\" }];
    expect(parseJson(JSON.stringify(value))).to.deep.equal(value);
  });

  it("reads 10 MB of quotes and backslashes within moments", () => {
    const begun = Date.now();
    const value = ['\\"'.repeat(2_500_000)];
    expect(parseExactJson(JSON.stringify([value, 1e16]))).to.have.lengthOf(2);
    expect(Date.now() - begun).to.be.below(3000);
  });
});

describe("parseExactJson", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["[-12345678901234567890]", ["-12345678901234567890"]],
    [
      '{"pin": 12345678901234567890, "text": "12345678901234567890"}',
      { pin: "12345678901234567890", text: "12345678901234567890" },
    ],
    ["0.12345678901234567", Number("0.12345678901234567")],
    ["1234567890123456.5", Number("1234567890123456.5")],
    ["1e22", 1e22],
    ["12345678901234567890e-3", Number("12345678901234567890e-3")],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${text} without losing a digit of a whole number`, () => {
      expect(parseExactJson(text)).to.deep.equal(expected);
    });
  }
});
