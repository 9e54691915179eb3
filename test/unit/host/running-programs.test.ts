import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { setTimeout as sleep } from "node:timers/promises";

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

  it("are not those of a container with a file at the same path", async function () {
    copyFileSync("/bin/sleep", program);
    const inContainer = `mount -t tmpfs none "$1" && cp /bin/sleep "$2" && "$2" 0 && echo ready &&
        if [ "$3" = replaced ]; then ( sleep 1; rm "$2" ) & fi; exec "$2" 20`;
    for (const fate of ["current", "replaced"]) {
      const args = ["-m", "sh", "-c", inContainer, "sh", directory, program, fate];
      child = spawn("unshare", args, { stdio: ["ignore", "pipe", "ignore"] });
      const [said] = (await Promise.race([
        once(child.stdout as NodeJS.ReadableStream, "data"),
        once(child, "exit").then(() => [""]),
      ])) as [Buffer | string];
      if (String(said) !== "ready\n") this.skip(); // needs root
      const wanted = fate === "current" ? program : `${program} (deleted)`;
      while (tryProgramOf(String(child.pid)) !== wanted) await sleep(20);
      expect(countRunning(program), fate).to.deep.equal({ current: 0, replaced: 0 });
      child.kill("SIGKILL");
    }
  });

  it("are known by their process id, until they end", () => {
    expect(tryProgramOf(String(process.pid))).to.equal(process.execPath);
    expect(tryProgramOf("4194305")).to.equal(undefined);
  });
});
