import { expect } from "chai";
import fc from "fast-check";

import { SecretFragments } from "../../../src/ansible/fragments";

function fragmentsOf(...secrets: readonly string[]): SecretFragments {
  const fragments = new SecretFragments(4);
  for (const secret of secrets) fragments.add(secret);
  return fragments;
}

/** The same, slowly: every character that is in a run of four of a secret. */
function hideSlowly(text: string, secret: string): string {
  const hidden = Array.from({ length: text.length }, () => false);
  for (let start = 0; start + 4 <= text.length; start++) {
    if (!secret.includes(text.slice(start, start + 4))) continue;
    for (let index = start; index < start + 4; index++) hidden[index] = true;
  }
  let shown = "";
  for (let index = 0; index < text.length; index++) {
    if (hidden[index] !== true) shown += text.charAt(index);
    else if (hidden[index - 1] !== true) shown += "********";
  }
  return shown;
}

describe("SecretFragments", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", ""],
    ["nothing here", "nothing here"],
    ["secret", "********"],
    ["a secret!", "a ********!"],
    ["secr and cret", "******** and ********"],
    ["secretsecret", "********"],
    ["sec ret", "sec ret"],
  ];
  for (const [text, shown] of cases) {
    it(`shows ${JSON.stringify(shown)} of ${JSON.stringify(text)}`, () => {
      expect(fragmentsOf("secret").hide(text)).to.equal(shown);
    });
  }

  it("hides just the runs that stand in a secret", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    fc.assert(
      fc.property(letters, letters, (secret, text) => {
        expect(fragmentsOf(secret).hide(text)).to.equal(hideSlowly(text, secret));
      }),
    );
  });

  it("knows nothing of a secret that is shorter than a fragment", () => {
    expect(fragmentsOf("abc").hide("abcabc")).to.equal("abcabc");
  });

  it("hides every text of a fragment's length, and within a second, when secrets are too many", () => {
    const started = performance.now();
    const fragments = fragmentsOf("a".repeat(10_000_000));
    expect(["bbbb", "sec", "aaaab"].map((text) => fragments.hide(text))).to.deep.equal([
      "********",
      "sec",
      "********",
    ]);
    expect(performance.now() - started).to.be.below(1000);
  });
});
