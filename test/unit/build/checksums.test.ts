// What the role knows of a release, what it asks for, and what it makes of hosts that differ.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { ARCHITECTURE_NAMES } from "../../../src/flannel/arch";
import { CNI_PLUGIN, FLANNELD, type ReleasedProgram } from "../../../src/flannel/release-assets";
import { parseVersion, tagOf } from "../../../src/flannel/version";

const TABLE = join(__dirname, "../../..", "files", "checksums");

describe("the table of checksums", () => {
  const releases = (folder: string, program: ReleasedProgram) =>
    readdirSync(join(TABLE, folder))
      .filter((file) => file.endsWith(".json"))
      .map((file) => ({ file: join(folder, file), tag: file.slice(0, -5), program }));
  const daemons = releases("", FLANNELD);

  it("is there, one file for each release", () => {
    expect(daemons.length).to.be.at.least(8);
  });

  for (const { file, tag, program } of [...daemons, ...releases("cni-plugin", CNI_PLUGIN)]) {
    it(`names for each file of ${file} its digest, and who has seen it`, () => {
      const version = parseVersion(tag);
      expect(tagOf(version)).to.equal(tag);
      const names = ARCHITECTURE_NAMES.flatMap((arch) =>
        (["binary", "archive"] as const).map((kind) => program.assetName(kind, version, arch)),
      );
      const table = JSON.parse(readFileSync(join(TABLE, file), "utf8")) as Record<string, unknown>;
      expect(Object.keys(table)).to.not.deep.equal([]);
      for (const [name, entry] of Object.entries(table)) {
        expect(names).to.include(name);
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

describe("the table of Node.js", () => {
  const role = join(__dirname, "../../..", "roles", "nodejs");
  const table = join(role, "files", "checksums");
  const CPUS = ["arm64", "armv7l", "ppc64le", "s390x", "x64"];

  it("has the version that is taken by default, for each CPU", () => {
    const defaults = readFileSync(join(role, "defaults", "main.yml"), "utf8");
    const version = /^nodejs_version: "(.*)"$/m.exec(defaults)?.[1] ?? "";
    const pins = JSON.parse(readFileSync(join(table, `v${version}.json`), "utf8")) as object;
    expect(Object.keys(pins)).to.deep.equal(
      CPUS.map((cpu) => `node-v${version}-linux-${cpu}.tar.gz`),
    );
  });

  for (const file of readdirSync(table)) {
    it(`names for each file of ${file} its digest, and who has seen it`, () => {
      const pins = JSON.parse(readFileSync(join(table, file), "utf8")) as Record<string, unknown>;
      for (const [name, pin] of Object.entries(pins)) {
        expect(name.replace(/^node-|-linux-[a-z0-9]+\.tar\.gz$/g, "")).to.equal(file.slice(0, -5));
        expect(pin)
          .to.have.property("sha256")
          .that.matches(/^[0-9a-f]{64}$/);
        expect(pin)
          .to.have.property("source")
          .that.matches(/^https:\/\//);
      }
    });
  }
});
