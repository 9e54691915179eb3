// Start-up of the modules on a host, against bare scripts for Node.js.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Lab } from "../../test/support/lab";
import { unchangedTasks } from "./modules";

const ROOT = join(__dirname, "..", "..");
const ROUNDS = 31;
const REMOTE = "/run/flannel-bench";

/** By command: milliseconds of wall time and of CPU, medians. */
export type StartUp = Readonly<Record<string, readonly [wallMs: number, cpuMs: number]>>;

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

/** Measures `node -e 0`, and each module and its bare script, named `<module>-bare`, on a converged worker. */
export async function measureStartUp(lab: Lab): Promise<StartUp> {
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
  return JSON.parse(answer) as StartUp;
}
