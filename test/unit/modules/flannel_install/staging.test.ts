import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { declare } from "../../../../src/modules/flannel_install/declare";
import { findLeftovers, stagingFor } from "../../../../src/modules/flannel_install/staging";
import { optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: what is staged", () => {
  const directory = mkdtempSync(join(tmpdir(), "staging-install-"));
  const { paths } = declare(optionsWith({ bin_dir: directory }));

  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("is beside its target, each thing under a name of its own", () => {
    const places: readonly string[] = Object.values(stagingFor(paths));
    expect(new Set(places).size).to.equal(4);
    for (const place of places) expect(dirname(place)).to.equal(directory);
  });

  it("is left over once its process is gone, also one that had the number of this one", () => {
    const put = (name: string): string => {
      writeFileSync(join(directory, name), "half");
      return join(directory, name);
    };
    const left = [
      ".flanneld.new-4194305",
      ".flanneld.new-4194305-asset",
      `.flanneld.new-${process.pid}-asset`,
      ".mk-docker-opts.sh.new-4194305",
      "..flanneld.origin.json.new-4194305",
    ].map(put);
    put(".etcdctl.new-4194305"); // somebody else's
    put(`.flanneld.new-${process.ppid}`); // at work
    for (const path of Object.values(stagingFor(paths)) as string[]) writeFileSync(path, "own");
    expect(findLeftovers(paths, undefined)).to.have.members(left);
  });

  it("is also what was sent for an installation that has not taken place", () => {
    writeFileSync(paths.sent, "sent");
    expect(findLeftovers(paths, "/srv/flanneld")).to.include(paths.sent);
    expect(findLeftovers(paths, paths.sent)).to.not.include(paths.sent);
    rmSync(paths.sent);
    expect(findLeftovers(paths, undefined)).to.not.include(paths.sent);
  });
});
