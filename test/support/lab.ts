// A lab of systemd hosts for tests, and plays run against it.

import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

export interface PlayRun {
  readonly exitCode: number;
  readonly output: string;
  /** "host: task" of every task that reported a change, sorted. */
  readonly changed: readonly string[];
  /** "host: task" of every task that failed, sorted. */
  readonly failed: readonly string[];
  /** Names of all tasks that ran, in order. */
  readonly tasks: readonly string[];
}

/** What scripts/lab/pods measures. */
export interface PodTrial {
  readonly ok: boolean;
  readonly hosts: readonly { readonly host: string; readonly pod: string }[];
  readonly matrix: readonly {
    readonly from: string;
    readonly to: string;
    readonly ping: { readonly ok: boolean };
    readonly tcp: { readonly ok: boolean; readonly error: string };
  }[];
}

/** The hosts of one lab (scripts/lab), reached by SSH. */
export class Lab {
  readonly directory: string;

  constructor(
    readonly name: string,
    private readonly settings: Readonly<Record<string, string>> = {},
  ) {
    this.directory = join(ROOT, ".lab", name);
  }

  get inventory(): string {
    return join(this.directory, "inventory.yml");
  }

  /** The names of its etcd hosts. */
  get etcdHosts(): readonly string[] {
    const count = Number(this.settings["LAB_ETCD"] ?? 1);
    return Array.from({ length: count }, (_, index) => `etcd-${index + 1}`);
  }

  async up(): Promise<void> {
    await this.#lab("down");
    await this.#lab("up");
  }

  /** Starts the lab anew, and etcd on its etcd hosts. */
  async upWithEtcd(): Promise<void> {
    await this.up();
    const { exitCode, output } = await this.play("demo/etcd.yml");
    if (exitCode !== 0) throw new Error(output);
  }

  async down(): Promise<void> {
    await this.#lab("down");
  }

  /** A new key and certificate for etcd and its clients, of the same CA, on the machine that runs Ansible. */
  async renewCertificates(): Promise<void> {
    rmSync(join(this.directory, "certs", "cert-etcd.pem"));
    await this.#lab("up");
  }

  /** What the lab's wire does to packets from now on, in the words of scripts/lab/wire.py; nothing without any. */
  async wire(...faults: readonly string[]): Promise<void> {
    await this.#lab("wire", ...faults);
  }

  /** The pods of the lab, made anew, and who of them reaches whom. */
  async tryPods(): Promise<PodTrial> {
    const { stdout } = await execa(join(ROOT, "scripts", "lab", "pods"), ["--json"], {
      env: { LAB_NAME: this.name },
      reject: false,
    });
    return JSON.parse(stdout) as PodTrial;
  }

  /** Runs a shell command on a host and returns what it prints; throws when it fails. */
  async ssh(host: string, command: string, input = ""): Promise<string> {
    const args = ["-F", join(this.directory, "ssh_config"), host, command];
    const { stdout } = await execa("ssh", args, { input });
    return stdout;
  }

  /** Puts a file of this machine on a host. */
  async send(file: string, host: string, path: string): Promise<void> {
    await execa("scp", ["-q", "-F", join(this.directory, "ssh_config"), file, `${host}:${path}`]);
  }

  /** Plays a playbook: of the repository, or anywhere when its path is absolute. */
  async play(
    playbook: string,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<PlayRun> {
    const command = ["--inventory", this.inventory, resolve(ROOT, playbook), ...args];
    const { exitCode, all } = await execa("ansible-playbook", command, {
      cwd: ROOT,
      all: true,
      reject: false,
      env: { ANSIBLE_NOCOLOR: "1", ANSIBLE_ROLES_PATH: join(this.directory, "roles"), ...env },
    });
    const output = all ?? "";
    return { exitCode, output, ...readPlay(output) };
  }

  /** The lab's variables as text, for looking up addresses. */
  addressOf(host: string): string {
    const match = new RegExp(`${host}: \\{ansible_host: ([0-9.]+)`).exec(
      readFileSync(this.inventory, "utf8"),
    );
    if (match?.[1] === undefined) throw new Error(`${host}: not in ${this.inventory}`);
    return match[1];
  }

  async #lab(...command: readonly string[]): Promise<void> {
    const env = { LAB_NAME: this.name, ...this.settings };
    await execa(join(ROOT, "scripts", "lab", "lab"), command, { env });
  }
}

/** Reads the output of ansible-playbook's default callback. */
export function readPlay(output: string): Pick<PlayRun, "changed" | "failed" | "tasks"> {
  const changed: string[] = [];
  const failed: string[] = [];
  const tasks: string[] = [];
  for (const line of output.split("\n")) {
    const task = /^(?:TASK|RUNNING HANDLER) \[(?:.* : )?(.*)\] \**$/.exec(line)?.[1];
    if (task !== undefined) tasks.push(task);
    const [, status, host] = /^(changed|fatal|failed): \[([^\] ]+)/.exec(line) ?? [];
    const entry = `${host ?? ""}: ${tasks.at(-1) ?? ""}`;
    if (status === "changed") changed.push(entry);
    else if (status !== undefined) failed.push(entry);
  }
  return { changed: [...new Set(changed)].sort(), failed: [...new Set(failed)].sort(), tasks };
}
