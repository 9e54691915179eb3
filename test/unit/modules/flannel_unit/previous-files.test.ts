import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  keepPrevious,
  observePreviousFiles,
} from "../../../../src/modules/flannel_unit/previous-files";

describe("flannel_unit previous files", () => {
  it("stand by their names in a directory beside the files", () => {
    const root = mkdtempSync(join(tmpdir(), "previous-files-"));
    const kept = join(root, ".before");
    mkdirSync(join(kept, "folder"), { recursive: true });
    writeFileSync(join(kept, "ca.pem"), "");
    expect(observePreviousFiles(kept)).to.deep.equal([
      { path: join(root, "ca.pem"), kept: join(kept, "ca.pem") },
    ]);
  });

  it("are kept until they have served, whatever replaces them meanwhile", async () => {
    const root = mkdtempSync(join(tmpdir(), "previous-files-"));
    const [path, kept] = [join(root, "ca.pem"), join(root, ".before")];
    await keepPrevious(path, kept);
    expect(existsSync(kept)).to.equal(false);
    for (const text of ["proven", "never run with"]) {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      await keepPrevious(path, kept);
    }
    expect(readFileSync(join(kept, "ca.pem"), "utf8")).to.equal("proven");
    expect(statSync(kept).mode & 0o777).to.equal(0o700);
    await keepPrevious(path, undefined);
    await keepPrevious(path, "/elsewhere/.before");
    expect(existsSync("/elsewhere")).to.equal(false);
  });

  it("are none without a directory", () => {
    expect(observePreviousFiles(undefined)).to.deep.equal([]);
    expect(observePreviousFiles("/nowhere")).to.deep.equal([]);
  });
});
