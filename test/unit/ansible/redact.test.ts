import { expect } from "chai";
import fc from "fast-check";

import { Redactor } from "../../../src/ansible/redact";
import { MASK } from "../../../src/base/secrets";

function redactorOf(...secrets: unknown[]): Redactor {
  const redactor = new Redactor();
  secrets.forEach((secret) => {
    redactor.add(secret);
  });
  return redactor;
}

describe("Redactor", () => {
  it("leaves no secret in any string of any structure, keys included", () => {
    const secret = fc
      .string({ minLength: 3 })
      .filter((text) => text.trim().length >= 3 && !MASK.includes(text.trim()));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
        const value = { list: [before + hidden + after], [`${before}${hidden}`]: { deep: hidden } };
        const shown = JSON.stringify(redactorOf(hidden).redact(value), (_, item: unknown) => item);
        const strings: string[] = [];
        JSON.parse(shown, (key: string, item: unknown) => {
          strings.push(key, ...(typeof item === "string" ? [item] : []));
          return item;
        });
        // A mask between two fragments may by chance spell the secret again only if it holds a "*".
        if (!hidden.includes("*"))
          expect(strings.filter((text) => text.includes(hidden))).to.deep.equal([]);
      }),
    );
  });

  const forms: readonly (readonly [string, string])[] = [
    ["as it is", 'pa"ss wörd/1'],
    ["inside JSON text", JSON.stringify({ password: 'pa"ss wörd/1' })],
    ["inside JSON inside JSON", JSON.stringify(JSON.stringify('pa"ss wörd/1'))],
    ["in a URL", `https://user:${encodeURIComponent('pa"ss wörd/1')}@host/`],
    ["in base64", Buffer.from('pa"ss wörd/1').toString("base64")],
  ];
  for (const [where, text] of forms) {
    it(`hides a secret ${where}`, () => {
      expect(redactorOf('pa"ss wörd/1').redact(text))
        .to.include(MASK)
        .and.not.match(/ss w|b3J/);
    });
  }

  it("hides the longer of two secrets whole", () => {
    expect(redactorOf("abc", "abcdef").redact("xabcdefx")).to.equal(`x${MASK}x`);
  });

  it("takes secrets out of lists and dicts, and hides numbers", () => {
    expect(
      redactorOf({ pin: 1234, words: ["one-word"] }).redact({ a: 1234, b: "one-word", c: 12345 }),
    ).to.deep.equal({
      a: MASK,
      b: MASK,
      c: 12345,
    });
  });

  it("does not take an empty secret for one", () => {
    expect(redactorOf("", "  ").redact("a b")).to.equal("a b");
  });
});
