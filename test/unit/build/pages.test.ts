// The pages that are made of data: what is on them, and where their faults are told.

import { readdirSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { readModuleSource } from "../../../scripts/build/documentation";
import { renderModulePage } from "../../../scripts/docs/module-page";
import {
  compareWithDefaults,
  findUngrouped,
  groupVariables,
  renderVariables,
} from "../../../scripts/docs/variables";

const OPTIONS = {
  net: { type: "str", description: "The V(net).", default: "a|b", choices: ["a|b", "c"] },
  more: { type: "dict", description: ["First.", "Second."], default: {} },
  unset: { type: "str", description: "Nothing by default." },
};
const DEFAULTS = [
  "---",
  "# --- One ------",
  "# Words: that are no variable.",
  'net: "a|b"',
  "# --- Two ---",
  "more: {}",
  "# unset: value",
].join("\n");

describe("the page of variables", () => {
  const groups = groupVariables(DEFAULTS, OPTIONS);

  it("has the groups of the defaults, also for what has no default", () => {
    expect(groups).to.deep.equal([
      { title: "One", names: ["net"] },
      { title: "Two", names: ["more", "unset"] },
    ]);
    expect(findUngrouped(OPTIONS, groups)).to.deep.equal([]);
    const faults = findUngrouped({ ...OPTIONS, other: OPTIONS.net }, groups);
    expect(faults).to.have.length(1);
    expect(faults[0]).to.match(/^other: expected once/);
  });

  it("tells type, meaning, choices and default in two columns", () => {
    const rows = renderVariables("# Intro\n", OPTIONS, groups).split("\n");
    expect(rows.filter((row) => row.startsWith("## "))).to.deep.equal(["## One", "## Two"]);
    expect(rows.filter((row) => row.startsWith("| <a"))).to.deep.equal([
      '| <a id="net"></a>`net`<br>str | The `net`.<br>One of `a\\|b`, `c`.<br>Default: `a\\|b` |',
      '| <a id="more"></a>`more`<br>dict | First.<br>Second.<br>Default: `{}` |',
      '| <a id="unset"></a>`unset`<br>str | Nothing by default. |',
    ]);
  });

  it("is refused where defaults and declared options differ", () => {
    const same = { net: "a|b", more: {} };
    expect(compareWithDefaults(OPTIONS, same)).to.deep.equal([]);
    expect(compareWithDefaults(OPTIONS, { ...same, net: "c", extra: 1 })).to.deep.equal([
      "extra: has a default, but is not in argument_specs.yml",
      'net: argument_specs.yml says "a|b", defaults/main.yml "c"',
    ]);
  });
});

describe("the page of a module", () => {
  const modules = join(__dirname, "../../..", "src", "modules");
  for (const name of readdirSync(modules)) {
    const source = readModuleSource(join(modules, name));
    const page = renderModulePage(source);

    it(`of ${name} has every option and result, and leaves no markup behind`, () => {
      const text = page.replace(/<wbr>/g, "");
      for (const option of [...Object.keys(source.options), ...source.returned])
        expect(text).to.match(new RegExp(`^\\| (<code>|\`)${option}(</code>|\`)<br>`, "m"));
      expect(text.split("```")[2]).to.not.match(/\b(O|V|RV|C|M|E)\(/);
    });

    it(`of ${name} has no HTML but that of its cells`, () => {
      const prose = page.replace(/^```yaml\n[^]*?^```$/m, "").replace(/`[^`\n]*`/g, "");
      const tags = new Set([...prose.matchAll(/<[^>]*>?/g)].map(([tag]) => tag));
      expect([...tags].filter((tag) => !/^<(br|wbr|\/?code|!--.*--)>$/.test(tag))).to.deep.equal(
        [],
      );
    });
  }
});
