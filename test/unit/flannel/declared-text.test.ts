import { expect } from "chai";
import fc from "fast-check";
import json5 from "json5";

import { escapeSeparators, findTwins } from "../../../src/flannel/declared-text";

describe("text that somebody wrote", () => {
  const twins: [string, string[]][] = [
    ['{"a": 1, "a": 2}', ["a"]],
    ["{a: 1, 'a': 2, \"\\u0061\": 3}", ["a"]],
    ["{Backend: {VNI: 1, VNI: 2, Type: 'vxlan'}, VNI: 3}", ["Backend.VNI"]],
    ["{a: [{b: 1}, {b: 2}, {b: 3, b: 4}]}", ["a.b"]],
    ["{a: 1, // a: 2\n /* a: 3 */ b: 'a: 1, a: 2'}", []],
    ['{a: "}", a: "{\\""}', ["a"]],
    ["{a: {}, b: {}, c: [[], {}]}", []],
    ["[1, 2]", []],
  ];
  for (const [text, expected] of twins) {
    it(`has ${expected.length === 0 ? "no key" : expected.join()} twice: ${text}`, () => {
      json5.parse(text);
      expect(findTwins(text)).to.deep.equal(expected);
    });
  }

  it("shows no key that may hold a secret", () => {
    const key = '{"PSK": "SECRETSECRET"}';
    const text = `{${JSON.stringify(key)}: 1, ${JSON.stringify(key)}: 2}`;
    expect(findTwins(text)).to.deep.equal(["********"]);
  });

  it("means the same without separators in strings", () => {
    const pieces = fc.constantFrom("\u2028", "\u2029", "\\", "x", "\\\u2028", "'", '"', "\n");
    const text = fc.oneof(
      fc.array(pieces).map((parts) => JSON.stringify(parts.join(""))),
      fc.constantFrom(
        "'a\u2028b'",
        "'a\\\u2028b'",
        "'\\\\\u2029'",
        "{a:1}\u2028// x\u2029",
        "/*\u2028*/ 'x'",
      ),
    );
    const { warn } = console;
    const told: unknown[] = [];
    fc.assert(
      fc.property(text, (given) => {
        console.warn = () => undefined;
        const expected: unknown = json5.parse(given);
        console.warn = (message: unknown) => told.push(message);
        try {
          expect(json5.parse(escapeSeparators(given))).to.deep.equal(expected);
        } finally {
          console.warn = warn;
        }
      }),
    );
    expect(told).to.deep.equal([]);
  });
});
