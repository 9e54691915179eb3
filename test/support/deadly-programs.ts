// Programs that die at one of their system calls and take along what has started them, as the loss of a whole
// host would; whatever is started after that fails.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Moment, type Program } from "./system-calls";

/** A moment in the `program`-th program of a run. */
export interface DeadlyMoment extends Moment {
  readonly program: number;
}

/** What a kind of program changes, and by which calls. */
export interface Changing {
  /** By name, where it is. */
  readonly programs: Readonly<Record<string, string>>;
  readonly calls: readonly string[];
  /** Which of these calls change something, as strace writes them. */
  readonly changes: RegExp;
}

const TRACE = "trace.";

const script = (program: string, calls: readonly string[]): string => `#!/bin/sh
here=\${0%/*} traced='' deadly='' call='' nth=''
[ ! -e $here/dead ] || exit 1
. $here/order
echo >>$here/started
number=$(($(wc -l <$here/started)))
[ -z "$traced" ] || exec strace -y -s 0 -o $here/${TRACE}$number -e trace=${calls.join()} ${program} "$@"
[ "$number" = "$deadly" ] || exec ${program} "$@"
strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$nth ${program} "$@"
status=$?
[ $status = 137 ] || exit $status
touch $here/dead
kill -KILL $PPID $(cat $here/module 2>/dev/null)
`;

export class DeadlyPrograms {
  /** First on the PATH of the run. */
  readonly folder = mkdtempSync(join(tmpdir(), "deadly-"));

  constructor(private readonly changing: Changing) {
    for (const [name, program] of Object.entries(changing.programs))
      writeFileSync(join(this.folder, name), script(program, changing.calls), { mode: 0o755 });
    this.#order("");
  }

  get path(): string {
    return `${this.folder}:${process.env["PATH"] ?? ""}`;
  }

  get isDead(): boolean {
    return existsSync(join(this.folder, "dead"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** From now on, all are traced. */
  trace(): void {
    this.#order("traced=yes");
  }

  /** From now on, one of them is deadly. */
  arm({ program, call, nth }: DeadlyMoment): void {
    this.#order(`deadly=${program} call=${call} nth=${nth}`);
  }

  /** From now on, none of them is, and all live again. */
  revive(): void {
    this.#order("");
  }

  /** Every moment at which one of those that were traced has changed something. */
  listMoments(): readonly DeadlyMoment[] {
    const traces = readdirSync(this.folder).filter((name) => name.startsWith(TRACE));
    return traces.flatMap((name) => {
      const lines = readFileSync(join(this.folder, name), "utf8").split("\n");
      return this.#momentsOf(Number(name.slice(TRACE.length)), lines);
    });
  }

  /** Runs the module with these programs, to its end or its death. */
  async run({ within = [], command, input = "", env }: Program): Promise<void> {
    const told = ["sh", "-c", `echo $$ >${this.folder}/module; exec "$@"`, "sh"];
    const [first = "", ...rest] = [...within, ...told, ...command];
    const child = spawn(first, rest, {
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...process.env, ...env, PATH: this.path },
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    await once(child, "exit");
  }

  #order(text: string): void {
    for (const name of ["dead", "started"]) rmSync(join(this.folder, name), { force: true });
    writeFileSync(join(this.folder, "order"), `${text}\n`);
  }

  #momentsOf(program: number, lines: readonly string[]): readonly DeadlyMoment[] {
    const counts = new Map<string, number>();
    return lines.flatMap((line) => {
      const call = /^\w+(?=\()/.exec(line)?.[0];
      if (call === undefined) return [];
      const nth = (counts.get(call) ?? 0) + 1;
      counts.set(call, nth);
      return this.changing.changes.test(line) ? [{ program, call, nth }] : [];
    });
  }
}
