// Ansible's markup as Markdown, and code that a narrow column can break.

import { expect } from "chai";

import { asCode, asMarkdown, asRow, paragraphsOf } from "../../../scripts/docs/markup";

describe("documentation markup", () => {
  const texts: readonly (readonly [string, string])[] = [
    ["C(code) and V(value)", "`code` and `value`"],
    ["O(state=absent), RV(changed), E(PATH)", "`state=absent`, `changed`, `PATH`"],
    ["M(flannel_role.flanneld.flannel_unit)", "`flannel_unit`"],
    ["RV(flannel_role.flanneld.flannel_unit#module:subnet)", "`subnet`"],
    ["V(a\\)b)", "`a)b`"],
    ["B(bold) L(flannel,https://example.org/a)", "**bold** [flannel](https://example.org/a)"],
    ["XO(not) markup", "XO(not) markup"],
  ];
  for (const [text, markdown] of texts)
    it(`renders ${text}`, () => expect(asMarkdown(text)).to.equal(markdown));

  it("leaves short names plain and breaks long ones after punctuation, as rarely as fits", () => {
    expect(asCode("flannel_version")).to.equal("`flannel_version`");
    expect(asCode("flannel_network_allow_disruptive")).to.equal(
      "<code>flannel_network_<wbr>allow_disruptive</code>",
    );
    expect(asCode("https://h/<version>/<a>")).to.equal(
      "<code>https://h/<wbr>&lt;version&gt;/&lt;a&gt;</code>",
    );
  });

  it("keeps a cell in one row and one column", () => {
    expect(asRow("a | b\nc", paragraphsOf(["One.", "Two | V(x)."]))).to.equal(
      "| a \\| b c | One.<br>Two \\| `x`. |",
    );
  });
});
