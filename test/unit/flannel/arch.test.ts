import { expect } from "chai";

import { type Arch, parseArch, tryArchOfElf, tryArchOfMachine } from "../../../src/flannel/arch";

describe("CPUs", () => {
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
});
