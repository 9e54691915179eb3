// What can be told of a release file without running it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { CNI_PLUGIN, FLANNELD } from "../../../../src/flannel/release-assets";
import { parseVersion } from "../../../../src/flannel/version";
import { findReleaseFault } from "../../../../src/modules/flannel_install/release-file";
import { type TarMember, tarGz } from "../../../support/tar";
import { elfOf } from "../../../support/tiny-program";

describe("flannel_install: a release file that is not run", () => {
  const directory = mkdtempSync(join(tmpdir(), "release-"));
  const path = join(directory, "asset");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const text = (version: string): Buffer => Buffer.from(`flanneld ${version}\n`);
  const program = elfOf("arm64", text("v0.28.9"), 200_000);
  const daemon: TarMember = { name: "flanneld", content: program };
  const script: TarMember = { name: "mk-docker-opts.sh", content: "#!/bin/sh" };

  const look = (content: Buffer, more: { version?: string; withScript?: boolean } = {}) => {
    writeFileSync(path, content);
    const { version: asked = "v0.28.9" } = more;
    const version = asked === "any" ? undefined : parseVersion(asked);
    const { withScript = false } = more;
    return findReleaseFault(path, { program: FLANNELD, arch: "arm64", version, withScript });
  };

  const fine: readonly (readonly [string, Buffer, Parameters<typeof look>[1]?])[] = [
    ["the bare daemon", program],
    ["an archive", tarGz([script, daemon])],
    ["an archive with both", tarGz([daemon, script]), { withScript: true }],
    ["a distribution's", program, { version: "v0.28.9+ck1" }],
    ["of whatever version", elfOf("arm64"), { version: "any" }],
    ["one that writes it without v", elfOf("arm64", text("0.28.9"))],
  ];
  for (const [what, content, more] of fine) {
    it(`may be ${what}`, async () => {
      expect(await look(content, more)).to.equal(undefined);
    });
  }

  it("has its version anywhere, also where two parts meet that are read one after the other", async () => {
    for (const before of [65_530, 65_532, 65_535, 65_536]) {
      const code = Buffer.concat([Buffer.alloc(before - 120), Buffer.from("0.28.9")]);
      expect(await look(elfOf("arm64", code, 70_000)), String(before)).to.equal(undefined);
    }
  });

  const faults: readonly (readonly [string, Buffer, RegExp, Parameters<typeof look>[1]?])[] = [
    ["nothing", Buffer.alloc(0), /is empty/],
    ["a page", Buffer.from("<html>"), /is an HTML page/],
    ["a page behind a comment", Buffer.from("<!-- SSO\n -->\n<html>"), /is an HTML page/],
    ["a page behind a long comment", Buffer.from(`<!-- ${"x".repeat(600)}`), /is an HTML page/],
    ["a page behind a byte order mark", Buffer.from("\ufeff <!DOCTYPE html>"), /is an HTML page/],
    ["XHTML", Buffer.from('<?xml version="1.0"?>\n<!DOCTYPE html>'), /is an HTML page/],
    ["another XML file", Buffer.from("<?xml version='1.0'?><Error>"), /is neither a program/],
    ["text", Buffer.from("hello"), /is neither a program nor a tar.gz/],
    ["half of it", program.subarray(0, 100_000), /cut short: 100000 of at least/],
    ["for another CPU", elfOf("amd64", text("v0.28.9")), /for amd64, arch asks for arm64/],
    ["another version", elfOf("arm64", text("v0.27.0")), /"0\.28\.9" is nowhere in it/],
    ["a release candidate", program, /"0\.28\.9-rc1" is nowhere/, { version: "v0.28.9-rc1" }],
    ["a bare daemon", program, /mk_docker_opts needs the tar.gz/, { withScript: true }],
    ["an archive without it", tarGz([script]), /contains no flanneld/],
    [
      "an archive without the script",
      tarGz([daemon]),
      /contains no mk-docker/,
      { withScript: true },
    ],
    [
      "half an archive",
      tarGz([daemon]).subarray(0, -9),
      /not an archive that this module can unpack/,
    ],
    [
      "an archive for another CPU",
      tarGz([{ name: "flanneld", content: elfOf("amd64", text("v0.28.9")) }]),
      /for amd64, arch asks for arm64/,
    ],
    ["an archive of a text", tarGz([{ name: "flanneld", content: "v0.28.9" }]), /is not a program/],
  ];
  for (const [what, content, message, more] of faults) {
    it(`is not ${what}`, async () => {
      expect(await look(content, more))
        .to.match(message)
        .and.not.include(directory);
    });
  }

  it("of the CNI plugin has the CPU in its name, and need not hold its version", async () => {
    const member = { name: "flannel-arm64", content: elfOf("arm64", text("any"), 200_000) };
    writeFileSync(path, tarGz([member]));
    const wanted = { program: CNI_PLUGIN, version: parseVersion("v1.9.1"), withScript: false };
    expect(await findReleaseFault(path, { ...wanted, arch: "arm64" })).to.equal(undefined);
    expect(await findReleaseFault(path, { ...wanted, arch: "amd64" })).to.include("flannel-amd64");
  });

  it("that cannot be read is an error of the host", async () => {
    const failure: unknown = await findReleaseFault(join(directory, "none"), {
      ...{ program: FLANNELD, arch: "arm64", version: parseVersion("v0.28.9"), withScript: false },
    }).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "host");
  });
});
