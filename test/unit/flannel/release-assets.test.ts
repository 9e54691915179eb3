import { expect } from "chai";

import {
  type Arch,
  assetName,
  expandTemplate,
  parseArch,
  tryArchOfElf,
  tryArchOfMachine,
  whyNotReleased,
} from "../../../src/flannel/release-assets";
import { parseVersion } from "../../../src/flannel/version";

describe("release assets", () => {
  const machines: readonly (readonly [string, "BE" | "LE", Arch | undefined])[] = [
    ["x86_64", "LE", "amd64"],
    ["aarch64", "LE", "arm64"],
    ["armv6l", "LE", "arm"],
    ["armv7l", "LE", "arm"],
    ["armv8l", "LE", "arm"],
    ["ppc64le", "LE", "ppc64le"],
    ["s390x", "BE", "s390x"],
    ["riscv64", "LE", "riscv64"],
    ["mips64", "LE", "mips64le"],
    ["mips64", "BE", undefined],
    ["i686", "LE", undefined],
    ["ppc64", "BE", undefined],
  ];
  for (const [machine, endianness, arch] of machines) {
    it(`calls a ${machine} (${endianness}) ${String(arch)}`, () => {
      expect(tryArchOfMachine(machine, endianness)).to.equal(arch);
    });
  }

  it("takes flannel's and the kernel's name of a CPU, and guesses at others", () => {
    expect(parseArch("arm64")).to.equal("arm64");
    expect(parseArch("aarch64")).to.equal("arm64");
    expect(() => parseArch("amd46")).to.throw("arch: amd46: not a CPU", 'did you mean "amd64"?');
    expect(() => parseArch("sparc")).to.throw("known: amd64, arm, arm64, mips64le");
  });

  it("knows a program's CPU by machine, word size and byte order", () => {
    expect(tryArchOfElf({ machine: 62, bits: 64, littleEndian: true })).to.equal("amd64");
    expect(tryArchOfElf({ machine: 22, bits: 64, littleEndian: false })).to.equal("s390x");
    expect(tryArchOfElf({ machine: 8, bits: 64, littleEndian: false })).to.equal(undefined);
    expect(tryArchOfElf({ machine: 62, bits: 32, littleEndian: true })).to.equal(undefined); // x32
    expect(tryArchOfElf({ machine: 3, bits: 32, littleEndian: true })).to.equal(undefined); // i386
  });

  it("names both kinds of files as flannel publishes them", () => {
    const version = parseVersion("0.28.9");
    expect(assetName("binary", version, "arm64")).to.equal("flanneld-arm64");
    expect(assetName("archive", version, "s390x")).to.equal("flannel-v0.28.9-linux-s390x.tar.gz");
  });

  it("fills a URL template, and refuses a placeholder that would only be a 404", () => {
    const choice = { version: parseVersion("0.28.9"), arch: "arm", kind: "binary" } as const;
    expect(expandTemplate("http://m/{version}/{arch}/{asset}?{version}", choice)).to.equal(
      "http://m/v0.28.9/arm/flanneld-arm?v0.28.9",
    );
    expect(() => expandTemplate("http://m/{tag}", choice)).to.throw("{tag}: unknown placeholder");
    expect(() => expandTemplate("http://me:a{secret}@m/", choice)).to.throw(
      /^\{\.\.\.\} in a user or password: unknown placeholder(?!.*secret)/,
    );
  });

  const releases: readonly (readonly [string, Arch, string | undefined])[] = [
    ["v0.7.0", "amd64", undefined],
    ["v0.7.0", "arm", "(that CPU: from v0.7.1)"],
    ["v0.7.1", "arm64", undefined],
    ["v0.7.1", "s390x", "from v0.8.0"],
    ["v0.23.0", "riscv64", "from v0.24.0"],
    ["v0.24.0", "riscv64", undefined],
    ["v0.16.1", "mips64le", "from v0.16.2 to v0.24.0"],
    ["v0.16.2", "mips64le", undefined],
    ["v0.24.0", "mips64le", undefined],
    ["v0.24.1", "mips64le", "to v0.24.0"],
    ["v1.0.0", "mips64le", "to v0.24.0"],
  ];
  for (const [tag, arch, reason] of releases) {
    it(`says that ${tag} was ${reason === undefined ? "" : "not "}released for ${arch}`, () => {
      const answer = whyNotReleased(parseVersion(tag), arch);
      if (reason === undefined) expect(answer).to.equal(undefined);
      else expect(answer).to.include(reason);
    });
  }
});
