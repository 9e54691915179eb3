// A lock between processes: one at a time, and a holder that was killed is in nobody's way.

import { spawnSync } from "node:child_process";
import {
  lutimesSync,
  symlinkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { acquireLock, isLeftLock } from "../../../src/host/lock";
import { tryStartOf } from "../../../src/host/proc";

describe("a lock between processes", () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lock-"));
    path = join(directory, "lock");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));
  const holder = (more: object): string =>
    JSON.stringify({
      ...{ host: hostname(), pid: process.pid, startTicks: tryStartOf(process.pid) ?? null },
      ...more,
    });

  it("is free, taken, and free again, and leaves nothing behind", async () => {
    const lock = await acquireLock(path, { sleep });
    expect(lock.hasWaited).to.equal(false);
    expect(JSON.parse(readFileSync(path, "utf8"))).to.include({ pid: process.pid });
    lock.release();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("is left over when its process has ended, and only then", () => {
    expect(isLeftLock(path)).to.equal(false);
    writeFileSync(path, holder({}));
    expect(isLeftLock(path)).to.equal(false);
    writeFileSync(path, holder({ pid: 4194305 }));
    expect(isLeftLock(path)).to.equal(true);
    writeFileSync(path, holder({ pid: 4194305, host: "elsewhere" }));
    expect(isLeftLock(path)).to.equal(false);
  });

  it("is waited for as long as its holder lives", async () => {
    writeFileSync(path, holder({ pid: process.ppid, startTicks: tryStartOf(process.ppid) }));
    let looks = 0;
    const lock = await acquireLock(path, {
      sleep: () => {
        if (++looks === 3) rmSync(path);
        return Promise.resolve();
      },
    });
    expect(looks).to.equal(3);
    expect(lock.hasWaited).to.equal(true);
    lock.release();
  });

  const { pid: gone } = spawnSync("true");
  const abandoned: readonly (readonly [string, string])[] = [
    ["a process that has ended", holder({ pid: gone, startTicks: 7 })],
    [
      "a process that has ended, where its start is not known",
      holder({ pid: gone, startTicks: null }),
    ],
    ["a number that another process has by now", holder({ pid: process.ppid, startTicks: 1 })],
    ["nobody: it is empty", ""],
    ["nobody: it is no JSON", "1234"],
  ];
  for (const [whose, content] of abandoned) {
    it(`is taken from ${whose}, at once`, async () => {
      writeFileSync(path, content);
      const lock = await acquireLock(path, { sleep: () => Promise.reject(new Error("waited")) });
      expect(lock.hasWaited).to.equal(false);
      lock.release();
      expect(readdirSync(directory)).to.deep.equal([]);
    });
  }

  it("is taken from another machine, which nobody can ask, only when that is silent", async () => {
    writeFileSync(path, holder({ host: "elsewhere", pid: gone }));
    let looks = 0;
    const fallSilent = (): Promise<void> => {
      if (++looks === 2) utimesSync(path, 1, 1);
      return Promise.resolve();
    };
    const lock = await acquireLock(path, { sleep: fallSilent, silenceMs: 60_000 });
    expect(looks).to.equal(2);
    lock.release();
  });

  it("is taken where its name leads nowhere, once that is old", async () => {
    symlinkSync(join(directory, "none"), path);
    lutimesSync(path, 1, 1);
    (await acquireLock(path, { sleep })).release();
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it("gives a sign of life as long as it is held", async function () {
    this.timeout(10_000);
    const lock = await acquireLock(path, { sleep });
    utimesSync(path, 1, 1);
    await sleep(1_500);
    const other = acquireLock(path, { sleep, silenceMs: 60_000 });
    lock.release();
    expect((await other).hasWaited).to.equal(true);
    (await other).release();
  });

  it("tells whether it is waited for, by somebody who still is there", async () => {
    const lock = await acquireLock(path, { sleep });
    const ticket = (pid: number): string =>
      join(directory, `.lock.new-${pid}.${tryStartOf(pid) ?? 7}`);
    writeFileSync(ticket(gone), "");
    expect(lock.isWaitedFor()).to.equal(false);
    writeFileSync(ticket(process.ppid), "");
    expect(lock.isWaitedFor()).to.equal(true);
    lock.release();
  });

  it("of somebody else is not released", async () => {
    const lock = await acquireLock(path, { sleep });
    writeFileSync(path, holder({ pid: 1 }));
    lock.release();
    expect(readdirSync(directory)).to.deep.equal(["lock"]);
  });

  it("of a directory that is not there cannot be had, and that is said", async () => {
    const failure: unknown = await acquireLock(join(path, "lock"), { sleep }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.have.property("code", "host");
    expect(String(failure)).to.include("cannot lock");
  });
});
