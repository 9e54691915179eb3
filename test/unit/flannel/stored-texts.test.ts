// What flannel itself made of three hundred texts, release by release; test/long/flannel-verdict.test.ts
// asks it about many more.

import { expect } from "chai";

import {
  type Read,
  compare,
  describe as tell,
  explain,
  readAsJavaScript,
  readAsWeDo,
} from "../../support/flannel-comparison";
import { RELEASES } from "../../support/flannel-reader";
import { readStoredTexts } from "../../support/stored-texts";

const TEXTS = readStoredTexts();

/** Every difference for which there is no reason. */
function unexplained(read: Read, releases = RELEASES): readonly string[] {
  return TEXTS.flatMap(({ bytes, answers }) =>
    releases.flatMap((tag) => {
      const answer = answers[RELEASES.indexOf(tag)] ?? {};
      return compare(bytes, tag, answer, read)
        .filter((found) => explain(found) === undefined)
        .map(tell);
    }),
  );
}

describe("texts that flannel has read", () => {
  it("are three hundred, and many of them are accepted", () => {
    expect(new Set(TEXTS.map(({ bytes }) => bytes.toString("latin1"))).size).to.equal(300);
    const accepted = TEXTS.filter(({ answers }) => "Backend.Type" in (answers.at(-1) ?? {}));
    expect(accepted.length).to.be.within(100, 250);
  });

  for (const tag of RELEASES) {
    it(`mean the same here as to ${tag}`, () => {
      expect(unexplained(readAsWeDo, [tag]).slice(0, 3)).to.deep.equal([]);
    });
  }

  it("would show that JSON.parse reads something else", () => {
    expect(unexplained(readAsJavaScript).length).to.be.greaterThan(500);
  });

  it("would show a release that is taken for another", () => {
    const shifted: Read = (text, tag) =>
      readAsWeDo(text, RELEASES[RELEASES.indexOf(tag) - 1] ?? tag);
    expect(unexplained(shifted, ["v0.10.0", "v0.15.1", "v0.19.2", "v0.25.7"])).not.to.deep.equal(
      [],
    );
  });
});
