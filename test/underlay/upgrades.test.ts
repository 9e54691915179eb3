// What pods notice of what is done to flannel below them: one TCP connection for each pair of hosts and direction, open
// throughout, and pings. Next to them the network below is pinged, as the control. Prints the table of docs/upgrading.md.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { Lab, type PlayRun } from "../support/lab";
import { TOLL_COLUMNS, Traffic, expectHarmless, rowOf } from "../support/traffic";

const OLD = { flannel_version: "v0.15.1" };
const NEW = { flannel_version: "v0.28.10", flannel_network_migrate_from_v2: true };
const PLAYBOOK = "molecule/shared/converge.yml";

describe("the pods' connections", function () {
  this.timeout(600_000);
  const lab = new Lab("test-upgrades", {
    LAB_WORKERS: "3",
    LAB_ETCD: "3",
    LAB_ETCD_V2: "true",
    LAB_UNDERLAY: "wire",
    LAB_FLANNEL_VERSIONS: `${OLD.flannel_version} ${NEW.flannel_version}`,
  });
  const rows: string[] = [];

  before(async () => {
    await lab.upWithEtcd();
    await succeed(OLD);
  });
  after(async () => {
    await lab.down();
    console.log(
      [`| ${TOLL_COLUMNS.join(" | ")} |`, ...rows].map((row) => `      ${row}`).join("\n"),
    );
  });

  async function play(variables: object): Promise<PlayRun> {
    return await lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables)]);
  }

  async function succeed(variables: object): Promise<PlayRun> {
    const run = await play(variables);
    expect(run.exitCode, run.output).to.equal(0);
    return run;
  }

  /** Runs the role, which has to replace every daemon. */
  async function replaceDaemons(variables: object): Promise<void> {
    const before = await startsOf();
    await succeed(variables);
    const kept = (await startsOf()).filter((start) => before.includes(start));
    expect(kept).to.deep.equal([]);
  }

  const startsOf = (): Promise<readonly string[]> =>
    Promise.all(
      [1, 2, 3].map((number) =>
        lab.ssh(`worker-${number}`, "systemctl show flanneld -P ExecMainStartTimestampMonotonic"),
      ),
    );

  async function loseLeader(): Promise<void> {
    const leader = await lab.ssh("etcd-1", FIND_LEADER);
    await lab.wire(`${leader} <-> * cut`);
    await sleep(10_000);
    const witness = leader === "etcd-1" ? "etcd-2" : "etcd-1";
    expect(await lab.ssh(witness, FIND_LEADER))
      .to.match(/^etcd-\d$/)
      .and.not.equal(leader);
    await lab.wire();
  }

  /** [what is done, how, the errors in journals that belong to it]. */
  const SCENARIOS: readonly (readonly [string, () => Promise<void>, ...RegExp[]])[] = [
    [
      "a run that has nothing to do",
      async () => {
        expect((await succeed(OLD)).changed).to.deep.equal([]);
      },
    ],
    [
      "an upgrade that does not come up, and is rolled back",
      async () => {
        const run = await play({ ...NEW, flannel_systemd_execstartpre: "/bin/false" });
        expect(run.failed).to.have.length(3);
      },
      /: Failed to start flanneld\.service/,
    ],
    ["v0.15.1 -> v0.28.10", () => replaceDaemons(NEW)],
    [
      "a new client certificate for etcd",
      async () => {
        await lab.renewCertificates();
        await replaceDaemons(NEW);
      },
    ],
    [
      "loss of etcd's leader",
      loseLeader,
      /^etcd-\d: failed to (?:read|dial) [0-9a-f]+ on stream .*(?:i\/o timeout|connection reset by peer)/,
    ],
    [
      "five seconds without a network between two hosts",
      async () => {
        await lab.wire("worker-1 <-> worker-2 cut");
        await sleep(5000);
        await lab.wire();
      },
    ],
    ["v0.28.10 -> v0.15.1", () => replaceDaemons(OLD)],
  ];

  for (const [what, act, ...expected] of SCENARIOS) {
    it(`live through ${what}`, async () => {
      const traffic = await Traffic.start(lab);
      await act();
      const toll = await traffic.stop();
      rows.push(rowOf(what, toll));
      expectHarmless(toll, expected);
    });
  }
});

const CERTIFICATES = "--cacert ca-etcd.pem --cert cert-etcd.pem --key cert-etcd-key.pem";
const FIND_LEADER = `cd /etc/etcd; export ETCDCTL_API=3
  for number in 1 2 3; do
    etcdctl --command-timeout=2s ${CERTIFICATES} --endpoints https://10.8.0.10$number:2379 endpoint status 2>/dev/null |
      grep -q ', true, ' && echo etcd-$number && break
  done`;
