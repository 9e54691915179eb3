import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { tryChangeTime, tryIdentify, tryReadProcess } from "../../../src/host/proc";

describe("a process in /proc", () => {
  it("shows its arguments, environment and executable as they are", async () => {
    const child = spawn("/bin/sleep", ["60"], { env: { ODD: "a=b c\n%", EMPTY: "" } });
    try {
      await once(child, "spawn");
      const state = tryReadProcess(child.pid ?? 0);
      expect(state?.argv).to.deep.equal(["/bin/sleep", "60"]);
      const environment = [...(state?.environment ?? [])];
      // Node.js hands this on to every child, also under tools that measure coverage.
      expect(environment.filter(([name]) => name !== "NODE_V8_COVERAGE")).to.deep.equal([
        ["ODD", "a=b c\n%"],
        ["EMPTY", ""],
      ]);
      expect(state?.executable).to.deep.equal(tryIdentify("/bin/sleep"));
    } finally {
      child.kill();
    }
  });

  it("keeps empty arguments apart", async () => {
    const child = spawn("/bin/sh", ["-c", "sleep 60; :", "", "x", ""], { stdio: "ignore" });
    try {
      await once(child, "spawn");
      expect(tryReadProcess(child.pid ?? 0)?.argv).to.deep.equal([
        "/bin/sh",
        "-c",
        "sleep 60; :",
        "",
        "x",
        "",
      ]);
    } finally {
      child.kill();
    }
  });

  it("is undefined when it is gone", async () => {
    const child = spawn("/bin/true");
    await once(child, "exit");
    expect(tryReadProcess(child.pid ?? 0)).to.equal(undefined);
  });
});

describe("identity and age of a file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "proc-test-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("follow symbolic links, and are undefined for nothing", () => {
    writeFileSync(join(folder, "a"), "");
    symlinkSync("a", join(folder, "b"));
    expect(tryIdentify(join(folder, "b"))).to.deep.equal(tryIdentify(join(folder, "a")));
    expect(tryIdentify(join(folder, "c"))).to.equal(undefined);
    expect(tryChangeTime(join(folder, "a", "below-a-file"))).to.equal(undefined);
  });

  it("take a new file with an old date for new", () => {
    const path = join(folder, "old");
    const start = Date.now() - 50;
    writeFileSync(path, "");
    utimesSync(path, 1000, 1000);
    expect(tryChangeTime(path)).to.be.greaterThan(start);
  });

  it("take a file that was written again for new", () => {
    const path = join(folder, "again");
    writeFileSync(path, "");
    utimesSync(path, Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    expect(tryChangeTime(path)).to.be.greaterThan(Date.now() + 50_000);
  });

  describe("that were there before a process started", () => {
    let startedAtMs: number;
    const isNewer = (name: string) => (tryChangeTime(join(folder, name)) ?? 0) > startedAtMs;

    beforeEach(async () => {
      for (const name of ["certs", "coming"]) {
        mkdirSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name, "cert.pem"), name);
      }
      for (const [name, target] of [
        ["link", "certs/cert.pem"],
        ["ready", "coming/cert.pem"],
      ] as const) {
        rmSync(join(folder, name), { force: true });
        symlinkSync(target, join(folder, name));
      }
      await sleep(30);
      startedAtMs = Date.now();
      await sleep(30);
    });

    it("are new when they were moved into place", () => {
      expect(isNewer("certs/cert.pem")).to.equal(false);
      renameSync(join(folder, "coming", "cert.pem"), join(folder, "certs", "cert.pem"));
      expect(isNewer("certs/cert.pem")).to.equal(true);
      expect(isNewer("link")).to.equal(true);
    });

    it("are new when a link was turned to another one, which was prepared", () => {
      expect(isNewer("link")).to.equal(false);
      expect(isNewer("ready")).to.equal(false);
      renameSync(join(folder, "ready"), join(folder, "link"));
      expect(isNewer("link")).to.equal(true);
    });

    it("are new when a directory's link was turned, as is usual with prepared sets of files", () => {
      symlinkSync("certs", join(folder, "live"));
      const path = join(folder, "live", "cert.pem");
      const setAtMs = tryChangeTime(path) ?? 0;
      symlinkSync("coming", join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "live"));
      expect(tryChangeTime(path)).to.be.greaterThan(setAtMs);
      symlinkSync("live/cert.pem", join(folder, "over"));
      expect(isNewer("over")).to.equal(true);
    });

    it("are no newer for another mode", () => {
      chmodSync(join(folder, "certs", "cert.pem"), 0o600);
      expect(isNewer("certs/cert.pem")).to.equal(false);
    });

    it("are no newer for a neighbour that comes", () => {
      writeFileSync(join(folder, "certs", "other.pem"), "");
      writeFileSync(join(folder, "other"), "");
      expect(isNewer("certs/cert.pem")).to.equal(false);
      expect(isNewer("link")).to.equal(false);
    });
  });
});
