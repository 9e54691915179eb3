// Measures what the modules cost on a lab that the role has converged (LAB_NAME, flanneld-demo):
// start-up against bare scripts, and a task over SSH against ansible.builtin.stat. Medians, in turns.

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

/**
 * The I/O of each module that it cannot do without, as a bare script for Node.js: a module is
 * to take no longer than that and a quarter of `node -e 0` more.
 */
const BARE: Readonly<Record<string, string>> = {
  // Two requests over one TLS connection.
  flannel_etcd_config: `
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
`,
  flannel_install: `
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const binary = JSON.parse(readFileSync(process.argv[2])).bin_dir + "/flanneld";
execFileSync(binary, ["--version"], { stdio: "pipe" });
createHash("sha256").update(readFileSync(binary)).digest();
process.exit();
`,
  flannel_unit: `
const { execFileSync } = require("node:child_process");
const { readFileSync, readdirSync, statSync } = require("node:fs");
const options = JSON.parse(readFileSync(process.argv[2]));
const unit = execFileSync("systemctl", ["show", "flanneld.service"], { encoding: "utf8" });
const proc = "/proc/" + /^MainPID=(.*)$/m.exec(unit)[1];
const files = [proc + "/cmdline", proc + "/environ", options.settings["subnet-file"]];
for (const path of ["/etc/systemd/system/flanneld.service", ...files]) readFileSync(path, "utf8");
for (const path of [proc + "/exe", "/usr/local/sbin/flanneld", ...options.restart_on]) statSync(path);
for (const path of ["/etc/systemd/system", "/sys/class/net"]) readdirSync(path);
process.exit();
`,
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
    await lab.ssh("worker-1", `cat > ${REMOTE}/${name}-bare.cjs`, BARE[name] ?? "");
    for (const script of [name, `${name}-bare`]) {
      commands[script] = `node ${REMOTE}/${script}.cjs ${REMOTE}/${name}.json`;
    }
  }
  await lab.ssh("worker-1", `cat > ${REMOTE}/timer.py`, TIMER);
  const input = JSON.stringify([ROUNDS, commands]);
  const answer = await lab.ssh("worker-1", `python3 ${REMOTE}/timer.py`, input);
  await lab.ssh("worker-1", `rm -r ${REMOTE}`);
  printStartUp(JSON.parse(answer) as Medians);
}

type Medians = Readonly<Record<string, readonly [number, number]>>;

function printStartUp(medians: Medians): void {
  console.log(
    `start-up on worker-1, median of ${ROUNDS}; x: more than its bare script, in node -e 0`,
  );
  const [, node] = medians["node"] ?? [Number.NaN, Number.NaN];
  for (const [name, [wall, cpu]] of Object.entries(medians)) {
    const bare = medians[`${name}-bare`];
    const ratio = bare === undefined ? "" : `  ${((cpu - bare[1] + node) / node).toFixed(2)} x`;
    const times = [wall, cpu].map((time) => time.toFixed(1).padStart(6));
    console.log(`  ${name.padEnd(28)} ${times.join(" ms, CPU ")} ms${ratio}`);
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
