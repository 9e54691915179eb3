import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { CNI_PLUGIN, FLANNELD } from "../../../../src/flannel/release-assets";
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
    const origins = { program: origin, "mk-docker-opts.sh": origin };
    writeFileSync(path, renderOrigins(origins, FLANNELD));
    expect(readOrigins(path, FLANNELD)).to.deep.equal(origins);
  });

  it("has a program under its own name, and is none of another's", () => {
    writeFileSync(path, renderOrigins({ program: origin }, CNI_PLUGIN));
    expect(JSON.parse(readFileSync(path, "utf8"))).to.deep.equal({ flannel: origin });
    expect(readOrigins(path, CNI_PLUGIN)).to.deep.equal({ program: origin });
    expect(readOrigins(path, FLANNELD)).to.deep.equal({});
  });

  it("knows nothing when there is none", () => {
    expect(readOrigins(join(directory, "none"), FLANNELD)).to.deep.equal({});
  });

  for (const text of ["", "{", "[]", "null", '{"flanneld": 5}', '{"flanneld": {"sha256": 1}}']) {
    it(`knows nothing when it is damaged: ${JSON.stringify(text)}`, () => {
      writeFileSync(path, text);
      expect(readOrigins(path, FLANNELD)).to.deep.equal({});
    });
  }

  it("keeps what is whole beside what is damaged, and nothing of others", () => {
    writeFileSync(path, JSON.stringify({ flanneld: origin, "mk-docker-opts.sh": 1, etcd: origin }));
    expect(readOrigins(path, FLANNELD)).to.deep.equal({ program: origin });
  });
});
