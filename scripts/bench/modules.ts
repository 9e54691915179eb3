// What one task costs that finds nothing to do: each module of the role, against ansible.builtin.stat.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Lab } from "../../test/support/lab";
import { type Cost, Meter, cpuOf, differenceOf, medianCost } from "./measure";

export type Options = Readonly<Record<string, unknown>>;

const TASKS = 20;

/** The tasks of the role that look and find nothing to do. */
export function unchangedTasks(lab: Lab): Readonly<Record<string, Options>> {
  const certificates = "/var/lib/kubernetes";
  const tls = {
    ca_file: `${certificates}/ca-etcd.pem`,
    cert_file: `${certificates}/cert-etcd.pem`,
    key_file: `${certificates}/cert-etcd-key.pem`,
  };
  const common = { flannel_version: "v0.28.9" };
  const endpoint = `https://${lab.addressOf("etcd-1")}:2379`;
  const prefix = "/kubernetes-cluster/network";
  return {
    flannel_etcd_config: { ...common, ...tls, endpoints: [endpoint], prefix, state: "query" },
    flannel_install: { version: "v0.28.9", bin_dir: "/usr/local/sbin", mode: "0750" },
    flannel_unit: {
      ...common,
      exec_start_pre: "/bin/mkdir -p /run/flannel",
      settings: {
        "etcd-cafile": tls.ca_file,
        "etcd-certfile": tls.cert_file,
        "etcd-endpoints": endpoint,
        "etcd-keyfile": tls.key_file,
        "etcd-prefix": prefix,
        "healthz-ip": "0.0.0.0",
        "healthz-port": "0",
        iface: "lab-eth0",
        "ip-masq": "true",
        "public-ip": lab.addressOf("worker-1"),
        "subnet-file": "/run/flannel/subnet.env",
      },
      restart_on: Object.values(tls),
    },
  };
}

interface Task {
  readonly module: string;
  readonly options: Options;
  readonly env?: Readonly<Record<string, string>>;
}

/** The cost of one task of each module, by its name: the median of the rounds. */
export async function measureModules(lab: Lab, rounds: number): Promise<ReadonlyMap<string, Cost>> {
  const kinds = {
    "ansible.builtin.stat": { path: "/usr/local/sbin/flanneld" },
    "ansible.builtin.setup": {},
    ...unchangedTasks(lab),
  };
  const tasks = Object.entries(kinds).map(
    ([module, options]) => [module, { module, options }] as const,
  );
  return measureTasks(lab, new Map(tasks), rounds);
}

export interface Pipelining {
  readonly module: string;
  readonly without: Cost;
  readonly with: Cost;
}

/** The cost of one task over SSH without and with pipelining. */
export async function measurePipelining(lab: Lab, rounds: number): Promise<Pipelining> {
  const module = "flannel_unit";
  const task = { module, options: unchangedTasks(lab)[module] ?? {} };
  const [without, pipelined] = ["without pipelining", "with pipelining"] as const;
  const tasks = new Map<string, Task>([
    [without, { ...task, env: { ANSIBLE_PIPELINING: "false" } }],
    [pipelined, { ...task, env: { ANSIBLE_PIPELINING: "true" } }],
  ]);
  const costs = await measureTasks(lab, tasks, rounds);
  const costOf = (name: string): Cost => costs.get(name) ?? medianCost([]);
  return { module, without: costOf(without), with: costOf(pipelined) };
}

/** The median cost of each task, measured in turns. */
async function measureTasks(
  lab: Lab,
  tasks: ReadonlyMap<string, Task>,
  rounds: number,
): Promise<ReadonlyMap<string, Cost>> {
  const costs = new Map<string, Cost[]>();
  await Meter.use(lab, ["worker-1", "etcd-1"], async (meter) => {
    for (let round = 1; round <= rounds; round++) {
      for (const [name, task] of tasks) {
        const cost = await measureTask(lab, meter, task);
        costs.set(name, [...(costs.get(name) ?? []), cost]);
        const figures = `${cpuOf(cost).toFixed(3)} CPU s in ${cost.wallSeconds.toFixed(3)} s`;
        console.error(`  one task, round ${round} of ${rounds}, ${name}: ${figures}`);
      }
    }
  });
  return new Map([...costs].map(([name, all]) => [name, medianCost(all)]));
}

/** Plays one task, and many of them: the difference is what they cost, without start and connection. */
async function measureTask(lab: Lab, meter: Meter, task: Task): Promise<Cost> {
  const play = async (count: number): Promise<Cost> => {
    const playbook = join(lab.directory, "bench.json");
    const tasks = Array.from({ length: count }, () => ({ [task.module]: task.options }));
    writeFileSync(playbook, JSON.stringify([{ hosts: "worker-1", gather_facts: false, tasks }]));
    const { cost, changed } = await meter.play(playbook, task.env);
    if (changed.length > 0) throw new Error(`${task.module} is not unchanged`);
    return cost;
  };
  const one = await play(1);
  return differenceOf(await play(TASKS + 1), one, TASKS);
}
