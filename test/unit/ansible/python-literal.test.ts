// That this reads what Python reads, ansible-core.test.ts shows; here is where it stops on purpose.

import { expect } from "chai";

import { tryParsePythonLiteral } from "../../../src/ansible/python-literal";

describe("tryParsePythonLiteral", () => {
  it("reads what a template makes of a dict", () => {
    const text = "{'Type': 'vxlan', 'DirectRouting': True, 'VNI': 7, 'list': [(1, 'x'), None]}";
    expect(tryParsePythonLiteral(text)).to.deep.equal({
      Type: "vxlan",
      DirectRouting: true,
      VNI: 7,
      list: [[1, "x"], null],
    });
  });

  it("loses no digit of a whole number, and keeps a key whatever it is called", () => {
    const text = "{'n': -12345678901234567890, 'x': 0xffffffffffffffff, '__proto__': 1}";
    expect(tryParsePythonLiteral(text)).to.deep.equal(
      JSON.parse('{"n": "-12345678901234567890", "x": "18446744073709551615", "__proto__": 1}'),
    );
  });

  const refused: readonly (readonly [string, string])[] = [
    ["a set", "{1, 2}"],
    ["bytes", "{'a': b'x'}"],
    ["a complex number", "{'a': 1j}"],
    ["an infinite number", "{'a': 1e999}"],
    ["keys that are not text", "{1: 2}"],
    ["characters by name", "'\\N{DASH}'"],
    ["a call", "dict(a=1)"],
    ["arithmetic", "{'a': 1 + 1}"],
    ["two values", "1, 2"],
    ["nothing", ""],
    ["a NUL, even in a comment", "{'a': 1 # \0\n}"],
    ["half a character", "{'a': '\ud800'}"],
    ["101 levels", `${"[".repeat(101)}${"]".repeat(101)}`],
    ["20,000 levels", "[".repeat(20_000)],
    ["10 MB of blanks that lead nowhere", `{${" ".repeat(10_000_000)}`],
    ["10 MB of an unfinished string", `{'${"\\'".repeat(5_000_000)}`],
  ];
  for (const [what, text] of refused) {
    it(`takes no ${what}`, () => {
      expect(tryParsePythonLiteral(text)).to.equal(undefined);
    });
  }

  it("reads 100 levels", () => {
    expect(tryParsePythonLiteral(`${"[".repeat(100)}${"]".repeat(100)}`)).to.be.an("array");
  });
});
