import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readOrigins, renderOrigins } from "../../../../src/modules/flannel_install/origin";
import { digest } from "../../../support/flannel-install-scenes";

describe("flannel_install: the record of what came out of an archive", () => {
  const directory = mkdtempSync(join(tmpdir(), "origin-"));
  const path = join(directory, "record.json");
  const origin = { sha256: digest("a"), version: "v0.28.9", archive_sha256: digest("c") };

  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("is read as it was written", () => {
    const origins = { flanneld: origin, "mk-docker-opts.sh": origin };
    writeFileSync(path, renderOrigins(origins));
    expect(readOrigins(path)).to.deep.equal(origins);
  });

  it("knows nothing when there is none", () => {
    expect(readOrigins(join(directory, "none"))).to.deep.equal({});
  });

  for (const text of ["", "{", "[]", "null", '{"flanneld": 5}', '{"flanneld": {"sha256": 1}}']) {
    it(`knows nothing when it is damaged: ${JSON.stringify(text)}`, () => {
      writeFileSync(path, text);
      expect(readOrigins(path)).to.deep.equal({});
    });
  }

  it("keeps what is whole beside what is damaged, and nothing of others", () => {
    writeFileSync(path, JSON.stringify({ flanneld: origin, "mk-docker-opts.sh": 1, etcd: origin }));
    expect(readOrigins(path)).to.deep.equal({ flanneld: origin });
  });
});
