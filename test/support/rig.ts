// Plays of the role for hosts that are not there (test/rig): what each of them costs, counted.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ExecaError, execa } from "execa";

import { readPlay } from "./lab";

const ROOT = join(__dirname, "..", "..");
const ETCD_HOSTS = ["etcd-1", "etcd-2", "etcd-3"];
const CERTIFICATES = ["ca-etcd.pem", "ca-etcd-key.pem", "cert-etcd.pem", "cert-etcd-key.pem"];

export interface RigPlay {
  readonly workers: number;
  /** Whether a play before that of the role gathers facts, as site playbooks do. */
  readonly gathersFacts?: boolean;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** By worker, in words of the connection plugin. */
  readonly troubles?: Readonly<Record<string, string>>;
  readonly serial?: number;
  /** The directory of the programs of another ansible-core. */
  readonly ansible?: string;
  /** Instead of the role: a playbook of the repository, of one play. */
  readonly playbook?: string;
}

/** Tasks that a host was given, skipped ones counted, and calls through its connection. */
export interface Cost {
  readonly tasks: number;
  readonly calls: number;
}

export interface RigRun {
  /** What every worker costs; the same for all but the first, on which `run_once` falls. */
  readonly eachHost: Cost;
  /** What a play costs beyond that, whatever the number of its hosts. */
  readonly once: Cost;
  /** CPU seconds of the controller in the play of the role, and in its tasks, by name. */
  readonly cpuSeconds: number;
  readonly cpuSecondsByTask: ReadonlyMap<string, number>;
  readonly changed: readonly string[];
}

interface PluginEvent {
  readonly event: "play" | "task" | "host" | "call" | "end";
  readonly host?: string;
  readonly task?: string;
  readonly cpu?: number;
}

/**
 * A place for made-up hosts. What is copied to one of them is found on all, but on those that were
 * given another file.
 */
export class Rig {
  private constructor(private readonly directory: string) {}

  static async create(): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), "rig-")));
    await mkdir(join(rig.directory, "files"));
    await mkdir(join(rig.directory, "certs"));
    for (const name of CERTIFICATES) await writeFile(join(rig.directory, "certs", name), name);
    return rig;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Plays for one host, or more where each is given files of its own, so that no host is left with anything to do. */
  async converge(play: Omit<RigPlay, "workers">, workers = 1): Promise<void> {
    await this.#run({ ...play, workers });
  }

  /** Plays for converged hosts; throws what Ansible prints when that fails. */
  async play(play: RigPlay): Promise<RigRun> {
    const output = await this.#run(play);
    const costs = countCosts(await this.#readEvents(), namesOf(play));
    return { ...costs, changed: readPlay(output).changed };
  }

  /** Plays for hosts in trouble; what Ansible prints when that fails, and whether. */
  async tryPlay(play: RigPlay): Promise<{ readonly isOk: boolean; readonly output: string }> {
    return this.#run(play).then(
      (output) => ({ isOk: true, output }),
      (error: unknown) => ({ isOk: false, output: (error as ExecaError).stdout }),
    );
  }

  /** Plays for converged hosts; what Ansible prints beside what the tasks do. */
  async warningsOf(play: RigPlay): Promise<string> {
    return (await this.#runWhole(play)).stderr;
  }

  async #run(play: RigPlay): Promise<string> {
    return (await this.#runWhole(play)).stdout;
  }

  async #runWhole(play: RigPlay): Promise<{ readonly stdout: string; readonly stderr: string }> {
    await this.#write("hosts.json", this.#inventoryOf(play));
    await this.#write("site.yml", siteOf(play));
    await this.#write("variables.json", play.variables ?? {});
    await writeFile(join(this.directory, "events"), "");
    return this.#runAnsible(play.ansible);
  }

  #inventoryOf(play: RigPlay): object {
    const workers = namesOf(play);
    const host = (name: string) => ({
      ansible_host: name,
      rig_trouble: play.troubles?.[name] ?? "none",
    });
    const hosts = (names: readonly string[]) => ({
      hosts: Object.fromEntries(names.map((name) => [name, host(name)])),
    });
    const vars = {
      ansible_connection: "converged",
      ansible_python_interpreter: "/usr/bin/python3",
      flannel_report_dir: join(this.directory, "report"),
      flannel_version: "v0.28.9",
      k8s_ca_conf_directory: join(this.directory, "certs"),
      k8s_interface: "lab0",
    };
    return { all: { vars, children: { k8s_etcd: hosts(ETCD_HOSTS), k8s_worker: hosts(workers) } } };
  }

  async #write(name: string, content: unknown): Promise<void> {
    await writeFile(join(this.directory, name), JSON.stringify(content));
  }

  async #runAnsible(bin?: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const variables = `@${join(this.directory, "variables.json")}`;
    const args = ["-i", "hosts.json", "site.yml", "-e", variables];
    const path = process.env["PATH"] ?? "";
    return execa("ansible-playbook", args, {
      cwd: this.directory,
      env: {
        PATH: bin === undefined ? path : `${bin}:${path}`,
        ANSIBLE_CONFIG: join(ROOT, "test", "rig", "ansible.cfg"),
        PYTHONDONTWRITEBYTECODE: "1",
        RIG_DIRECTORY: this.directory,
      },
    });
  }

  async #readEvents(): Promise<readonly PluginEvent[]> {
    const text = await readFile(join(this.directory, "events"), "utf8");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as PluginEvent);
  }
}

