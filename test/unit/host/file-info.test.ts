import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { tryInspect } from "../../../src/host/file-info";

describe("tryInspect", () => {
  const folder = mkdtempSync(join(tmpdir(), "file-info-"));
  const path = join(folder, "a");

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("tells mode and owner of what is at the end of a link", () => {
    writeFileSync(path, "");
    chmodSync(path, 0o640);
    symlinkSync(path, join(folder, "link"));
    const [uid, gid] = [process.getuid?.(), process.getgid?.()];
    const expected = { isFile: true, mode: 0o640, uid, gid };
    expect(tryInspect(join(folder, "link"))).to.deep.equal(expected);
    expect(tryInspect(folder)).to.include({ isFile: false, mode: 0o700 });
  });

  it("finds nothing where nothing is", () => {
    expect(tryInspect(join(folder, "b"))).to.equal(undefined);
    expect(tryInspect(join(path, "b"))).to.equal(undefined);
  });

  it("says so when it may not look", () => {
    symlinkSync("circle", join(folder, "circle"));
    expect(() => tryInspect(join(folder, "circle"))).to.throw(`cannot look at ${folder}/circle: `);
  });
});
