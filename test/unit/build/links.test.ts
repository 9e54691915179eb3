// Links between Markdown files: those that are followed, and what is said of one that leads nowhere.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { anchorsOf, findDeadLinks, linksOf } from "../../../scripts/docs/links";

describe("links of Markdown", () => {
  it("are found in text, pictures, definitions and HTML, not in code", () => {
    const text = [
      "[a](a.md) ![b\nc](<b.svg>) `[no](no.md)`",
      "```text\n[no](no.md)\n```",
      "[d]: d.md#there",
      '<picture><source srcset="dark.svg"><img alt="" src="light.svg"></picture>',
    ].join("\n\n");
    expect(linksOf(text)).to.deep.equal(["a.md", "b.svg", "d.md#there", "dark.svg", "light.svg"]);
  });

  it("lead to headings by the words of these, and to anchors set by hand", () => {
    const text =
      '# A `b_c`: [d](e), f!\n## Again\n## Again\n| <a id="x_y"></a> |\n```\n# no\n```\n';
    expect([...anchorsOf(text)].sort()).to.deep.equal(["a-b_c-d-f", "again", "again-1", "x_y"]);
  });

  describe("of a repository", () => {
    let root: string;
    before(() => {
      root = mkdtempSync(join(tmpdir(), "links-"));
      execFileSync("git", ["init", "--quiet", root]);
    });
    after(() => {
      rmSync(root, { recursive: true });
    });

    it("are followed but for those to other sites", () => {
      writeFileSync(join(root, "b.md"), "# There\n");
      writeFileSync(
        join(root, "a.md"),
        "[1](b.md#there) [2](b.md#gone) [3](c.md) [4](../d) [5](https://e/f)",
      );
      expect(findDeadLinks(root)).to.deep.equal([
        "a.md: b.md#gone: the file has no such heading",
        "a.md: c.md: there is no such file",
        "a.md: ../d: leads out of the repository",
      ]);
    });
  });
});
