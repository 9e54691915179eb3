import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { SYSTEMD_PATH, findProgram } from "../../../src/host/search-path";

describe("programs on a search path", () => {
  const directory = mkdtempSync(join(tmpdir(), "search-path-"));

  before(() => {
    writeFileSync(join(directory, "tool"), "");
    writeFileSync(join(directory, "data"), "");
    chmodSync(join(directory, "tool"), 0o755);
    chmodSync(join(directory, "data"), 0o644);
    mkdirSync(join(directory, "folder"));
  });

  it("are found in the first directory that has them", () => {
    expect(findProgram("tool", `/nowhere::${directory}`)).to.equal(join(directory, "tool"));
    expect(findProgram("sh", SYSTEMD_PATH)).to.match(/\/sh$/);
  });

  it("are no folders, and no files that cannot be executed", () => {
    for (const name of ["folder", "data", "nothing"]) {
      expect(findProgram(name, directory), name).to.equal(undefined);
    }
  });
});
