// Measures what the modules cost on a lab that the role has converged (LAB_NAME, flanneld-demo):
// start-up against bare Node.js, and a task over SSH against ansible.builtin.stat. Medians, in turns.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { execa } from "execa";

import { Lab } from "../test/support/lab";

const ROOT = join(__dirname, "..");
const ROUNDS = 31;
const TASKS = 20;
const REMOTE = "/run/flannel-bench";

type Options = Readonly<Record<string, unknown>>;

/** The tasks of the role that look and find nothing to do. */
function unchangedTasks(lab: Lab): Readonly<Record<string, Options>> {
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

/** Two requests over one TLS connection, with nothing around them but Node.js itself. */
const REQUESTS = `
const { readFileSync } = require("node:fs");
const { Agent, request } = require("node:https");
const options = JSON.parse(readFileSync(process.argv[2]));
const agent = new Agent({ keepAlive: true });
const [ca, cert, key] = ["ca", "cert", "key"].map((name) => readFileSync(options[name + "_file"]));
const ask = (body, next) =>
  request(options.endpoints[0] + "/v3/kv/range", { method: "POST", ca, cert, key, agent }, (response) =>
    response.resume().on("end", next),
  ).end(body);
const body = JSON.stringify({ key: Buffer.from(options.prefix).toString("base64") });
ask(body, () => ask(body, () => process.exit()));
`;

/** What a task really does on the worker, alone. */
const IO: Readonly<Record<string, string>> = {
  flannel_etcd_config: `node ${REMOTE}/requests.cjs ${REMOTE}/flannel_etcd_config.json`,
  flannel_install: "sh -c '/usr/local/sbin/flanneld --version; sha256sum /usr/local/sbin/flanneld'",
  flannel_unit: "systemctl show flanneld.service",
};

/**
 * Runs on the worker: all commands in turns, so that a noisy moment hits all alike. Wall time, and
 * CPU time, which tells the truth on a busy machine.
 */
const TIMER = `
import json, resource, statistics, subprocess, sys, time

def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

rounds, commands = json.load(sys.stdin)
times = {name: [] for name in commands}
for _ in range(rounds):
    for name, command in commands.items():
        wall, before = time.perf_counter(), cpu()
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times[name].append((time.perf_counter() - wall, cpu() - before))
print(json.dumps({name: [1000 * statistics.median(column) for column in zip(*rows)] for name, rows in times.items()}))
`;

async function measureStartUp(lab: Lab): Promise<void> {
  const commands: Record<string, string> = { node: "node -e 0" };
  await lab.ssh("worker-1", `mkdir -p ${REMOTE}`);
  for (const [name, options] of Object.entries(unchangedTasks(lab))) {
    const module = readFileSync(join(ROOT, "library", `${name}.cjs`), "utf8");
    await lab.ssh("worker-1", `cat > ${REMOTE}/${name}.cjs`, module);
    await lab.ssh("worker-1", `cat > ${REMOTE}/${name}.json`, JSON.stringify(options));
    const answer = await lab.ssh("worker-1", `node ${REMOTE}/${name}.cjs ${REMOTE}/${name}.json`);
    if (!answer.includes('"changed":false')) throw new Error(`${name} is not unchanged: ${answer}`);
    commands[name] = `node ${REMOTE}/${name}.cjs ${REMOTE}/${name}.json`;
    const io = IO[name];
    if (io !== undefined) commands[`io of ${name}`] = io;
  }
  await lab.ssh("worker-1", `cat > ${REMOTE}/requests.cjs`, REQUESTS);
  await lab.ssh("worker-1", `cat > ${REMOTE}/timer.py`, TIMER);
  const input = JSON.stringify([ROUNDS, commands]);
  const answer = await lab.ssh("worker-1", `python3 ${REMOTE}/timer.py`, input);
  await lab.ssh("worker-1", `rm -r ${REMOTE}`);
  printStartUp(JSON.parse(answer) as Medians);
}

type Medians = Readonly<Record<string, readonly [number, number]>>;

/** The cost of a module's I/O without the Node.js that it may have been measured with. */
function ioOf(name: string, medians: Medians): readonly [number, number] {
  const [wall, cpu] = medians[`io of ${name}`] ?? [0, 0];
  const [nodeWall, nodeCpu] = medians["node"] ?? [0, 0];
  return IO[name]?.startsWith("node ") === true ? [wall - nodeWall, cpu - nodeCpu] : [wall, cpu];
}

function printStartUp(medians: Medians): void {
  console.log(
    `start-up on worker-1, median of ${ROUNDS}; the ratios leave the module's own I/O out:`,
  );
  const [nodeWall, nodeCpu] = medians["node"] ?? [Number.NaN, Number.NaN];
  for (const [name, [wall, cpu]] of Object.entries(medians)) {
    const [ioWall, ioCpu] = ioOf(name, medians);
    const ratios = [(wall - ioWall) / nodeWall, (cpu - ioCpu) / nodeCpu].map((ratio) =>
      ratio.toFixed(2),
    );
    const shown = name.startsWith("io ") ? "" : `  ${ratios.join(" and ")} x node`;
    console.log(
      `  ${name.padEnd(28)} ${wall.toFixed(1).padStart(7)} ms, CPU ${cpu.toFixed(1).padStart(6)} ms${shown}`,
    );
  }
}

/** One play: each kind of task in a loop, between two looks at the controller's clock. */
function roundTripPlay(lab: Lab): unknown {
  const kinds: Readonly<Record<string, Options>> = {
    "ansible.builtin.stat": { path: "/usr/local/sbin/flanneld" },
    ...unchangedTasks(lab),
  };
  const clock = (name: string): unknown => ({
    "ansible.builtin.set_fact": { [name]: "{{ now(utc=true).timestamp() }}" },
  });
  const tasks: unknown[] = [{ "ansible.builtin.ping": {} }];
  const lines: string[] = [];
  for (const [index, [module, options]] of Object.entries(kinds).entries()) {
    const from = `t${index}a`;
    const to = `t${index}b`;
    tasks.push(clock(from), { [module]: options, loop: `{{ range(${TASKS}) | list }}` }, clock(to));
    lines.push(`BENCH ${module} {{ (${to} | float - ${from} | float) * 1000 / ${TASKS} }}`);
  }
  tasks.push({ "ansible.builtin.debug": { msg: lines } });
  return [{ hosts: "worker-1", gather_facts: false, tasks }];
}

async function measureRoundTrips(lab: Lab): Promise<void> {
  const playbook = join(lab.directory, "bench.json");
  writeFileSync(playbook, JSON.stringify(roundTripPlay(lab)));
  const { stdout } = await execa("ansible-playbook", ["-i", lab.inventory, playbook], {
    env: {
      ANSIBLE_LIBRARY: join(ROOT, "library"),
      ANSIBLE_PIPELINING: "true",
      ANSIBLE_NOCOLOR: "1",
    },
  });
  console.log(`one task over SSH with pipelining, mean of ${TASKS}:`);
  for (const [, module = "", ms = ""] of stdout.matchAll(/BENCH (\S+) ([0-9.]+)/g)) {
    console.log(`  ${module.padEnd(28)} ${Number(ms).toFixed(0).padStart(7)} ms`);
  }
}

async function main(): Promise<void> {
  const lab = new Lab(process.env["LAB_NAME"] ?? "flanneld-demo");
  await measureStartUp(lab);
  await measureRoundTrips(lab);
}

void main();
