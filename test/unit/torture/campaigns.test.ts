import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { CAMPAIGNS } from "../../../scripts/torture/campaigns";

const ROOT = join(__dirname, "..", "..", "..");

describe("the table of campaigns", () => {
  it("has each under one name", () => {
    const names = CAMPAIGNS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  for (const { name, specs, planted } of CAMPAIGNS) {
    it(`has tests for ${name}, and a fault that can be planted for it`, () => {
      expect(specs.filter((file) => !existsSync(join(ROOT, file)))).to.deep.equal([]);
      const text = readFileSync(join(ROOT, planted.file), "utf8");
      expect(text.split(planted.find), planted.find).to.have.length(2);
      expect(planted.replace).not.to.equal(planted.find);
    });
  }
});
