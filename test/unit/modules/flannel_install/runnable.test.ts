// Which programs the kernel of this host runs. (With an emulator: integration/flannel_install.)

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import { canRun } from "../../../../src/modules/flannel_install/runnable";
import { elfOf } from "../../../support/tiny-program";

describe("flannel_install: a program that can be run", () => {
  const directory = mkdtempSync(join(tmpdir(), "runnable-"));
  const path = join(directory, "program");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("is one for this CPU, and not one for a CPU that nobody emulates", async () => {
    const cpu = readCpu();
    if (cpu.arch === undefined) throw new Error("flannel is not released for this CPU");
    writeFileSync(path, elfOf("ppc64le"));
    expect(await canRun(path, cpu.arch, cpu)).to.equal(true);
    expect(await canRun(path, "ppc64le", cpu)).to.equal(false);
    expect(await canRun(path, cpu.arch, { machine: "sparc64", arch: undefined })).to.equal(false);
  });
});
