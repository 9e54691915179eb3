// A program `ip` for a module under test: it dies at one of its system calls, and takes the module along, as
// the loss of a whole host would.

import { once } from "node:events";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Moment, type Program } from "./system-calls";

/** A moment in the `program`-th `ip` of a run. */
export interface IpMoment extends Moment {
  readonly program: number;
}

/** The calls by which `ip` changes a host: by netlink, and the files that name a network namespace. */
const CALLS = ["mkdir", "mount", "openat", "sendmsg", "setns", "umount2", "unlink", "unshare"];
/** Most of these two kinds only look. */
const CHANGES = /^(?!openat|sendmsg)\w+\(|^openat\(.*O_CREAT|^sendmsg\(.*RTM_(?:NEW|DEL|SET)/;

const SCRIPT = `#!/bin/sh
here=\${0%/*} ip=/usr/sbin/ip
echo >>$here/started
nth=$(wc -l <$here/started)
[ -z "$TRACED" ] || exec strace -o $here/trace.$nth -e trace=${CALLS.join()} $ip "$@"
[ "$nth" = "$DEADLY" ] || exec $ip "$@"
strace -qq -o /dev/null -e trace=$CALL -e inject=$CALL:signal=KILL:when=$NTH $ip "$@"
status=$?
[ $status = 137 ] || exit $status
touch $here/dead
kill -KILL $PPID $(cat $here/module)
`;

export class DeadlyIp {
  readonly #folder = mkdtempSync(join(tmpdir(), "deadly-ip-"));

  constructor() {
    writeFileSync(join(this.#folder, "ip"), SCRIPT, { mode: 0o755 });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  /** Runs the program to its end, and tells every moment at which an `ip` of it changes something. */
  async listMoments(program: Program): Promise<readonly IpMoment[]> {
    await this.#run(program, { TRACED: "yes" });
    const traces = readdirSync(this.#folder).filter((name) => name.startsWith("trace."));
    return traces.flatMap((name) => {
      const calls = readFileSync(join(this.#folder, name), "utf8").split("\n");
      return momentsOf(Number(name.slice("trace.".length)), calls);
    });
  }

  /** False when that moment did not come. */
  async killAt(program: Program, { program: nth, call, nth: time }: IpMoment): Promise<boolean> {
    await this.#run(program, { DEADLY: String(nth), CALL: call, NTH: String(time) });
    return existsSync(join(this.#folder, "dead"));
  }

  async #run(program: Program, env: Readonly<Record<string, string>>): Promise<void> {
    const { within = [], command, input = "" } = program;
    const told = ["sh", "-c", `echo $$ >${this.#folder}/module; exec "$@"`, "sh"];
    const [first = "", ...rest] = [...within, ...told, ...command];
    const path = `${this.#folder}:${process.env["PATH"] ?? ""}`;
    const child = spawn(first, rest, {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, ...program.env, ...env, PATH: path },
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    await once(child, "exit");
  }
}

function momentsOf(program: number, lines: readonly string[]): readonly IpMoment[] {
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const call = /^\w+(?=\()/.exec(line)?.[0];
    if (call === undefined) return [];
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    return CHANGES.test(line) ? [{ program, call, nth }] : [];
  });
}
