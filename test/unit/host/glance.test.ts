import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { glanceAtFile, glanceAtLink, glanceAtNames } from "../../../src/host/glance";

describe("a glance", () => {
  const folder = mkdtempSync(join(tmpdir(), "glance-"));
  const [file, link] = [join(folder, "file"), join(folder, "link")];

  before(() => {
    writeFileSync(file, "text\n");
    symlinkSync("/nowhere", link);
  });

  it("sees files, links and names", () => {
    expect(glanceAtFile(file)).to.equal("text\n");
    expect(glanceAtLink(link)).to.equal("/nowhere");
    expect([...glanceAtNames(folder)].sort()).to.deep.equal(["file", "link"]);
  });

  it("sees nothing where nothing of the kind is", () => {
    expect([glanceAtFile(folder), glanceAtFile(link)]).to.deep.equal([undefined, undefined]);
    expect(glanceAtLink(file)).to.equal(undefined);
    expect([...glanceAtNames(file), ...glanceAtNames("/nowhere")]).to.deep.equal([]);
  });
});