function namesOf({ workers }: RigPlay): readonly string[] {
  return Array.from({ length: workers }, (_, index) => `worker-${index + 1}`);
}

function siteOf({ gathersFacts = false, playbook, serial }: RigPlay): readonly object[] {
  const facts = { hosts: "all", gather_facts: true, tasks: [] };
  const batches = serial === undefined ? {} : { serial };
  const role = { hosts: "k8s_worker", gather_facts: false, roles: [{ role: ROOT }], ...batches };
  const last = playbook === undefined ? role : { import_playbook: join(ROOT, playbook) };
  return gathersFacts ? [facts, last] : [last];
}

/** Counts what happened in the last play, that of the role. */
function countCosts(
  all: readonly PluginEvent[],
  workers: readonly string[],
): Omit<RigRun, "changed"> {
  const events = all.slice(all.map(({ event }) => event).lastIndexOf("play"));
  const count = (kind: PluginEvent["event"], host?: string): number =>
    events.filter((event) => event.event === kind && (host ?? event.host) === event.host).length;
  const costs = workers.map((host) => ({ tasks: count("host", host), calls: count("call", host) }));
  const eachHost = costs.at(-1) ?? { tasks: 0, calls: 0 };
  const unlike = costs
    .slice(1)
    .find(({ tasks, calls }) => tasks !== eachHost.tasks || calls !== eachHost.calls);
  if (unlike !== undefined)
    throw new Error(`hosts cost different things: ${JSON.stringify(costs)}`);
  const once = {
    tasks: count("host") - workers.length * eachHost.tasks,
    calls: count("call") - workers.length * eachHost.calls,
  };
  const cpuSecondsByTask = shareOutCpu(events);
  const cpuSeconds = [...cpuSecondsByTask.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { eachHost, once, cpuSeconds, cpuSecondsByTask };
}

/** What was used until the next task began is what a task has used: hosts wait for each other. */
function shareOutCpu(events: readonly PluginEvent[]): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>();
  const marks = events.filter(({ event }) => event === "task" || event === "end");
  for (const [index, { task = "", cpu = 0 }] of marks.slice(0, -1).entries()) {
    seconds.set(task, (seconds.get(task) ?? 0) + (marks[index + 1]?.cpu ?? cpu) - cpu);
  }
  return seconds;
}
