// Measures what the role costs, against plain tasks of Ansible's own that do the same work, and writes
// docs/performance.md. In a lab of its own; RUNS: rounds of each measurement (3), HOSTS: sizes of the lab ("3 10").

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { Lab } from "../test/support/lab";
import { type Cost as Count, Rig, type RigPlay } from "../test/support/rig";
import { CONTENDERS, type Contender, type FleetRow, measureFleet } from "./bench/fleet";
import { describeMachine } from "./bench/machine";
import { measureModules, measurePipelining } from "./bench/modules";
import { type Results, renderPage } from "./bench/page";
import { drawRows } from "./bench/picture";
import { measureStartUp } from "./bench/start-up";

const DOCS = join(__dirname, "..", "docs");
const ROUNDS = Number(process.env["RUNS"] ?? 3);
const SIZES = (process.env["HOSTS"] ?? "3 10").split(" ").map(Number);

/** What the inventory of a lab would tell the baseline. */
const VARIABLES = {
  etcd_bin_dir: "/usr/bin",
  etcd_certificates: ["ca-etcd.pem", "ca-etcd-key.pem", "cert-etcd.pem", "cert-etcd-key.pem"],
  lab_artifact_url: "http://127.0.0.1",
};

/** Tasks of each host and calls to it, counted on hosts that are not there. */
async function countTasks(): Promise<Readonly<Record<Contender, Count>>> {
  const count = async (play: Omit<RigPlay, "workers">): Promise<Count> => {
    const rig = await Rig.create();
    try {
      await rig.converge(play, 3);
      return (await rig.play({ ...play, workers: 3 })).eachHost;
    } finally {
      await rig.remove();
    }
  };
  const baseline = { playbook: CONTENDERS.baseline, variables: VARIABLES };
  return { baseline: await count(baseline), role: await count({}) };
}

/** Measures in a lab of this size; what needs no fleet, in the first one only. */
async function measureLab(size: number, isFirst: boolean): Promise<Partial<Results>> {
  const lab = new Lab("bench", { LAB_WORKERS: String(size) });
  const workers = Array.from({ length: size }, (_, index) => `worker-${index + 1}`);
  console.error(`${size} hosts: starting the lab`);
  try {
    await lab.upWithEtcd();
    const fleet = await measureFleet(lab, workers, ROUNDS);
    if (!isFirst) return { fleet };
    return {
      fleet,
      machine: await describeMachine(lab),
      modules: await measureModules(lab, ROUNDS),
      pipelining: await measurePipelining(lab, ROUNDS),
      startUp: await measureStartUp(lab),
    };
  } finally {
    await lab.down();
  }
}

async function main(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined); // the play ends by it: the lab goes, too
  const counts = await countTasks();
  const fleet: FleetRow[] = [];
  let results: Partial<Results> = {};
  for (const [index, size] of SIZES.entries()) {
    const measured = await measureLab(size, index === 0);
    fleet.push(...(measured.fleet ?? []));
    results = { ...results, ...measured };
  }
  const all = { ...results, counts, fleet, rounds: ROUNDS } as Results;
  writeFileSync(join(DOCS, "pictures", "performance.svg"), drawRows(fleet));
  writeFileSync(join(DOCS, "performance.md"), renderPage(all));
}

void main();
