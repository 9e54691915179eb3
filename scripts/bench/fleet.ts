// The role against plain tasks that do the same work, in turns, so that a noisy moment hits both.

import { type Lab } from "../../test/support/lab";
import { type Cost, Meter, cpuOf, medianCost } from "./measure";

export const CONTENDERS = {
  baseline: "test/bench/baseline.yml",
  role: "molecule/shared/converge.yml",
} as const;
export type Contender = keyof typeof CONTENDERS;

const PHASES = ["first run", "rerun"] as const;
export type Phase = (typeof PHASES)[number];

export type FleetRow = Readonly<Record<Contender, Cost>> & {
  readonly hosts: number;
  readonly phase: Phase;
};

const ETCD_HOST = "etcd-1";

/** Takes from a worker what either contender brought, the link to Node.js too, and the pod network. */
const WIPE_WORKER = `
systemctl disable --now flanneld 2>/dev/null
find /etc /usr/local /var/lib -name '*flannel*' -prune -exec rm -rf {} +
rm -rf /var/lib/kubernetes /run/flannel /opt/flannel-nodejs
ip link delete flannel.1 2>/dev/null
systemctl daemon-reload`;

/** The certificates and the link are the role's; etcd has its own certificates. */
const WIPE_ETCD =
  "rm -rf /var/lib/kubernetes /opt/flannel-nodejs; ETCDCTL_API=3 etcdctl --cacert /etc/etcd/ca-etcd.pem --cert /etc/etcd/cert-etcd.pem " +
  "--key /etc/etcd/cert-etcd-key.pem del --prefix /kubernetes-cluster";

/** Measures both on all workers of a lab, which are left as the role leaves them; medians of the rounds. */
export async function measureFleet(
  lab: Lab,
  workers: readonly string[],
  rounds: number,
): Promise<readonly FleetRow[]> {
  const costs = await Meter.use(lab, [...workers, ETCD_HOST], (meter) =>
    playInTurns(lab, meter, workers, rounds),
  );
  const median = (contender: Contender, phase: Phase): Cost =>
    medianCost(costs.get(`${contender} ${phase}`) ?? []);
  return PHASES.map((phase) => ({
    hosts: workers.length,
    phase,
    baseline: median("baseline", phase),
    role: median("role", phase),
  }));
}

/** The costs of all rounds, by contender and phase. */
async function playInTurns(
  lab: Lab,
  meter: Meter,
  workers: readonly string[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Cost[]>> {
  const costs = new Map<string, Cost[]>();
  for (const { contender, phase, round } of turns(rounds)) {
    if (phase === "first run") await wipe(lab, workers);
    const cost = await playOnce(meter, contender, phase);
    const key = `${contender} ${phase}`;
    costs.set(key, [...(costs.get(key) ?? []), cost]);
    const figures = `${cpuOf(cost).toFixed(1)} CPU s in ${cost.wallSeconds.toFixed(1)} s`;
    console.error(`  ${workers.length} hosts, round ${round} of ${rounds}, ${key}: ${figures}`);
  }
  return costs;
}

function turns(
  rounds: number,
): readonly { readonly contender: Contender; readonly phase: Phase; readonly round: number }[] {
  const contenders = Object.keys(CONTENDERS) as Contender[];
  return Array.from({ length: rounds }, (_, index) =>
    contenders.flatMap((contender) =>
      PHASES.map((phase) => ({ contender, phase, round: index + 1 })),
    ),
  ).flat();
}

async function playOnce(meter: Meter, contender: Contender, phase: Phase): Promise<Cost> {
  const { cost, changed } = await meter.play(CONTENDERS[contender]);
  if (changed.length > 0 !== (phase === "first run")) {
    throw new Error(`${contender}, ${phase}: changed: ${changed.join(", ") || "nothing"}`);
  }
  return cost;
}

async function wipe(lab: Lab, workers: readonly string[]): Promise<void> {
  await Promise.all(workers.map((worker) => lab.ssh(worker, WIPE_WORKER)));
  await lab.ssh(ETCD_HOST, WIPE_ETCD);
}
