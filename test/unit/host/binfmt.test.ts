// The registry of emulators, as the kernel shows it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { tryFindEmulator } from "../../../src/host/binfmt";
import { elfOf } from "../../support/tiny-program";

describe("an emulator for programs of other CPUs", () => {
  const registry = mkdtempSync(join(tmpdir(), "binfmt-"));
  const arm = elfOf("arm64");
  /** What Debian's qemu-user-static registers. */
  const entry = (more = "enabled"): string =>
    `${more}\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\n` +
    "magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
  const other = "enabled\ninterpreter /usr/bin/jar\nflags:\nextension .jar\n";

  const register = (entries: Readonly<Record<string, string>>, status = "enabled\n"): void => {
    rmSync(registry, { recursive: true });
    mkdirSync(registry);
    const files = { status, register: "", ...entries };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(registry, name), text);
  };
  after(() => {
    rmSync(registry, { recursive: true });
  });

  it("is the one whose pattern fits the beginning of the file", () => {
    register({ jar: other, "qemu-aarch64": entry() });
    expect(tryFindEmulator(arm, registry)).to.equal("/usr/bin/qemu-aarch64-static");
    expect(tryFindEmulator(elfOf("riscv64"), registry)).to.equal(undefined);
    expect(tryFindEmulator(arm.subarray(0, 19), registry)).to.equal(undefined);
  });

  it("counts as far as it is on, and there is a registry", () => {
    register({ "qemu-aarch64": entry("disabled") });
    expect(tryFindEmulator(arm, registry)).to.equal(undefined);
    register({ "qemu-aarch64": entry() }, "disabled\n");
    expect(tryFindEmulator(arm, registry)).to.equal(undefined);
    expect(tryFindEmulator(arm, join(registry, "none"))).to.equal(undefined);
  });
});
