// A host that hands programs of other CPUs to an emulator (binfmt_misc, as for building images): they run, after a fashion.

import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { readCpu } from "../../../src/modules/flannel_install/cpu";
import { MODULE, Target } from "../../support/flannel-install";
import { parseLine } from "../../support/run-module";
import { MACHINES, elfOf } from "../../support/tiny-program";

const HOST = readCpu().arch;
const FOREIGN = HOST === "arm64" ? "amd64" : "arm64";

/** In namespaces of its own (Linux 6.7), so that this machine goes on as it is. */
const IN_NAMESPACES = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"];
const MOUNT = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc";

function canRegister(): boolean {
  try {
    execFileSync("unshare", [...IN_NAMESPACES, "sh", "-c", MOUNT], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What binfmt_misc reads: programs whose header names this CPU are given to the interpreter. */
function registrationOf(machine: number, interpreter: string): string {
  const hex = (bytes: readonly number[]): string =>
    bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  const magic = [0x7f, 0x45, 0x4c, 0x46, ...Array<number>(12).fill(0), 2, 0, machine & 0xff, 0];
  const mask = [
    ...Array<number>(4).fill(0xff),
    ...Array<number>(12).fill(0),
    0xff,
    0xff,
    0xff,
    0xff,
  ];
  return `:foreign:M::${hex(magic)}:${hex(mask)}:${interpreter}:`;
}

describe("flannel_install where an emulator is registered for other CPUs", () => {
  const target = new Target();

  before(function () {
    if (!canRegister()) this.skip(); // needs binfmt_misc in a user namespace
  });
  after(() => {
    target.remove();
  });

  for (const [what, script] of Object.entries({
    "dies of it": "kill -ILL $$",
    "says nothing": "exit 0",
    complains: "echo 'unsupported syscall' >&2; exit 127",
  })) {
    it(`says that the binary is for another CPU when it ${what}`, () => {
      const interpreter = join(target.root, "emulator");
      writeFileSync(interpreter, `#!/bin/sh\n${script}\n`);
      chmodSync(interpreter, 0o755);
      const src = join(target.root, "foreign");
      writeFileSync(src, elfOf(FOREIGN));
      const registration = join(target.root, "registration");
      writeFileSync(registration, registrationOf(MACHINES[FOREIGN], interpreter));
      const options = { version: "v0.28.9", src, arch: FOREIGN, owner: "0", group: "0" };
      const command = `${MOUNT} && cat "$1" >/proc/sys/fs/binfmt_misc/register && exec node "$2"`;
      let stdout = "";
      try {
        execFileSync(
          "unshare",
          [...IN_NAMESPACES, "sh", "-c", command, "sh", registration, MODULE],
          { input: JSON.stringify(target.options(options)), encoding: "utf8", stdio: "pipe" },
        );
      } catch (error) {
        stdout = String((error as { stdout?: unknown }).stdout);
      }
      const result = parseLine(stdout);
      expect(result["msg"]).to.include(`it is for ${FOREIGN}, the host is ${String(HOST)}`);
      expect(result).to.include({ failed: true, changed: false, error_code: "verification" });
    });
  }
});
