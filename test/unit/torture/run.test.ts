import { expect } from "chai";

import { type Campaign } from "../../../scripts/torture/campaign";
import { type Outcome, runCampaign } from "../../../scripts/torture/run";

const CAMPAIGN = {
  ...{ name: "fixture", tries: "", holds: "", atLeast: 1, minutes: 0 },
  specs: ["test/support/some-campaign.ts"],
  planted: { fault: "", file: "", find: "", replace: "" },
} satisfies Campaign;

describe("a campaign that is run", function () {
  this.timeout(60_000);

  const run = (only: string, scale = 1, atLeast = 1): Promise<Outcome> =>
    runCampaign({ ...CAMPAIGN, only, atLeast }, { scale });

  it("holds with the cases that it has told of, as many as are wanted", async () => {
    const outcome = await run("as many cases", 0.1, 30);
    expect(outcome).to.deep.include({ verdict: "held", cases: 3, scale: 0.1, failures: [] });
  });

  it("counts its tests where it tells of no cases", async () => {
    expect(await run("tells nothing")).to.include({ verdict: "held", cases: 1 });
    expect(await run("three hundred")).to.include({ verdict: "held", cases: 300 });
  });

  it("does not hold with fewer cases than there should be", async () => {
    expect(await run("as many cases", 1, 31)).to.include({ verdict: "too few", cases: 30 });
  });

  it("fails with what it has found", async () => {
    const { verdict, failures } = await run("finds a fault");
    expect({ verdict, failures }).to.deep.equal({
      verdict: "failed",
      failures: [{ title: "finds a fault", message: "torn" }],
    });
  });

  it("fails where its tests cannot be loaded, and says why", async () => {
    const outcome = await runCampaign({ ...CAMPAIGN, specs: ["test/nowhere.ts"] }, { scale: 1 });
    expect(outcome).to.include({ verdict: "failed", cases: 0 });
  });

  it("ends when it is told to, with what was tried by then", async () => {
    const controller = new AbortController();
    const outcome = await runCampaign(
      { ...CAMPAIGN, only: "has no end" },
      {
        scale: 1,
        signal: controller.signal,
        onProgress: (cases) => {
          if (cases > 0) controller.abort();
        },
      },
    );
    expect(outcome).to.deep.include({ verdict: "cut short", failures: [] });
    expect(outcome.cases).to.be.at.least(1);
  });
});
