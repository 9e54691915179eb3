import { readFileSync } from "node:fs";

import { expect } from "chai";

import { type Campaign } from "../../../scripts/torture/campaign";
import { CAMPAIGNS } from "../../../scripts/torture/campaigns";
import { readDefects } from "../../../scripts/torture/defects";
import { readFigures } from "../../../scripts/torture/figures";
import { PAGE, renderPage } from "../../../scripts/torture/page";

const CAMPAIGN = {
  ...{ name: "kills", tries: "a | b", holds: "all", atLeast: 7, minutes: 1, specs: [] },
  planted: { fault: "none", file: "src/x.ts", find: "", replace: "" },
} satisfies Campaign;

describe("the track record", () => {
  it("is what its data make of it", () => {
    const data = { campaigns: CAMPAIGNS, figures: readFigures(), releases: readDefects() };
    expect(readFileSync(PAGE, "utf8"), "npm run robustness").to.equal(renderPage(data));
  });

  it("tells the last figures of a campaign, and that it was not run", () => {
    const figures = { kills: { cases: 12, seconds: 3, scale: 0.5, date: "2026-11-24" } };
    const page = renderPage({ campaigns: [CAMPAIGN], figures, releases: [] });
    expect(page).to.include(
      "| `kills` | a \\| b | all | 7 | 12 (`SCALE=0.5`) | 3 s | 2026-11-24 |",
    );
    expect(renderPage({ campaigns: [CAMPAIGN], figures: {}, releases: [] })).to.include(
      "not run yet",
    );
  });
});
