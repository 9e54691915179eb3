import { expect } from "chai";

import { RawJson, readRawJson } from "../../../src/base/raw-json";
import {
  type GoType,
  asGo,
  entriesOf,
  isSameField,
  isTaken,
  toGoLower,
} from "../../../src/flannel/go-value";

const REFUSED = Symbol("refused");

/** What a field of this type holds after it was given this text. */
function read(type: GoType, text: string): unknown {
  const value = asGo(type, readRawJson(text));
  return isTaken(type, value) ? value : REFUSED;
}

describe("a value as Go takes it", () => {
  const rows: [GoType, string, unknown][] = [
    ["bool", "true", true],
    ["bool", "false", false],
    ["bool", "null", null],
    ["bool", "1", REFUSED],
    ["bool", '"true"', REFUSED],
    ["uint", "24", 24],
    ["uint", "24.0", REFUSED],
    ["uint", "2.4e1", REFUSED],
    ["uint", "-0", REFUSED],
    ["uint", "1e400", REFUSED],
    ["uint", "18446744073709551615", 2 ** 64],
    ["uint", "18446744073709551616", REFUSED],
    ["int", "-0", 0],
    ["int", "-9223372036854775808", -(2 ** 63)],
    ["int", "9223372036854775808", REFUSED],
    ["int", "1.0", REFUSED],
    ["int", "[]", REFUSED],
    ["string", '"\\u0061\\/"', "a/"],
    ["string", "7", REFUSED],
    ["any", '["rtb-1", 2.0]', ["rtb-1", 2]],
    ["any", "1e400", REFUSED],
    ["any", '{"a": ["1e400", -1e999]}', REFUSED],
    ["any", '"1e400"', "1e400"],
    ["net4", '"10.200.0.0/16"', "10.200.0.0/16"],
    ["net4", '"10.200.0.0\\/16"', REFUSED],
    ["net4", '"\\u0031.2.3.0/24"', REFUSED],
    ["net4", '"::ffff:10.0.0.0/112"', "::ffff:10.0.0.0/112"],
    ["net4", '"fd00::/48"', REFUSED],
    ["net4", "null", REFUSED],
    ["net6", '"10.0.0.0/16"', "10.0.0.0/16"],
    ["net6", '"fd00::"', REFUSED],
    ["ip4", '"10.0.0.1"', "10.0.0.1"],
    ["ip4", '"fd00::1"', REFUSED],
    ["ip4", "null", REFUSED],
    ["ip6", '"10.0.0.1"', "10.0.0.1"],
    ["ip6", "null", null],
    ["ip6", "7", REFUSED],
  ];
  for (const [type, text, expected] of rows) {
    it(`${type}: ${text} is ${expected === REFUSED ? "refused" : JSON.stringify(expected)}`, () => {
      expect(read(type, text)).to.deep.equal(expected);
    });
  }

  it("stays as it is where it is no text, or is read later", () => {
    expect(asGo("uint", "24")).to.equal("24");
    const raw = readRawJson("{}");
    expect(asGo("raw", raw)).to.equal(raw);
    expect(isTaken("raw", raw)).to.equal(true);
  });
});

describe("a field", () => {
  it("has one name in any case, also with a Kelvin sign and a long s", () => {
    expect(isSameField("Bac\u212aend", "backend")).to.equal(true);
    expect(isSameField("\u017fubnetLen", "SubnetLen")).to.equal(true);
    expect(isSameField("\u0130pip", "ipip")).to.equal(false);
    expect(toGoLower("\u0130PIP")).to.equal("ipip");
  });

  it("is found in dicts and in text", () => {
    expect(entriesOf({ a: 1 })).to.deep.equal([["a", 1]]);
    expect(entriesOf(readRawJson('{"a":1,"a":2}'))).to.have.length(2);
    expect(entriesOf(new RawJson("[]"))).to.equal(undefined);
    expect(entriesOf([])).to.equal(undefined);
    expect(entriesOf(null)).to.equal(undefined);
  });
});
