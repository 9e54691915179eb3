// Every campaign finds the fault that is planted for it: one that cannot fail proves nothing.

import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { expect } from "chai";

import { CAMPAIGNS } from "../../scripts/torture/campaigns";
import { readDefects } from "../../scripts/torture/defects";
import { runPlanted } from "../../scripts/torture/planted";

const ROOT = join(__dirname, "..", "..");

describe("a campaign with its planted fault", function () {
  this.timeout(1_800_000);

  for (const campaign of CAMPAIGNS) {
    it(`finds that ${campaign.planted.fault}: ${campaign.name}`, async () => {
      const { verdict, failures, output } = await runPlanted(campaign, { scale: 1 });
      expect(verdict, output).to.equal("failed");
      expect(failures).not.to.deep.equal([]);
    });
  }
});

interface Listed {
  readonly file: string;
  readonly fullTitle: string;
}

/** The tests of these files, none of which is run. */
function listTests(files: readonly string[]): readonly Listed[] {
  const args = ["mocha", "--dry-run", "--reporter", "json", ...files];
  const { stdout } = spawnSync("npx", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 28 });
  return (JSON.parse(stdout.slice(stdout.indexOf("{"))) as { tests: Listed[] }).tests;
}

describe("the tests that the track record names", function () {
  this.timeout(300_000);

  it("have these words in their titles", () => {
    const defects = readDefects().flatMap((release) => release.defects);
    const tests = listTests([...new Set(defects.map(({ test }) => test))]);
    const lost = defects.filter(
      ({ test, title }) =>
        !tests.some(({ file, fullTitle }) => file.endsWith(test) && fullTitle.includes(title)),
    );
    expect(lost).to.deep.equal([]);
  });
});
