import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readModuleSource } from "../../../scripts/build/documentation";

const GOOD = `
DOCUMENTATION:
  module: example
  options:
    name: { type: str, description: A name }
    tags: { type: list, elements: str, description: Words }
EXAMPLES: ""
RETURN: {}
ARGUMENT_SPEC:
  no_log: [name]
`;

describe("the options file of a module", () => {
  let folder: string;

  before(() => {
    folder = join(mkdtempSync(join(tmpdir(), "options-")), "example");
    mkdirSync(folder);
  });
  after(() => {
    rmSync(join(folder, ".."), { recursive: true });
  });

  const read = (text: string): ReturnType<typeof readModuleSource> => {
    writeFileSync(join(folder, "example.yml"), text);
    return readModuleSource(folder);
  };

  it("is shipped without the part that only the build reads", () => {
    expect(Object.keys(read(GOOD).documentation)).to.deep.equal([
      "DOCUMENTATION",
      "EXAMPLES",
      "RETURN",
    ]);
  });

  const flaws: readonly (readonly [string, string, string])[] = [
    [
      "another module's name",
      GOOD.replace("module: example", "module: other"),
      "must describe module example",
    ],
    [
      "a type that is not supported",
      GOOD.replace("type: str", "type: jsonarg"),
      "name: type must be one of",
    ],
    ["a list without elements", GOOD.replace("elements: str, ", ""), "tags: a list needs elements"],
    ["a misspelt name in ARGUMENT_SPEC", GOOD.replace("[name]", "[nmae]"), "no option nmae"],
    ["no examples", GOOD.replace('EXAMPLES: ""', ""), "EXAMPLES is missing"],
  ];
  for (const [what, text, message] of flaws) {
    it(`is refused with ${what}`, () => {
      expect(() => read(text)).to.throw(message);
    });
  }
});
