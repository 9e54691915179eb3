import { expect } from "chai";

import { describeDone, joinDiffs, nullsFor } from "../../../src/ansible/result";

const change = (header: string, after: string) => ({
  summary: `write ${after}`,
  diff: { before_header: header, after_header: header, before: `no ${after}`, after },
});

describe("describeDone", () => {
  it("says nothing when nothing was done", () => {
    expect(describeDone([])).to.equal("");
  });

  it("names ten changes, and counts the others", () => {
    const journal = Array.from({ length: 12 }, (_, index) => ({ summary: `step ${index}` }));
    const named = journal.slice(0, 10).map(({ summary }) => summary);
    expect(describeDone(journal)).to.equal(`\nalready done: ${named.join("; ")}; and 2 more`);
    expect(describeDone(journal.slice(0, 10))).to.equal(`\nalready done: ${named.join("; ")}`);
  });
});

describe("joinDiffs", () => {
  it("joins neighbours about one thing, and keeps the order of all", () => {
    const changes = [
      change("a", "1\n"),
      change("a", "2\n"),
      change("b", "3\n"),
      change("a", "4\n"),
    ];
    expect(joinDiffs(changes).map(({ after }) => after)).to.deep.equal(["1\n2\n", "3\n", "4\n"]);
    expect(joinDiffs(changes)[0]?.before).to.equal("no 1\nno 2\n");
  });

  it("passes over changes that have none", () => {
    expect(joinDiffs([{ summary: "reload" }])).to.deep.equal([]);
  });
});

describe("nullsFor", () => {
  it("promises every key", () => {
    expect(nullsFor(["a", "b"])).to.deep.equal({ a: null, b: null });
  });
});
