import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { listFileNames, listNames } from "../../../src/host/directory";

describe("the names in a directory", () => {
  const directory = mkdtempSync(join(tmpdir(), "directory-"));
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("are all there are, and none where there is no directory", () => {
    writeFileSync(join(directory, ".hidden"), "");
    expect(listNames(directory)).to.deep.equal([".hidden"]);
    expect(listNames(join(directory, "missing"))).to.deep.equal([]);
  });

  it("are those of files and links, if only they are asked for", () => {
    mkdirSync(join(directory, "subdirectory"));
    symlinkSync("nowhere", join(directory, "link"));
    expect([...listFileNames(directory)].sort()).to.deep.equal([".hidden", "link"]);
  });

  it("are not those of a file", () => {
    const file = join(directory, ".hidden");
    expect(() => listNames(file)).to.throw(`cannot use ${file}: a part of its path is not a`);
  });
});
