import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { type Defect, FINDERS, commandOf, readDefects } from "../../../scripts/torture/defects";

const ROOT = join(__dirname, "..", "..", "..");

/** The words of a title in the text of its file, whose lines prettier may have broken. */
function hasTest({ test, title }: Defect): boolean {
  const path = join(ROOT, test);
  return existsSync(path) && readFileSync(path, "utf8").includes(title);
}

describe("the defects that were found", () => {
  const releases = readDefects();
  const defects = releases.flatMap((release) => release.defects);

  it("are not a few, and each is told once", () => {
    expect(defects.length).to.be.at.least(120);
    const told = defects.map(({ what }) => what);
    expect(told.filter((what, index) => told.indexOf(what) !== index)).to.deep.equal([]);
  });

  it("are mended in a release that the changelog has", () => {
    const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
    for (const { release } of releases) expect(changelog).to.include(`\n## ${release}`);
  });

  it("have a test each that is there, and were found by something that is explained", () => {
    expect(defects.filter((defect) => !hasTest(defect))).to.deep.equal([]);
    expect(defects.filter(({ found }) => !(found in FINDERS))).to.deep.equal([]);
  });

  it("are shown again by a command", () => {
    const defect = { what: "", found: "review", test: "a.test.ts", title: "isn't" } as const;
    expect(commandOf(defect)).to.equal(String.raw`npx mocha a.test.ts --fgrep 'isn'\''t'`);
  });
});
