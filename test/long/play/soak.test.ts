// A lab that lives through what weeks bring, one day in each round: new certificates, deaths, upgrades, downgrades, members
// of etcd that restart, a network that goes away. Pods reach each other after each of them, and nothing grows.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { FEWEST_ROUNDS, type Measures, findGrowth } from "../../support/growth";
import { tracesOf } from "../../support/host-traces";
import { Lab, type PlayRun } from "../../support/lab";
import { isTorture, scaled, tally } from "../../support/tally";

const PLAYBOOK = "molecule/shared/converge.yml";
const WORKERS = ["worker-1", "worker-2"];
const [OLD, NEW] = ["v0.28.9", "v0.28.10"];
/** Of about a minute each. */
const ROUNDS = 60;
/** Until pods reach each other again. */
const SHORTLY_MS = 60_000;
const CUT_MS = 3_000;

const COUNTS: Readonly<Record<string, string>> = {
  devices: "ip -o link | wc -l",
  rules: "iptables-save | grep -c ^-A; true",
  nftables: "nft list ruleset 2>/dev/null | wc -l",
  routes: "ip route show table all | wc -l",
  neighbours: "ip neigh show dev flannel.1 | wc -l",
  "forwarding entries": "bridge fdb show dev flannel.1 | wc -l",
  addresses: "ip -o address | wc -l",
  daemons: "pgrep -c '^(flanneld|node)'; true",
  "units in memory": "systemctl list-units --all --plain --no-legend | wc -l",
  "open files": "ls /proc/$(systemctl show flanneld -P MainPID)/fd | wc -l",
  "memory in KiB": "awk '/^VmRSS/ { print $2 }' /proc/$(systemctl show flanneld -P MainPID)/status",
};

describe("a lab for weeks", function () {
  before(function () {
    if (!isTorture) this.skip(); // an hour
  });

  this.timeout(7_200_000);
  const lab = new Lab("test-soak", {
    LAB_WORKERS: String(WORKERS.length),
    LAB_ETCD: "3",
    LAB_UNDERLAY: "wire",
    LAB_FLANNEL_VERSIONS: `${OLD} ${NEW}`,
  });
  let declared: Readonly<Record<string, unknown>> = {};
  let slowestMs = 0;

  before(async () => {
    await lab.upWithEtcd();
  });
  after(async () => {
    await lab.down();
  });

  async function play(variables: typeof declared = declared): Promise<PlayRun> {
    declared = variables;
    const run = await lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables)]);
    expect(run.exitCode, run.output).to.equal(0);
    return run;
  }

  const EVENTS: readonly (readonly [string, (round: number) => Promise<unknown>])[] = [
    ["an upgrade", () => play({ flannel_version: NEW, flannel_settings_user: { v: 1 } })],
    [
      "new certificates",
      async () => {
        await lab.renewCertificates();
        await play();
      },
    ],
    [
      "the death of a daemon",
      (round) => lab.ssh(oneOf(WORKERS, round), "systemctl kill -s KILL flanneld"),
    ],
    [
      "a member of etcd that restarts",
      (round) => lab.ssh(oneOf(lab.etcdHosts, round), "systemctl restart etcd"),
    ],
    [
      "a network that goes away",
      async () => {
        await lab.wire("worker-1 <-> * cut");
        await sleep(CUT_MS);
        await lab.wire();
      },
    ],
    [
      "a daemon that is restarted",
      (round) => lab.ssh(oneOf(WORKERS, round + 1), "systemctl restart flanneld"),
    ],
    ["a downgrade", () => play({ flannel_version: OLD })],
  ];

  async function expectPods(after: string): Promise<void> {
    const begunMs = Date.now();
    for (;;) {
      const trial = await lab.tryPods();
      if (trial.ok) break;
      expect(Date.now() - begunMs, `${after}: ${JSON.stringify(trial)}`).to.be.below(SHORTLY_MS);
      await sleep(500);
    }
    slowestMs = Math.max(slowestMs, Date.now() - begunMs);
  }

  async function measure(): Promise<Measures> {
    const names = Object.keys(COUNTS);
    const hosts = WORKERS.map(async (host) => {
      const told = await lab.ssh(host, Object.values(COUNTS).join("\n"));
      const numbers = told.trim().split("\n").map(Number);
      const traces = await tracesOf(lab, host);
      return [
        ...names.map((name, index) => [`${host} ${name}`, numbers[index] ?? NaN]),
        [`${host} files and units`, traces.length],
      ] as [string, number][];
    });
    const subnets = Number(await lab.ssh("etcd-1", COUNT_SUBNETS));
    return Object.fromEntries([...(await Promise.all(hosts)).flat(), ["subnets in etcd", subnets]]);
  }

  it("carries pods after everything that happens, and nothing grows", async () => {
    await play({ flannel_version: OLD });
    const rounds: Measures[] = [];
    for (let round = 0; round < Math.max(FEWEST_ROUNDS, scaled(ROUNDS)); round++) {
      for (const [what, happen] of EVENTS) {
        await happen(round);
        await expectPods(`round ${round}: ${what}`);
        tally();
      }
      const again = await play();
      expect(again.changed, again.output).to.deep.equal([]);
      const measured = await measure();
      expect(Object.values(measured).filter(Number.isNaN), JSON.stringify(measured)).to.deep.equal(
        [],
      );
      expect(measured["subnets in etcd"]).to.equal(WORKERS.length);
      rounds.push(measured);
      tally();
    }
    console.log(
      `      ${rounds.length} rounds, the longest way back took ${slowestMs} ms; in the end:`,
    );
    console.log(`      ${JSON.stringify(rounds.at(-1))}`);
    const isMemory = (name: string): boolean => name.endsWith("KiB");
    expect(findGrowth(rounds, (name) => ({ share: isMemory(name) ? 0.25 : 0 }))).to.deep.equal([]);
  });
});

/** Keys, not leases: flannel takes a new lease for its key at each start, and leaves the old one to its 24 hours. */
const COUNT_SUBNETS = `cd /etc/etcd; export ETCDCTL_API=3
  tls='--cacert ca-etcd.pem --cert cert-etcd.pem --key cert-etcd-key.pem --endpoints https://127.0.0.1:2379'
  etcdctl $tls get --prefix --keys-only /kubernetes-cluster/network/subnets | grep -c .`;

function oneOf<T>(list: readonly T[], round: number): T {
  const one = list[round % list.length];
  if (one === undefined) throw new Error("nothing to choose from");
  return one;
}
