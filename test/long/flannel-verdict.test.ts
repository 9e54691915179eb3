// Asks flannel's own reader, of a release for each change it saw, about a hundred thousand texts: verdict and values must
// be ours. Needs Go; the sources come from a clone ($FLANNEL_GIT) or from the Go module proxy, which may
// not have every release. What was built once is in the cache of the lab.

import { expect } from "chai";
import fc from "fast-check";

import { networkText } from "../support/arbitraries/network-text";
import {
  EXPLANATIONS,
  type Read,
  compare,
  describe as tell,
  explain,
  readAsJavaScript,
  readAsWeDo,
} from "../support/flannel-comparison";
import { type Answer, RELEASES, askReader, tryProvideReader } from "../support/flannel-reader";
import { anyDocument, plausibleDocument } from "../unit/flannel/documents";

const TEXTS = 100_000;
const DOCUMENTS = 20_000;
const PLANTED = 2_000;

/** Ranges above all: documents that are right, or wrong by a little. */
const documentText = fc
  .oneof(plausibleDocument, anyDocument)
  .map((part) => Buffer.from(JSON.stringify({ ...part, Backend: { Type: "vxlan" } })));

/** Differences without a reason, and how often each reason was one. */
interface Comparison {
  readonly unexplained: readonly string[];
  readonly explained: readonly number[];
}

function compareAll(
  texts: readonly Buffer[],
  tag: string,
  answers: readonly Answer[],
  read: Read = readAsWeDo,
): Comparison {
  const explained = EXPLANATIONS.map(() => 0);
  const unexplained: string[] = [];
  for (const [index, answer] of answers.entries()) {
    for (const found of compare(texts[index] ?? Buffer.alloc(0), tag, answer, read)) {
      const reason = explain(found);
      if (reason === undefined) unexplained.push(tell(found));
      else explained[reason] = (explained[reason] ?? 0) + 1;
    }
  }
  return { unexplained, explained };
}

describe("flannel's own verdict", function () {
  this.timeout(1_800_000);
  const seed = Date.now() % 2 ** 31;
  let texts: readonly Buffer[] = [];
  const explained = EXPLANATIONS.map(() => 0);
  const missing: string[] = [];

  before(() => {
    texts = [
      ...fc.sample(networkText, { numRuns: TEXTS, seed }),
      ...fc.sample(documentText, { numRuns: DOCUMENTS, seed }),
    ];
  });

  for (const tag of RELEASES) {
    it(`is ours on ${TEXTS} texts and ${DOCUMENTS} documents at ${tag} (seed ${seed})`, function () {
      const program = tryProvideReader(tag);
      if (program === undefined) {
        missing.push(tag);
        this.skip();
      }
      const answers = askReader(program, texts);
      expect(answers).to.have.length(texts.length);
      const accepted = answers.filter((answer) => !("error" in answer)).length;
      expect(accepted).to.be.within(texts.length / 10, texts.length * 0.9);
      const found = compareAll(texts, tag, answers);
      expect(found.unexplained.slice(0, 5).join("\n\n"), "without a reason").to.equal("");
      found.explained.forEach(
        (count, reason) => (explained[reason] = (explained[reason] ?? 0) + count),
      );

      const some = texts.slice(0, PLANTED);
      const planted = compareAll(some, tag, answers.slice(0, PLANTED), readAsJavaScript);
      expect(planted.unexplained.length, "a planted fault is found").to.be.greaterThan(50);
    });
  }

  it("differs from ours for every reason that is given, and for no other", function () {
    if (missing.length > 0) this.skip();
    for (const [index, { why }] of EXPLANATIONS.entries()) {
      expect(explained[index], why).to.be.greaterThan(0);
    }
  });

  it("was asked of every release whose sources are given", function () {
    if (process.env["FLANNEL_GIT"] === undefined) this.skip();
    expect(missing).to.deep.equal([]);
  });
});
