// What the role knows of a release, what it asks for, and what it makes of hosts that differ.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { parseVersion, tagOf } from "../../../src/flannel/version";

const TABLE = join(__dirname, "../../..", "files", "checksums");

describe("the table of checksums", () => {
  const files = readdirSync(TABLE);

  it("is there, one file for each release", () => {
    expect(files.length).to.be.at.least(8);
    for (const file of files)
      expect(`${tagOf(parseVersion(file.slice(0, -5)))}.json`).to.equal(file);
  });

  for (const file of files) {
    it(`names for each file of ${file} its digest, and who has seen it`, () => {
      const table = JSON.parse(readFileSync(join(TABLE, file), "utf8")) as Record<string, unknown>;
      expect(Object.keys(table)).to.not.deep.equal([]);
      for (const [name, entry] of Object.entries(table)) {
        const tag = file.slice(0, -5).replaceAll(".", "\\.");
        expect(name).to.match(
          new RegExp(`^(flanneld-[a-z0-9]+|flannel-${tag}-linux-[a-z0-9]+\\.tar\\.gz)$`),
        );
        expect(entry)
          .to.have.property("sha256")
          .that.matches(/^[0-9a-f]{64}$/);
        expect(entry)
          .to.have.property("source")
          .that.matches(/^https:\/\//);
      }
    });
  }
});
