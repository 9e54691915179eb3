import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readModuleSource } from "../../../scripts/build/documentation";
import { renderSpec } from "../../../scripts/build/generate";

const GOOD = `
DOCUMENTATION:
  module: example
  options:
    name: { type: str, description: A name }
    tags: { type: list, elements: str, description: Words }
EXAMPLES: ""
RETURN:
  path: { description: A file, returned: always }
  bytes: { description: A size, returned: success }
  arch: { description: A CPU, returned: when I(state=present) }
  score: { description: A score, returned: when O(hardening) is true }
  journal: { description: Lines, returned: when the daemon does not come up }
  error_code: { description: A kind, returned: failure }
ARGUMENT_SPEC:
  no_log: [name]
  facts: [path]
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

  it("tells which keys every result has: not those of a failure or of some finding", () => {
    expect(read(GOOD).returned).to.deep.equal(["path", "bytes", "arch"]);
  });

  it("gives the module's spec both lists, for the contract to go by", () => {
    const text = renderSpec(read(GOOD));
    expect(text).to.include('  returned: ["path","bytes","arch"],\n  facts: ["path"],\n');
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
    [
      "a fact that the result does not have",
      GOOD.replace("facts: [path]", "facts: [pth]"),
      "facts: RETURN has no pth",
    ],
    [
      "a result key that does not say when it is there",
      GOOD.replace(", returned: always", ""),
      "RETURN: path: must say when it is returned",
    ],
    [
      "a result key that means something to Ansible",
      GOOD.replace("bytes: {", "unreachable: {"),
      "RETURN: unreachable: Ansible reads this key itself",
    ],
    ["no examples", GOOD.replace('EXAMPLES: ""', ""), "EXAMPLES is missing"],
  ];
  for (const [what, text, message] of flaws) {
    it(`is refused with ${what}`, () => {
      expect(() => read(text)).to.throw(message);
    });
  }
});
