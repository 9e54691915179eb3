// Connections and pings between the pods of a lab, kept up while something is done to it, and what they met meanwhile.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { type Lab } from "./lab";

const PROGRAM = join(__dirname, "..", "..", "scripts", "lab", "pod-traffic.py");
/** Pings of pods that the network below loses as well within this time are its own. */
const SAME_SECOND = 0.5;
/** Until a ping counts as lost, and a little more. */
const SETTLE_MS = 3000;

/** Pings that were sent, and when those were sent that nobody answered, in seconds since 1970. */
interface Pings {
  readonly sent: number;
  readonly lost: readonly number[];
}

interface Link {
  readonly tcp: {
    readonly exchanged: number;
    readonly longest_gap_ms: number;
    readonly broken: string;
  };
  readonly pod: Pings;
  readonly host: Pings;
}

interface Seen {
  readonly peers: Readonly<Record<string, Link>>;
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What an event has cost the pods of all hosts. */
export interface Toll {
  readonly connections: number;
  /** "worker-1 -> worker-2: reason" of each connection that broke. */
  readonly broken: readonly string[];
  readonly longestGapMs: number;
  readonly pings: number;
  readonly lost: number;
  readonly lostBelow: number;
  /** Lost pings of pods while the network below lost none. */
  readonly lostAlone: number;
  /** "worker-1 pod Tcp:InCsumErrors 3" of each counter of wrong or dropped packets that moved. */
  readonly counters: readonly string[];
  /** "worker-1: line" of each error in a journal that is not usual. */
  readonly errors: readonly string[];
}

/** Errors that are none: of hosts as small as the lab's, and of a flannel that is told to stop. */
const USUAL: readonly RegExp[] = [
  /pam_env\(sshd:session\): Unable to open env file/,
  /\] (?:Failed to close etcd client|could not watch leases): context canceled$/,
  /\] CompleteLease execute error err: canceled$/,
];

/** What people and programs call an error: by priority, in flannel's words and in etcd's. */
const readErrors = (since: string): string =>
  `{ journalctl -q -p err -o cat --since @${since}; journalctl -q -o cat --since @${since} -u flanneld -u etcd |
    grep -E '^[EF][0-9]{4} | [EC] \\| |"level":"(error|fatal|panic)"'; } | sort -u`;

/** Traffic between each two workers, from its start to its stop. */
export class Traffic {
  private constructor(
    private readonly lab: Lab,
    private readonly workers: readonly string[],
    private readonly since: string,
  ) {}

  /** Makes pods, which must reach each other, and has them talk. */
  static async start(lab: Lab): Promise<Traffic> {
    const trial = await lab.tryPods();
    if (!trial.ok) throw new Error(`before anything was done: ${JSON.stringify(trial)}`);
    const known = await Promise.all(
      trial.hosts.map(async ({ host, pod }) => ({
        host,
        pod,
        below: await addressBelow(lab, host),
      })),
    );
    const workers = known.map(({ host }) => host);
    const since = await lab.ssh("worker-1", "date +%s.%N");
    for (const host of workers) {
      const others = known.filter((other) => other.host !== host);
      const peers = others.map(({ host: name, pod, below }) => [name, { pod, host: below }]);
      const order = JSON.stringify({ peers: Object.fromEntries(peers) as object });
      await lab.ssh(host, startProgram(order), readFileSync(PROGRAM, "utf8"));
    }
    return new Traffic(lab, workers, since);
  }

