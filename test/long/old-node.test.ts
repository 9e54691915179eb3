// The modules under Node.js versions that really are too old.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { parseLine } from "../support/run-module";

const ROOT = join(__dirname, "..", "..");
const MODULES = ["flannel_etcd_config", "flannel_install", "flannel_overlay", "flannel_unit"];

describe("Node.js that is too old", () => {
  // Node.js 10 and older do not know `#!` at the start of what they read from standard input.
  for (const [major, pipelined] of [
    ["0.10", false],
    ["4", false],
    ["10", false],
    ["12", true],
    ["14", true],
    ["16", true],
  ] as const) {
    it(`${major} says so for every module`, async () => {
      const { stdout: node } = await execa(join(ROOT, "scripts", "lab", "node-program"), [major]);
      for (const name of MODULES) {
        const file = join(ROOT, "library", `${name}.cjs`);
        const runs = [await execa(node, [file], { reject: false, stripFinalNewline: false })];
        if (pipelined) {
          const input = readFileSync(file);
          runs.push(await execa(node, [], { input, reject: false, stripFinalNewline: false }));
        }
        for (const { stdout, stderr, exitCode } of runs) {
          expect(parseLine(stdout)).to.include({ failed: true, error_code: "unsupported" });
          expect(parseLine(stdout)["msg"]).to.match(
            new RegExp(`^${name}: Node\\.js ${major}\\.\\d+.* is too old on this host`),
          );
          expect({ exitCode, stderr }).to.deep.equal({ exitCode: 1, stderr: "" });
        }
      }
    });
  }
});
