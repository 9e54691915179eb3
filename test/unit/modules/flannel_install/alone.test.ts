// One run at a time, and what is no longer as it was seen.

import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { StaleObservationError } from "../../../../src/base/errors";
import { alone, refuseStale } from "../../../../src/modules/flannel_install/alone";
import { declare } from "../../../../src/modules/flannel_install/declare";
import { optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: one run at a time", () => {
  const directory = mkdtempSync(join(tmpdir(), "alone-"));
  const { paths } = declare(optionsWith({ bin_dir: directory }));
  const file = join(directory, "file");
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("changes files, and gives the lock back, also when it fails", async () => {
    const events: string[] = [];
    const act = (name: string) => async (): Promise<void> => {
      events.push(`${name} begins`);
      await sleep(150);
      events.push(`${name} ends`);
    };
    await Promise.all([alone(paths, act("one")), alone(paths, act("other"))]);
    const [first, second] = [events[0]?.split(" ")[0], events[2]?.split(" ")[0]];
    expect(events.slice(1, 2)).to.deep.equal([`${String(first)} ends`]);
    expect(events.slice(3)).to.deep.equal([`${String(second)} ends`]);
    const failure = await alone(paths, () => Promise.reject(new Error("no"))).catch(String);
    expect(failure).to.equal("Error: no");
    expect(existsSync(paths.lock)).to.equal(false);
  });

  it("goes on where no lock can be had, because each step tells better what is wrong", async () => {
    const nowhere = declare(optionsWith({ bin_dir: join(directory, "none") })).paths;
    expect(await alone(nowhere, () => Promise.resolve(5))).to.equal(5);
  });

  it("starts anew when something else is at a path than was seen", async () => {
    const isStale = async (inode: number | undefined, isItself?: boolean): Promise<boolean> => {
      const sight = { path: file, inode, ...(isItself === undefined ? {} : { isItself }) };
      const failure = await refuseStale(sight).catch((error: unknown) => error);
      return failure instanceof StaleObservationError;
    };
    expect(await isStale(undefined)).to.equal(false);
    expect(await isStale(1)).to.equal(true);
    writeFileSync(join(directory, "target"), "");
    symlinkSync("target", file);
    const { ino } = statSync(file);
    expect(await isStale(ino)).to.equal(false);
    expect(await isStale(ino, true)).to.equal(true);
    expect(await isStale(undefined)).to.equal(true);
  });
});
