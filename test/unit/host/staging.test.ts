import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { expect } from "chai";

import { tryStartOf } from "../../../src/host/proc";
import {
  isAbandoned,
  isStagedName,
  listAbandoned,
  processOf,
  stagedPath,
} from "../../../src/host/staging";

describe("staged files", () => {
  const directory = mkdtempSync(join(tmpdir(), "staging-"));
  let child: ChildProcess;
  let childPid: number;

  before(async () => {
    child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    childPid = child.pid ?? 0;
  });
  after(() => {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });

  it("stand beside their target, hidden, and name the process that made them", () => {
    for (const purpose of ["", "asset"]) {
      const path = stagedPath("/usr/sbin/mk-docker-opts.sh", purpose);
      expect(dirname(path)).to.equal("/usr/sbin");
      expect(basename(path)).to.match(/^\.mk-docker-opts\.sh\.new-\d+\.\d+(-asset)?$/);
      expect(path.endsWith("-asset")).to.equal(purpose !== "");
      expect(isStagedName(basename(path), ["mk-docker-opts.sh"])).to.equal(true);
      expect(processOf(basename(path))).to.deep.equal({
        pid: process.pid,
        startTicks: tryStartOf(process.pid),
      });
      expect(isAbandoned(basename(path))).to.equal(false);
    }
  });

  it("are told from all other files, and from those of other targets", () => {
    for (const name of ["flanneld", ".flanneld", ".flanneld.new-", ".flanneld.new-x", "a.new-1"]) {
      expect(processOf(name), name).to.equal(undefined);
      expect(isStagedName(name, ["flanneld"]), name).to.equal(false);
      expect(isAbandoned(name), name).to.equal(false);
    }
    expect(isStagedName(".other.new-1.2", ["flanneld"])).to.equal(false);
    expect(isStagedName("..flanneld.origin.json.new-1.2", [".flanneld.origin.json"])).to.equal(
      true,
    );
  });

  const cases: readonly (readonly [string, () => string, boolean])[] = [
    ["of a process that is gone", () => "4194305.17", true],
    ["of a process that is gone, without its start", () => "4194305", true],
    ["of a live process", () => `${childPid}.${String(tryStartOf(childPid))}`, false],
    ["of a live process, without its start", () => `${childPid}`, false],
    ["of one that had the number of a live process before it", () => `${childPid}.1`, true],
    ["of one that had the number of this process before it", () => `${process.pid}.1`, true],
    ["of one with this number that told no start", () => `${process.pid}`, true],
  ];
  for (const [what, stager, expected] of cases) {
    it(`${what} are ${expected ? "" : "not "}abandoned`, () => {
      expect(isAbandoned(`.flanneld.new-${stager()}-asset`)).to.equal(expected);
    });
  }

  it("of a killed process that nobody has waited for are abandoned", async () => {
    // The shell becomes a cat, which knows nothing of its child.
    const parent = spawn("sh", ["-c", "sleep 60 >&2 & echo $!; exec cat"]);
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      parent.stdin.write("are you a cat?");
      await once(parent.stdout, "data");
      expect(isAbandoned(`.x.new-${pid}`)).to.equal(false);
      process.kill(pid, "SIGKILL");
      // It stays in the table of processes, for its parent never asks after it.
      while (tryStartOf(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(() => process.kill(pid, 0)).to.not.throw();
      expect(isAbandoned(`.x.new-${pid}`)).to.equal(true);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("are found where runs have left them", () => {
    for (const name of [".a.new-4194305.1", ".b.new-4194305.1", "a", `.a.new-${childPid}`]) {
      writeFileSync(join(directory, name), "");
    }
    expect(listAbandoned(directory, ["a"])).to.deep.equal([join(directory, ".a.new-4194305.1")]);
    expect(listAbandoned(join(directory, "missing"), ["a"])).to.deep.equal([]);
  });
});
