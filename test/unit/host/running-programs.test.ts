import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { countRunning, tryProgramOf } from "../../../src/host/running-programs";

describe("running programs", () => {
  const directory = mkdtempSync(join(tmpdir(), "running-"));
  const program = join(directory, "flanneld");
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("are counted by the file they run, and once it is replaced, as that", async () => {
    copyFileSync("/bin/sleep", program);
    expect(countRunning(program)).to.deep.equal({ current: 0, replaced: 0 });
    child = spawn(program, ["20"]);
    await once(child, "spawn");
    expect(countRunning(program)).to.deep.equal({ current: 1, replaced: 0 });
    copyFileSync("/bin/sleep", `${program}.new`);
    renameSync(`${program}.new`, program);
    expect(countRunning(program)).to.deep.equal({ current: 0, replaced: 1 });
  });

  it("are known by their process id, until they end", () => {
    expect(tryProgramOf(String(process.pid))).to.equal(process.execPath);
    expect(tryProgramOf("4194305")).to.equal(undefined);
  });
});
