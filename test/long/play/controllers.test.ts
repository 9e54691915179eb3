// Two or three controllers play the role on the same hosts at once, with the same and with different declarations. Each
// ends well, or says what is in its way; no daemon is started more often than a run tells of, and the next run settles all.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";
import { isTorture, scaled, tally } from "../../support/tally";

const PLAYBOOK = "molecule/shared/converge.yml";
const UNIT = "Run flanneld as a systemd service";
const WORKERS = ["worker-1", "worker-2", "worker-3", "worker-4", "worker-5"];
const [OLD, NEW] = ["v0.28.9", "v0.28.10"];
const ROUNDS = 45;
/** The second one begins this long after the first at most. */
const LATE_MS = 3_000;
/** What a run says that met another one. */
const MET = /another run|again and again|someone else has changed it/;

type Declared = Readonly<Record<string, unknown>>;

const network = (vni: number): Declared => ({
  ...{ flannel_network_if_exists: "update", flannel_network_allow_disruptive: true },
  flannel_network_config: { Backend: { Type: "vxlan", VNI: vni } },
});
const daemon = (version: string, verbosity: number): Declared => ({
  ...{ flannel_version: version, flannel_settings_user: { v: verbosity } },
});

/** What the controllers of a round declare; there are as many of them as declarations. */
const KINDS: readonly (readonly [string, (round: number) => readonly Declared[]])[] = [
  ["the same twice", (round) => Array<Declared>(2).fill(daemon(round % 2 ? OLD : NEW, round))],
  ["the same thrice", (round) => Array<Declared>(3).fill(daemon(round % 2 ? NEW : OLD, round))],
  ["two settings", (round) => [daemon(OLD, round + 1), daemon(OLD, round + 2)]],
  ["three releases and settings", () => [daemon(NEW, 1), daemon(OLD, 2), daemon(NEW, 3)]],
  ["two networks", (round) => [network(round + 2), network(round + 3)]],
];

describe("controllers at once", function () {
  before(function () {
    if (!isTorture) this.skip(); // an hour
  });

  this.timeout(7_200_000);
  const lab = new Lab("test-controllers", {
    LAB_WORKERS: String(WORKERS.length),
    LAB_ETCD: "1",
    LAB_FLANNEL_VERSIONS: `${OLD} ${NEW}`,
  });

  before(async () => {
    await lab.upWithEtcd();
    await play(daemon(OLD, 0));
  });
  after(async () => {
    await lab.down();
  });

  const start = (declared: Declared): Promise<PlayRun> =>
    lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(declared)]);

  async function play(declared: Declared): Promise<PlayRun> {
    const run = await start(declared);
    expect(run.exitCode, run.output).to.equal(0);
    return run;
  }

  const eachHost = (command: string): Promise<readonly string[]> =>
    Promise.all(WORKERS.map((host) => lab.ssh(host, command)));

  /** How often each daemon was started since, by whomever. */
  const startsSince = async (moment: string): Promise<readonly number[]> => {
    const count = `journalctl -q -o cat -u flanneld --since @${moment} | grep -c '^Started ' || true`;
    return (await eachHost(count)).map(Number);
  };

  async function race(declarations: readonly Declared[]): Promise<readonly PlayRun[]> {
    return await Promise.all(
      declarations.map(async (declared, index) => {
        await sleep(index * Math.random() * LATE_MS);
        return start(declared);
      }),
    );
  }

  function expectTold(runs: readonly PlayRun[]): void {
    for (const { exitCode, output } of runs) {
      if (exitCode !== 0) expect(output).to.match(MET);
    }
  }

  /** A daemon is started for a run that says so: once, or where the run failed to be tried, put back, and taken back. */
  function expectCalm(runs: readonly PlayRun[], starts: readonly number[], at: string): void {
    for (const [index, host] of WORKERS.entries()) {
      const told = runs
        .filter(({ changed, failed }) => [...changed, ...failed].includes(`${host}: ${UNIT}`))
        .map(({ exitCode }) => (exitCode === 0 ? 1 : 3));
      const most = told.reduce((sum, count) => sum + count, 0);
      expect(starts[index], `${at}: starts on ${host}`).to.be.at.most(most);
    }
  }

  for (const [kind, declare] of KINDS) {
    it(`with ${kind}: each ends well or says why not, and the next one settles it`, async () => {
      for (let round = 0; round < scaled(ROUNDS / KINDS.length); round++) {
        const declarations = declare(round);
        const at = `${kind}, round ${round}`;
        const since = (await lab.ssh("worker-1", "date +%s.%N")).trim();
        const runs = await race(declarations);
        const starts = await startsSince(since);
        expectTold(runs);
        expectCalm(runs, starts, at);
        const last = declarations.at(-1) ?? {};
        await play(last);
        const again = await play(last);
        expect(again.changed, `${at}: ${again.output}`).to.deep.equal([]);
        expect((await lab.tryPods()).ok, at).to.equal(true);
        tally(declarations.length);
      }
    });
  }
});
