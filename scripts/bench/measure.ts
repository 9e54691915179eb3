// What a play costs: CPU seconds of the controller, its SSH clients included, and of all hosts of a lab.

import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";

import { type Lab, readPlay } from "../../test/support/lab";

const ROOT = join(__dirname, "..", "..");
const V1 = "/sys/fs/cgroup/cpuacct";
const TREE = existsSync(V1) ? V1 : "/sys/fs/cgroup";
const IDLE_MS = 5000;

export interface Cost {
  /** Of the machine that runs Ansible, and of the hosts. */
  readonly controllerSeconds: number;
  readonly hostsSeconds: number;
  readonly wallSeconds: number;
}

export interface Run {
  readonly cost: Cost;
  readonly changed: readonly string[];
}

/** CPU seconds of controller and hosts together. */
export function cpuOf({ controllerSeconds, hostsSeconds }: Cost): number {
  return controllerSeconds + hostsSeconds;
}

/** The median of each number. */
export function medianCost(costs: readonly Cost[]): Cost {
  const middle = (name: keyof Cost): number =>
    costs.map((cost) => cost[name]).sort((a, b) => a - b)[costs.length >> 1] ?? Number.NaN;
  return {
    controllerSeconds: middle("controllerSeconds"),
    hostsSeconds: middle("hostsSeconds"),
    wallSeconds: middle("wallSeconds"),
  };
}

/** What `more` costs beyond `less`, for each of `count`. */
export function differenceOf(more: Cost, less: Cost, count: number): Cost {
  const each = (name: keyof Cost): number => (more[name] - less[name]) / count;
  return {
    controllerSeconds: each("controllerSeconds"),
    hostsSeconds: each("hostsSeconds"),
    wallSeconds: each("wallSeconds"),
  };
}

/**
 * Plays playbooks in a control group of their own, and reads that of each host before and after. What
 * hosts use when nobody asks them anything, etcd most of all, is no cost of a play.
 */
export class Meter {
  readonly #group = join(TREE, `flannel-bench-${process.pid}`);
  #idleHosts = 0; // CPU seconds of all hosts in a second

  private constructor(
    private readonly lab: Lab,
    private readonly hostGroups: readonly string[],
  ) {
    mkdirSync(this.#group, { recursive: true });
  }

  /** Does some work with a meter for these hosts, and removes its control group. */
  static async use<T>(
    lab: Lab,
    hosts: readonly string[],
    work: (meter: Meter) => Promise<T>,
  ): Promise<T> {
    const meter = await Meter.#of(lab, hosts);
    try {
      await meter.#measureIdle();
      return await work(meter);
    } finally {
      await meter.#close();
    }
  }

  static async #of(lab: Lab, hosts: readonly string[]): Promise<Meter> {
    const boxes = hosts.map((host) => `${lab.name}-${host}`);
    const args = ["inspect", "--format", "{{.State.CgroupPath}}", ...boxes];
    const env = { CONTAINERS_CONF: join(lab.directory, "containers.conf") };
    const { stdout } = await execa("podman", args, { env });
    return new Meter(
      lab,
      stdout.split("\n").map((path) => join(TREE, path)),
    );
  }

  /** Plays a playbook with pipelining; throws what Ansible prints when that fails. */
  async play(playbook: string, env: Readonly<Record<string, string>> = {}): Promise<Run> {
    const start = this.#read();
    const enter = ["-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.#group];
    const play = ["ansible-playbook", "--inventory", this.lab.inventory, playbook];
    const { stdout } = await execa("sh", [...enter, ...play], { cwd: ROOT, env: this.#env(env) });
    const cost = differenceOf(this.#read(), start, 1);
    const hostsSeconds = cost.hostsSeconds - this.#idleHosts * cost.wallSeconds;
    return { cost: { ...cost, hostsSeconds }, changed: readPlay(stdout).changed };
  }

  async #measureIdle(): Promise<void> {
    await sleep(IDLE_MS); // sessions of who was here before end
    const start = this.#read();
    await sleep(IDLE_MS);
    const idle = differenceOf(this.#read(), start, 1);
    this.#idleHosts = idle.hostsSeconds / idle.wallSeconds;
  }

  /** As soon as the last SSH connection has ended. */
  async #close(): Promise<void> {
    for (let tries = 0; tries < 100 && existsSync(this.#group); tries++) {
      try {
        rmdirSync(this.#group);
      } catch {
        await sleep(200);
      }
    }
  }

  #env(more: Readonly<Record<string, string>>): Record<string, string> {
    return {
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_FORKS: "10",
      ANSIBLE_LIBRARY: join(ROOT, "library"),
      ANSIBLE_ROLES_PATH: join(this.lab.directory, "roles"),
      // Short, so that no play finds the connections of the one before it.
      ANSIBLE_SSH_ARGS: "-C -o ControlMaster=auto -o ControlPersist=5s",
      ANSIBLE_SSH_CONTROL_PATH_DIR: join(this.lab.directory, `cp${Date.now() % 1e6}`),
      ...more,
    };
  }

  #read(): Cost {
    return {
      controllerSeconds: usageOf(this.#group),
      hostsSeconds: this.hostGroups.reduce((sum, group) => sum + usageOf(group), 0),
      wallSeconds: performance.now() / 1000,
    };
  }
}

/** CPU seconds that a control group and all below it have used. */
function usageOf(group: string): number {
  if (TREE === V1) return Number(readFileSync(join(group, "cpuacct.usage"), "utf8")) / 1e9;
  const stat = readFileSync(join(group, "cpu.stat"), "utf8");
  return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6;
}
