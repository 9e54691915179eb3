// Every error that flannel's source knows, in 19 releases, has a rule or a reason why it needs none.

import { expect } from "chai";

import { CAUSE_RULES, recogniseRule } from "../../../src/flannel/causes";
import { readFlannelExits, renderExit } from "../../support/flannel-exits";

const EXITS = readFlannelExits();

describe("the errors of flannel's own source", () => {
  it("are all there", () => {
    expect(EXITS.length).to.be.greaterThan(400);
  });

  it("have a rule each, or a reason why not", () => {
    const open = EXITS.filter(({ rule, notOurs = "" }) => rule === undefined && notOurs === "");
    expect(open).to.deep.equal([]);
  });

  it("are recognised by the rule that is theirs", () => {
    const wrong = EXITS.filter((exit) => exit.rule !== undefined).flatMap((exit) => {
      const found = recogniseRule([renderExit(exit)])?.name;
      return found === exit.rule
        ? []
        : [`${exit.text}: ${String(found)}, not ${String(exit.rule)}`];
    });
    expect(wrong).to.deep.equal([]);
  });

  it("name no rule that is not there", () => {
    const names = new Set(CAUSE_RULES.map(({ name }) => name));
    expect(EXITS.filter(({ rule }) => rule !== undefined && !names.has(rule))).to.deep.equal([]);
  });
});
