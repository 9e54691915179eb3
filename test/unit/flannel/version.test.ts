import { expect } from "chai";

import {
  compareVersions,
  findVersion,
  isAtLeast,
  parseVersion,
  satisfies,
  tagOf,
} from "../../../src/flannel/version";

describe("flannel versions", () => {
  const ordered = ["0.7.1", "0.10.0-rc1", "0.10.0", "v0.16.1", "0.18.0", "0.22.3+ck1", "1.0.0"];

  it("are ordered by number, release candidates before their release", () => {
    const shuffled = [...ordered].reverse().map((text) => parseVersion(text));
    const sorted = shuffled.sort(compareVersions).map(tagOf);
    expect(sorted).to.deep.equal(ordered.map((text) => tagOf(parseVersion(text))));
  });

  for (const [a, b] of [
    ["v0.10.0", "0.10.0"],
    ["v0.22.3+ck1", "0.22.3"],
    ["v0.21.3-k3s1.23", "0.21.3"],
  ] as const) {
    it(`${a} and ${b} are the same release`, () => {
      expect(compareVersions(parseVersion(a), parseVersion(b))).to.equal(0);
    });
  }

  it("keep the tag of a rebuild as flannel writes it, and what that release has", () => {
    expect(tagOf(parseVersion("v0.21.3-k3s1.23"))).to.equal("v0.21.3-k3s1.23");
    expect(isAtLeast(parseVersion("v0.21.3-k3s1.23"), "0.21.3")).to.equal(true);
    expect(isAtLeast(parseVersion("v0.10.0-rc1"), "0.10.0")).to.equal(false);
  });

  it("isAtLeast counts the boundary in", () => {
    expect(isAtLeast(parseVersion("v0.18.0"), "0.18.0")).to.equal(true);
    expect(isAtLeast(parseVersion("v0.17.9"), "0.18.0")).to.equal(false);
  });

  for (const [installed, wanted, answer] of [
    ["v0.22.3", "0.22.3", true],
    ["v0.22.3+ck1", "v0.22.3", true],
    ["v0.22.3+ck1", "v0.22.3+ck1", true],
    ["v0.22.3+ck1", "v0.22.3+ck2", false],
    ["v0.22.3", "v0.22.3+ck1", false],
    ["v0.22.4", "v0.22.3", false],
    ["v0.22.3-rc1", "v0.22.3", false],
    ["v0.21.3-k3s1.23", "v0.21.3", true],
    ["v0.21.3", "v0.21.3-k3s1.23", false],
  ] as const) {
    it(`${installed} ${answer ? "is" : "is not"} what ${wanted} asks for`, () => {
      expect(satisfies(parseVersion(installed), parseVersion(wanted))).to.equal(answer);
    });
  }

  for (const text of ["", "latest", "v0.10", "0.10.0.1", "v0.10.0 x"]) {
    it(`"${text}" is refused with the option's name and an example`, () => {
      expect(() => parseVersion(text, "flannel_version")).to.throw(/^flannel_version: .*v0\.28\.9/);
    });
  }

  it("are refused in a few words, however long the text", () => {
    const message = `^flannel_version: "x{57}\\.\\.\\." is not a flannel version`;
    expect(() => parseVersion("x".repeat(10_000), "flannel_version")).to.throw(new RegExp(message));
  });

  it("are told by a daemon in the first line that is one, on whichever output", () => {
    const answer = { exitCode: 0, stdout: "", stderr: "" };
    const tell = (more: Partial<typeof answer>): string | undefined => {
      const version = findVersion({ ...answer, ...more });
      return version && tagOf(version);
    };
    expect(tell({ stderr: "a warning of v1.2.3\nv0.16.1\n" })).to.equal("v0.16.1");
    expect(tell({ stdout: "v0.16.1" })).to.equal("v0.16.1");
    expect(tell({ stdout: "v0.16.1", exitCode: 1 })).to.equal(undefined);
    expect(tell({ stdout: "flannel" })).to.equal(undefined);
  });
});
