import { expect } from "chai";
import fc from "fast-check";

import { parseArguments, readArgumentsText } from "../../../src/ansible/arguments";
import { toAsciiJson } from "../../../src/base/json";

const MARKER = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>";
const around = (text: string): string => `() => {\n//${text}\n}`;

describe("readArgumentsText", () => {
  it("reads back whatever Ansible embeds in the line comment", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: "binary" })), (options) => {
        const json = toAsciiJson(options); // Ansible embeds ASCII on one line
        expect(readArgumentsText(around(json), ["node", "module"])).to.equal(json);
      }),
    );
  });

  it("turns to the file named by the first argument when nothing was embedded", () => {
    expect(readArgumentsText(around(MARKER), ["node", "module", __filename])).to.include(
      "turns to",
    );
  });

  it("says what cannot be read and how to call the module", () => {
    expect(() => readArgumentsText(around(MARKER), ["node", "module", "/does/not/exist"]))
      .to.throw("/does/not/exist")
      .with.property("message")
      .that.includes("ANSIBLE_MODULE_ARGS");
  });
});

describe("parseArguments", () => {
  it("parts options from Ansible's own settings and ignores settings it does not know", () => {
    const args = parseArguments(
      '{"ANSIBLE_MODULE_ARGS": {"name": "x", "_ansible_check_mode": true, "_ansible_future": 1}}',
    );
    expect(args.options).to.deep.equal({ name: "x" });
    expect(args.settings).to.deep.include({ checkMode: true, diffMode: false, verbosity: 0 });
  });

  const real = [false, "false", "False", " no", "0", 0, "off", "n", "F"];
  const check = [true, "true", "True", "yes", 1, "1", "on", "", "maybe", 2, null, [], {}];
  for (const [values, checkMode] of [
    [real, false],
    [check, true],
  ] as const) {
    for (const value of values) {
      it(`takes ${JSON.stringify(value)} for ${checkMode ? "check mode" : "a real run"}`, () => {
        const text = JSON.stringify({ _ansible_check_mode: value, _ansible_diff: value });
        expect(parseArguments(text).settings.checkMode).to.equal(checkMode);
      });
    }
  }

  it("takes the other settings as text, too", () => {
    const { settings } = parseArguments('{"_ansible_diff": "True", "_ansible_verbosity": "3"}');
    expect(settings).to.deep.include({ checkMode: false, diffMode: true, verbosity: 3 });
  });

  it("keeps an option by the name of __proto__, which then is unknown", () => {
    const { options } = parseArguments('{"__proto__": {"a": 1}}');
    expect(Object.keys(options)).to.deep.equal(["__proto__"]);
  });

  it("refuses what is nested 20,000 levels deep with a sentence", () => {
    const text = `{"a": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect(() => parseArguments(text)).to.throw(
      "the module arguments are nested deeper than 100 levels",
    );
  });

  it("never quotes text it cannot parse, for that may hold secrets", () => {
    expect(() => parseArguments('{"password": "s3cret" oops'))
      .to.throw("not valid JSON")
      .with.property("message")
      .that.does.not.include("s3cret");
  });

  for (const text of ["", "  \n", "[]", "1", "null", '{"ANSIBLE_MODULE_ARGS": []}']) {
    it(`refuses ${JSON.stringify(text)} and says what is expected`, () => {
      expect(() => parseArguments(text)).to.throw("one JSON object");
    });
  }
});
