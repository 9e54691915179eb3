// docs/performance.md, made of what was measured.

import { type Cost as Count } from "../../test/support/rig";
import { type Contender, type FleetRow } from "./fleet";
import { type Cost, cpuOf } from "./measure";
import { type Pipelining } from "./modules";
import { type StartUp } from "./start-up";

export interface Results {
  readonly rounds: number;
  readonly machine: readonly string[];
  readonly counts: Readonly<Record<Contender, Count>>;
  readonly fleet: readonly FleetRow[];
  readonly modules: ReadonlyMap<string, Cost>;
  readonly pipelining: Pipelining;
  readonly startUp: StartUp;
}

/** The whole page. */
export function renderPage(results: Results): string {
  const { rounds, machine } = results;
  return `# What the role costs

Written by \`make bench\`, which measures the role against [plain tasks](../test/bench/baseline.yml) of
\`ansible.builtin\` that do what the README of the replaced role tells of: facts, certificates by \`copy\`, the
network configuration by \`etcdctl\`, the binary by \`get_url\`, CNI configuration and unit by \`template\`, the
service by \`systemd\`. They do nothing more: no upgrade, no checksum, no restart for a new certificate.

Both take turns on the same hosts. Each figure is ${rounds === 1 ? "of one round" : `the median of ${rounds}`}. What counts is CPU time, of the
controller and all hosts together, less what the hosts use when nobody asks them anything: it holds on a busy
machine, where wall time does not.

${machine.map((line) => `- ${line}`).join("\n")}

![CPU seconds of a first run and a rerun, role against plain tasks](pictures/performance.svg)

## A play

${renderFleet(results.fleet)}

First run: the hosts have Node.js, and none of what is brought. Rerun: nothing is left to do. A host on which
nothing is left to do costs:

${renderCounts(results.counts)}

Tasks are counted with those that are skipped, as Ansible forks a worker for each; calls are those through the
connection (\`exec\`, \`put\`, \`fetch\`), with pipelining. \`make test\` holds both, and that a host costs the same
among many others.

What was aimed at: a rerun at a quarter of the plain tasks, a first run at half, and 1.1 CPU seconds for a host in a
rerun. On a busy machine every figure grows, and most for whoever starts much at once: compare ratios, and only those of
one run. A rerun pays once for Ansible itself and for two calls to the etcd host, which weighs the more the fewer hosts
there are. Most of a host's share is the start of Node.js, three times. A first run pays, for each host, one file with all
certificates (copied one by one they were two fifths of the whole), the download with its checksum and one run of the
binary, the unit with systemd's own check of it, the start of the daemon with two seconds of watching it, and a second look
where the link to Node.js was missing. Ansible passes an interpreter as one word, so Node.js cannot be looked for on the way.

## A task

One task over SSH that finds nothing to do, without start and connection of Ansible:

${renderModules(results.modules)}

## Pipelining

${renderPipelining(results.pipelining)}

## A module

\`node library/<module>.cjs\` on a host, against a bare script that does no more than the I/O the module cannot do
without; the last column is what the module takes beyond it, in units of \`node -e 0\`:

${renderStartUp(results.startUp)}
`;
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map(line).join("\n");
}

function renderFleet(rows: readonly FleetRow[]): string {
  const head = ["", "Hosts", "Plain: CPU s", "Role: CPU s", "Ratio", "Role, a host", "Wall s"];
  return renderTable(
    head,
    rows.map(({ phase, hosts, baseline, role }) => [
      phase,
      String(hosts),
      describeCpu(baseline),
      describeCpu(role),
      `**${(cpuOf(role) / cpuOf(baseline)).toFixed(2)}**`,
      (cpuOf(role) / hosts).toFixed(2),
      `${baseline.wallSeconds.toFixed(1)} and ${role.wallSeconds.toFixed(1)}`,
    ]),
  );
}

/** The sum, and how it is divided. */
function describeCpu(cost: Cost): string {
  const parts = `${cost.controllerSeconds.toFixed(1)} + ${cost.hostsSeconds.toFixed(1)}`;
  return `${cpuOf(cost).toFixed(1)} (${parts})`;
}

function renderCounts(counts: Results["counts"]): string {
  return renderTable(
    ["", "Tasks", "Remote calls"],
    (["baseline", "role"] as const).map((contender) => [
      contender === "role" ? "role" : "plain tasks",
      String(counts[contender].tasks),
      String(counts[contender].calls),
    ]),
  );
}

function renderModules(modules: Results["modules"]): string {
  const stat = [...modules.values()].map(cpuOf)[0] ?? Number.NaN;
  return renderTable(
    ["Module", "CPU ms (controller + hosts)", "Ratio", "Wall ms"],
    [...modules].map(([module, cost]) => [
      `\`${module}\``,
      `${inMs(cpuOf(cost))} (${inMs(cost.controllerSeconds)} + ${inMs(cost.hostsSeconds)})`,
      (cpuOf(cost) / stat).toFixed(2),
      inMs(cost.wallSeconds),
    ]),
  );
}

function renderPipelining({ module, without, with: pipelined }: Pipelining): string {
  const ten = (cost: Cost): string =>
    `${(10 * cost.wallSeconds).toFixed(1)} s (${(10 * cpuOf(cost)).toFixed(1)} CPU s)`;
  return (
    `Ten tasks of \`${module}\` on one host take ${ten(without)} without pipelining, which is Ansible's default, and\n` +
    `${ten(pipelined)} with it: a task is one round trip then, and not several. Each of those also waits for the\n` +
    `network, which here takes no time.`
  );
}

function renderStartUp(medians: StartUp): string {
  const [, node] = medians["node"] ?? [Number.NaN, Number.NaN];
  const rows = Object.entries(medians)
    .filter(([name]) => !name.endsWith("-bare"))
    .map(([name, [wall, cpu]]) => {
      const bare = medians[`${name}-bare`]?.[1];
      const beyond = bare === undefined ? "" : ((cpu - bare) / node).toFixed(2);
      const title = name === "node" ? "`node -e 0`" : `\`${name}\``;
      return [title, cpu.toFixed(0), bare?.toFixed(0) ?? "", wall.toFixed(0), beyond];
    });
  return renderTable(["", "CPU ms", "Bare script, CPU ms", "Wall ms", "Beyond it"], rows);
}

function inMs(seconds: number): string {
  return (1000 * seconds).toFixed(0);
}
