import { expect } from "chai";
import fc from "fast-check";

import { NestingError } from "../../../src/base/json";
import { type RawJson, readRawJson } from "../../../src/base/raw-json";

const blanks = fc.stringMatching(/^[ \t\r\n]{0,2}$/);

/** JSON with blanks wherever they may stand. */
const spaced: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc
    .tuple(
      blanks,
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom("null", "true", "false", "0", "-1.5e+3", '"\\"}{\\\\"', '"\\ud83d\\ude00"'),
        fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
        fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
        fc
          .array(fc.tuple(blanks, fc.string(), blanks, tie("value")), { maxLength: 3 })
          .map((members) =>
            members.map(([a, name, b, value]) => `${a}${JSON.stringify(name)}${b}:${value}`),
          )
          .map((members) => `{${members.join(",")}}`),
      ),
      blanks,
    )
    .map((parts) => parts.join("")),
})).value;

/** What JSON.parse makes of a text, put together from its pieces. */
function rebuild(given: RawJson): unknown {
  if (given.isObject) {
    return Object.fromEntries(given.members().map(([name, value]) => [name, rebuild(value)]));
  }
  return given.isArray ? given.items().map(rebuild) : given.value;
}

describe("JSON as it is written", () => {
  it("has the pieces that JSON.parse puts together", () => {
    const wellFormed = (text: string): unknown =>
      JSON.parse(JSON.stringify(JSON.parse(text)).replace(/\\ud[\da-f]{3}/g, "\\ufffd"));
    fc.assert(
      fc.property(
        spaced.filter((text) => !text.includes("__proto__")),
        (text) => {
          expect(rebuild(readRawJson(text))).to.deep.equal(wellFormed(text));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("keeps twins in their order, numbers and escapes", () => {
    const text = ' { "a" : 24.0, "\\u0061":[ 1e400 , -0 ],\n"a":"\\/" , "b":{"c":{}} } ';
    const members = readRawJson(text)
      .members()
      .map(([name, { raw }]) => [name, raw]);
    expect(members).to.deep.equal([
      ["a", "24.0"],
      ["a", "[ 1e400 , -0 ]"],
      ["a", '"\\/"'],
      ["b", '{"c":{}}'],
    ]);
  });

  it("has U+FFFD in the place of half a character", () => {
    expect(readRawJson('["\\ud800x"]').value).to.deep.equal(["\ufffdx"]);
    expect(readRawJson('{"\\udc00":1}').members()[0]?.[0]).to.equal("\ufffd");
  });

  for (const text of ["", " ", "{} x", "{,}", "\ufeff{}", "{'a':1}", '{"a":1,}', '"\n"']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => readRawJson(text)).to.throw(SyntaxError);
    });
  }

  it("goes as deep as Go does, and knows only the text of what is deep", () => {
    const nest = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    expect(readRawJson(nest(10_000)).value).to.equal(undefined);
    expect(readRawJson(`{"a":${nest(9_999)}}`).members()).to.have.length(1);
    expect(() => readRawJson(nest(10_001))).to.throw(NestingError, "deeper than 10000 levels");
  });

  it("tells what stands outside of strings", () => {
    expect(readRawJson('["1e400", 2]').withoutStrings()).to.equal('["", 2]');
  });
});
