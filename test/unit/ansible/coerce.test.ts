import { homedir } from "node:os";

import { expect } from "chai";

import { coerce } from "../../../src/ansible/coerce";
import { type OptionType } from "../../../src/ansible/spec";

// Oracle: module_utils/common/validation.py of ansible-core; rows marked (ours) differ on purpose.
const CASES: readonly (readonly [OptionType, unknown, unknown])[] = [
  ...["yes", "On", "TRUE", "1", "y", "t", " true "].map((word) => ["bool", word, true] as const),
  ...["no", "off", "False", "0", "n", "F"].map((word) => ["bool", word, false] as const),
  ["bool", 1, true],
  ["bool", 0, false],
  ["bool", "maybe", "maybe"],
  ["bool", 2, 2],
  ["int", "5", 5],
  ["int", " -5 ", -5],
  ["int", "5.0", 5],
  ["int", "5.5", "5.5"],
  ["int", "0x10", "0x10"],
  ["int", "99999999999999999999", "99999999999999999999"],
  ["float", "0.5", 0.5],
  ["float", "1e3", 1000],
  ["float", "", ""],
  ["float", "Infinity", "Infinity"],
  ["str", 5, "5"],
  ["str", true, "True"],
  ["str", false, "False"],
  ["str", ["a"], ["a"]],
  ["list", "a,b", ["a", "b"]],
  ["list", "a, b", ["a", "b"]], // (ours) blanks are dropped
  ["list", "", []], // (ours) not [""]
  ["list", 5, ["5"]],
  ["list", true, ["True"]],
  ["list", { a: 1 }, { a: 1 }],
  ["dict", '{"a": {"b": 1}}', { a: { b: 1 } }],
  ["dict", "a=1, b=2", { a: "1", b: "2" }],
  ["dict", 'a=1 b=\'x y\' c="p\\"q"', { a: "1", b: "x y", c: 'p"q' }],
  ["dict", "a=x=y", { a: "x=y" }],
  ["dict", "no pairs", "no pairs"],
  ["dict", "{broken", "{broken"],
  ["dict", "[1]", "[1]"],
  ["dict", "", {}],
  ["path", "~/x", `${homedir()}/x`],
  ["path", "~other/x", "~other/x"],
  ["path", "$FLANNEL_TEST_DIR/x", "/there/x"],
  ["path", "${FLANNEL_TEST_DIR}x", "/therex"],
  ["path", "$FLANNEL_TEST_UNSET/x", "$FLANNEL_TEST_UNSET/x"],
  ["raw", { any: [1] }, { any: [1] }],
];

describe("coerce", () => {
  before(() => {
    process.env["FLANNEL_TEST_DIR"] = "/there";
  });
  after(() => {
    delete process.env["FLANNEL_TEST_DIR"];
  });

  for (const [type, value, expected] of CASES) {
    it(`${type}: ${JSON.stringify(value)} becomes ${JSON.stringify(expected)}`, () => {
      expect(coerce(type, value)).to.deep.equal(expected);
    });
  }
});
