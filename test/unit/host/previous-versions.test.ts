import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { listPreviousVersions, previousPath } from "../../../src/host/previous-versions";

describe("previous versions of a program", () => {
  let directory: string;
  let program: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "previous-"));
    program = join(directory, "flanneld");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** What flannel_install does with a program that it replaces. */
  const replace = async (version: string): Promise<void> => {
    linkSync(program, previousPath(program, version));
    writeFileSync(join(directory, "new"), "");
    renameSync(join(directory, "new"), program);
    await sleep(20);
  };

  it("are hidden files beside it", () => {
    expect(previousPath("/usr/local/sbin/flanneld", "v0.16.1")).to.equal(
      "/usr/local/sbin/.flanneld.previous-v0.16.1",
    );
  });

  it("are listed by when they were replaced, whatever their number", async () => {
    writeFileSync(program, "");
    for (const version of ["v0.28.9", "v0.10.0", "v0.22.3+ck1"]) await replace(version);
    const found = await listPreviousVersions(program);
    expect(found.map(({ version }) => version)).to.deep.equal([
      "v0.22.3+ck1",
      "v0.10.0",
      "v0.28.9",
    ]);
    expect(found[0]?.path).to.equal(previousPath(program, "v0.22.3+ck1"));
  });

  it("are regular files of this program only", async () => {
    writeFileSync(join(directory, ".other.previous-v1"), "");
    mkdirSync(previousPath(program, "v2"));
    symlinkSync("/bin/true", previousPath(program, "v3"));
    expect(await listPreviousVersions(program)).to.deep.equal([]);
  });

  it("are none where there is no directory", async () => {
    expect(await listPreviousVersions("/no/such/place/flanneld")).to.deep.equal([]);
  });
});
