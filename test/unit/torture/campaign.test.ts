import { expect } from "chai";

import { type Campaign, choose } from "../../../scripts/torture/campaign";

const NAMES = ["install kills", "unit kills", "places"];
const CAMPAIGNS = NAMES.map((name) => ({ name })) as Campaign[];

const chosen = (...words: string[]): readonly string[] =>
  choose(CAMPAIGNS, words).map(({ name }) => name);

describe("the campaigns to run", () => {
  it("are all without a word, else those with one of the words in their names", () => {
    expect(chosen()).to.deep.equal(NAMES);
    expect(chosen("kills")).to.deep.equal(["install kills", "unit kills"]);
    expect(chosen("places", "install")).to.deep.equal(["install kills", "places"]);
  });

  it("are named where a word is in none", () => {
    expect(() => choose(CAMPAIGNS, ["places", "kill -9"])).to.throw(
      "kill -9: no such campaign; there are: install kills, unit kills, places",
    );
  });
});
