// A host for the shipped flannel_unit whose systemd plays a scenario: everything else is real, files
// and processes too, but in a folder of its own, so that this machine's systemd is never touched.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { basename, delimiter, dirname, join } from "node:path";

import { execa, execaSync } from "execa";

import { tryStartOf } from "../../src/host/proc";
import { parseLine } from "./run-module";
import { type Program } from "./system-calls";
import { daemonProgram } from "./tiny-program";

/** How a start goes: up, down at once, down again and again, or waiting for etcd without end. */
export type Start = "dying" | "failed" | "ready" | "starting";

/** What the host's systemd is to do. */
export interface Scenario {
  /** By number of the start; the last counts for all further ones. */
  readonly starts?: readonly Start[];
  /** Verb of systemctl to its complaint. */
  readonly fails?: Readonly<Record<string, string>>;
  /** Verb to how often it works before it fails. */
  readonly after?: Readonly<Record<string, number>>;
  /** What systemd-analyze verify has to say of the unit. */
  readonly complaints?: readonly string[];
  readonly journal?: readonly string[];
  /** What a daemon that is started again and again said the first time; nothing later. */
  readonly firstJournal?: readonly string[];
  readonly loadState?: string;
  /** Complaint of a systemd that starts nothing for systemd-run. */
  readonly refusesTransient?: string;
  /** Units that run beside the one of the module. */
  readonly others?: readonly string[];
}

export type Result = Readonly<Record<string, unknown>> & {
  readonly changes: readonly string[];
  readonly msg: string;
};

const NAME = "flannel-scripted-test";

export class ScriptedHost {
  readonly root = mkdtempSync(join(tmpdir(), "scripted-host-"));
  readonly binary = join(this.root, "flanneld");
  readonly unitPath = join(this.root, "units", `${NAME}.service`);
  readonly environmentPath = join(this.root, "options", `${NAME}.env`);
  readonly #subnetPath = join(this.root, "subnet.env");
  readonly #bin = join(this.root, "bin");

  constructor(private readonly module: string) {
    mkdirSync(this.#bin);
    for (const program of ["systemctl", "systemd-run", "systemd-analyze", "journalctl"]) {
      symlinkSync(join(__dirname, "scripted-systemd.mjs"), join(this.#bin, program));
    }
    writeFileSync(this.binary, daemonProgram("v0.28.9"));
    chmodSync(this.binary, 0o755);
    this.play({});
  }

  /** From now on, this happens; what has happened stays. */
  play(scenario: Scenario): void {
    const { unitPath } = this;
    const text = JSON.stringify({ unitPath, subnetPath: this.#subnetPath, ...scenario });
    writeFileSync(join(this.root, "scenario.json"), text);
    this.#save({ ...this.#state, starts: 0, done: {} });
    rmSync(join(this.root, "calls"), { force: true });
  }

  /** What a task on this host says, completed with what every one of them has. */
  task(options: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    const settings = { "subnet-file": this.#subnetPath, ...(options["settings"] as object) };
    return {
      name: NAME,
      unit_dir: join(this.root, "units"),
      options_dir: join(this.root, "options"),
      binary: this.binary,
      // Links are looked for in /etc/systemd/system, where nothing of this host may be.
      wanted_by: [],
      required_by: [],
      // Neither may the kernel of this machine be told anything.
      load_br_netfilter: false,
      keep_mac_address: false,
      wait_timeout: 1,
      settle_time: 0,
      ...options,
      settings,
    };
  }

  /** Starts a daemon from another unit than this module writes, as another role would have. */
  startByOthers(version: string): void {
    this.replaceBinary(`${this.binary}.old`, version);
    mkdirSync(dirname(this.unitPath), { recursive: true });
    const start = `ExecStart=${this.binary} -subnet-file=${this.#subnetPath}`;
    writeFileSync(this.unitPath, `[Service]\nType=notify\n${start}\n`);
    const systemctl = join(this.#bin, "systemctl");
    const env = { ...process.env, SCRIPTED_SYSTEMD: this.root };
    execaSync(systemctl, ["daemon-reload"], { env });
    execaSync(systemctl, ["restart", basename(this.unitPath)], { env });
    rmSync(join(this.root, "calls"));
  }

  /** Runs the module until systemctl has been told this verb, and then kills it. */
  async runKilledAt(verb: string, options: Readonly<Record<string, unknown>>): Promise<void> {
    const child = this.#start(options);
    while (!this.calls.includes(verb)) await sleep(20);
    child.kill("SIGKILL");
    await child;
  }

  /** Runs the module; `interruptAt` is the verb of systemctl at which it gets a SIGTERM. */
  async run(
    options: Readonly<Record<string, unknown>> = {},
    interruptAt?: string,
  ): Promise<Result> {
    const child = this.#start(options);
    while (interruptAt !== undefined && !this.calls.includes(interruptAt)) {
      await sleep(20);
    }
    if (interruptAt !== undefined) child.kill("SIGTERM");
    const { stdout } = await child;
    return parseLine(stdout) as Result;
  }

  /** The module on this host, to be run by others. */
  program(options: Readonly<Record<string, unknown>>): Required<Omit<Program, "within">> {
    return {
      command: [process.execPath, this.module],
      input: JSON.stringify({ ANSIBLE_MODULE_ARGS: this.task(options) }),
      env: {
        PATH: `${this.#bin}${delimiter}${process.env["PATH"] ?? ""}`,
        SCRIPTED_SYSTEMD: this.root,
      },
    };
  }

  #start(options: Readonly<Record<string, unknown>>) {
    const { command, input, env } = this.program(options);
    const [node = "", ...args] = command;
    return execa(node, args, {
      input,
      env,
      reject: false,
      stripFinalNewline: false,
    });
  }

  /** The verbs systemctl was called with since the scenario began, but for `show`. */
  get calls(): readonly string[] {
    return (this.read(join(this.root, "calls")) ?? "").split("\n").filter(Boolean);
  }

  /** The running daemon's process, 0 if there is none. */
  get pid(): number {
    return Number(this.#state["pid"] ?? 0);
  }

  /** Whether somebody stands by to put back what ran before. */
  get isWatched(): boolean {
    const { watcher } = this.#state;
    return typeof watcher === "number" && tryStartOf(watcher) !== undefined;
  }

  /** Arguments of the running daemon. */
  get argv(): readonly string[] {
    return readFileSync(`/proc/${this.pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  }

  read(path: string): string | undefined {
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  /** Puts another program in place, as an upgrade does; `kept` is where the old one stays. */
  replaceBinary(kept: string, version = "v0.28.9"): void {
    writeFileSync(`${this.binary}.new`, daemonProgram(version));
    chmodSync(`${this.binary}.new`, 0o755);
    renameSync(this.binary, kept);
    renameSync(`${this.binary}.new`, this.binary);
  }

  remove(): void {
    if (this.pid !== 0) process.kill(this.pid, "SIGKILL");
    rmSync(this.root, { recursive: true });
  }

  get #state(): Readonly<Record<string, unknown>> {
    const text = this.read(join(this.root, "state.json"));
    return text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  #save(state: Readonly<Record<string, unknown>>): void {
    if ("active" in state) writeFileSync(join(this.root, "state.json"), JSON.stringify(state));
  }
}