  /** Ends the traffic, after a while in which all is well again. */
  async stop(): Promise<Toll> {
    await sleep(SETTLE_MS);
    const seen = await Promise.all(
      this.workers.map(async (host) => {
        const told = await this.lab.ssh(
          host,
          "systemctl stop lab-traffic; tail -n 1 /run/lab-traffic",
        );
        return [host, JSON.parse(told) as Seen] as const;
      }),
    );
    const hosts = [...this.workers, ...this.lab.etcdHosts];
    const journals = hosts.map(async (host) => {
      const text = await this.lab.ssh(host, `${readErrors(this.since)} || true`);
      const lines = text.split("\n").filter((line) => !USUAL.some((known) => known.test(line)));
      return lines.flatMap((line) => (line === "" ? [] : [`${host}: ${line}`]));
    });
    return { ...addUp(seen), errors: (await Promise.all(journals)).flat() };
  }
}

function startProgram(order: string): string {
  return `cat >/run/pod-traffic.py; rm -f /run/lab-traffic
    systemd-run --quiet --collect --unit lab-traffic --property=StandardOutput=truncate:/run/lab-traffic \
      python3 /run/pod-traffic.py '${order}'
    for try in $(seq 100); do grep -q started /run/lab-traffic 2>/dev/null && exit; sleep 0.1; done
    journalctl -u lab-traffic | tail -n 20 >&2; exit 1`;
}

async function addressBelow(lab: Lab, host: string): Promise<string> {
  return await lab.ssh(
    host,
    "ip -4 -o address show dev wg0 | sed -E 's|.* inet ([0-9.]+)/.*|\\1|'",
  );
}

function addUp(seen: readonly (readonly [string, Seen])[]): Omit<Toll, "errors"> {
  const links = seen.flatMap(([host, { peers }]) =>
    Object.entries(peers).map(([peer, link]) => ({ name: `${host} -> ${peer}`, link })),
  );
  const sum = (of: (link: Link) => number): number =>
    links.reduce((total, { link }) => total + of(link), 0);
  return {
    connections: links.length,
    broken: links.flatMap(({ name, link }) =>
      link.tcp.broken === "" ? [] : [`${name}: ${link.tcp.broken}`],
    ),
    longestGapMs: Math.max(...links.map(({ link }) => link.tcp.longest_gap_ms)),
    pings: sum(({ pod }) => pod.sent),
    lost: sum(({ pod }) => pod.lost.length),
    lostBelow: sum(({ host }) => host.lost.length),
    lostAlone: sum(countLostAlone),
    counters: seen.flatMap(([host, { counters }]) =>
      Object.entries(counters).flatMap(([place, moved]) =>
        Object.entries(moved).map(([name, by]) => `${host} ${place} ${name} ${by}`),
      ),
    ),
  };
}

function countLostAlone({ pod, host }: Link): number {
  return pod.lost.filter(
    (when) => !host.lost.some((below) => Math.abs(below - when) <= SAME_SECOND),
  ).length;
}

/** No connection broke, no ping was lost for flannel's sake, nothing was counted as wrong, no error but these. */
export function expectHarmless(toll: Toll, expected: readonly RegExp[] = []): void {
  const told = JSON.stringify(toll, null, 1);
  expect(toll.pings, told).to.be.greaterThan(100);
  expect(toll.broken, told).to.deep.equal([]);
  expect(toll.lostAlone, told).to.equal(0);
  expect(toll.counters, told).to.deep.equal([]);
  const surprises = toll.errors.filter((line) => !expected.some((known) => known.test(line)));
  expect(surprises, told).to.deep.equal([]);
}

/** The columns of docs/upgrading.md. */
export const TOLL_COLUMNS: readonly string[] = [
  "What was done",
  "Connections broken",
  "Longest silence on one",
  "Pings lost between pods",
  "on the network below",
  "between pods alone",
];

/** A row for docs/upgrading.md. */
export function rowOf(what: string, toll: Toll): string {
  const { broken, connections, longestGapMs, lost, pings, lostBelow, lostAlone } = toll;
  const cells = [
    what,
    `${broken.length} of ${connections}`,
    `${(longestGapMs / 1000).toFixed(1)} s`,
    `${lost} of ${pings}`,
    lostBelow,
    lostAlone,
  ];
  return `| ${cells.join(" | ")} |`;
}
