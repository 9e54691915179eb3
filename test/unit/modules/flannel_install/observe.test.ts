import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { observe } from "../../../../src/modules/flannel_install/observe";
import { presentOptions } from "./examples";

describe("flannel_install: what is there", () => {
  const directory = mkdtempSync(join(tmpdir(), "observe-install-"));

  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("knows what killed runs left, also one that had the number of this process", async () => {
    const [other, own] = [4194305, process.pid].map((id) =>
      join(directory, `.flanneld.new-${id}-asset`),
    ) as [string, string];
    for (const path of [other, own]) writeFileSync(path, "half");
    const context = {
      checkMode: true,
      diffMode: false,
      verbosity: 0,
      tmpDir: undefined,
      warn: () => undefined,
      protect: () => undefined,
    };
    const { host } = await observe({ ...presentOptions, bin_dir: directory }, context);
    expect(host.leftovers).to.have.members([other, own]);
  });
});
