// The last word before a binary is put in place, with programs made by hand.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Arch } from "../../../../src/flannel/arch";
import { CNI_PLUGIN, FLANNELD } from "../../../../src/flannel/release-assets";
import { parseVersion, tagOf } from "../../../../src/flannel/version";
import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import { verifyBinary } from "../../../../src/modules/flannel_install/verify";
import { elfOf, tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: a staged binary", () => {
  const directory = mkdtempSync(join(tmpdir(), "verify-"));
  const cpu = readCpu();
  const arch: Arch = cpu.arch ?? "amd64";

  after(() => {
    rmSync(directory, { recursive: true });
  });

  const verify = async (program: Buffer, wanted: Arch = arch): Promise<string> => {
    const path = join(directory, "flanneld");
    writeFileSync(path, program, { mode: 0o755 });
    const asked = { program: FLANNELD, arch: wanted, version: parseVersion("v0.28.9") };
    return tagOf(await verifyBinary(path, asked, cpu, "https://m/x"));
  };

  it("is right when it is for the CPU and tells the version", async () => {
    expect(await verify(tinyProgram("v0.28.9"))).to.equal("v0.28.9");
    expect(await verify(tinyProgram("v0.28.9+ck1"))).to.equal("v0.28.9+ck1");
  });

  const refusals: readonly (readonly [string, Buffer, Arch, string])[] = [
    ["is no program", Buffer.from("text"), arch, "is not a program"],
    ["is for another CPU", elfOf("ppc64le"), arch, `binary for ppc64le, the host is ${arch}`],
    ["is not what arch says", tinyProgram("v0.28.9"), "s390x", `for ${arch}, arch asks for s390x`],
    ["is cut", tinyProgram("v0.28.9", 100).subarray(0, -1), arch, "the program is cut short"],
    ["is another version", tinyProgram("v0.27.0"), arch, "is flanneld v0.27.0, version asks for"],
    ["tells none", tinyProgram("hello"), arch, 'does not report its version: "--version" exits 0'],
    ["fails", tinyProgram("v0.28.9", 0, 3), arch, "exits 3"],
  ];
  for (const [what, program, wanted, reason] of refusals) {
    it(`that ${what} is refused, by the address it came from`, async () => {
      const failure = await verify(program, wanted).catch((error: unknown) => error);
      expect(failure).to.include({ code: "verification" });
      expect(String(failure)).to.include("https://m/x: ").and.include(reason);
      expect(String(failure)).to.include("; nothing was replaced");
    });
  }

  const plugins: readonly (readonly [string, string, string])[] = [
    ["CNI Plugin flannel version v1.9.1 (linux/amd64) commit 9c5a", "v1.9.1-flannel2", ""],
    ["CNI Plugin flannel version v1.7.1-flannel1 (linux/amd64)", "v1.7.1-flannel1", ""],
    ["CNI Plugin flannel version v1.7.1-flannel1 (linux/amd64)", "v1.7.1", "v1.7.1-flannel1"],
    ["CNI flannel plugin version unknown", "v1.9.1-flannel2", ""],
    [
      "CNI Plugin flannel version v1.7.1-flannel1 (x)",
      "v1.7.1-flannel2",
      "is flannel's CNI plugin",
    ],
    [
      "CNI Plugin flannel version v1.9.0 (linux/amd64)",
      "v1.9.1-flannel2",
      "plugin v1.9.0, version",
    ],
    ["CNI bridge plugin v1.9.1", "v1.9.1-flannel2", "version: run without arguments, it exits 0"],
  ];
  for (const [told, version, found] of plugins) {
    it(`that says "${told}" where ${version} is wanted: ${found || "is right"}`, async () => {
      const path = join(directory, "flannel");
      writeFileSync(path, tinyProgram(told), { mode: 0o755 });
      const asked = { program: CNI_PLUGIN, arch, version: parseVersion(version) };
      const answer = await verifyBinary(path, asked, cpu, "x").then(tagOf, String);
      expect(answer).to.include(found || version);
    });
  }

  it("that only another CPU runs says so when it does not answer", async () => {
    const foreign = { machine: "sparc64", arch: undefined };
    const path = join(directory, "flanneld");
    writeFileSync(path, tinyProgram("hello"), { mode: 0o755 });
    const asked = { program: FLANNELD, arch, version: parseVersion("v0.28.9") };
    const failure = await verifyBinary(path, asked, foreign, "x").catch((error: unknown) => error);
    expect(String(failure)).to.include(`(it is for ${arch}, the host is sparc64)`);
  });
});
