// Kills the module with SIGKILL before everything it does to a host: each program that it starts, each process that
// it ends, and, together with it, each `ip` at every system call by which that changes the network. The next run
// goes on from there, and in the end the host is what it was.

import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { DeadlyPrograms } from "../../support/deadly-programs";
import { tryEach, tryEachCall } from "../../support/kill-points";
import { OverlayHost } from "../../support/overlay-hosts";
import { type Program, runKilledAt } from "../../support/system-calls";
import { scaled } from "../../support/tally";

interface Scenario {
  readonly what: string;
  /** Whether an echo is served already. */
  readonly isServing?: boolean;
  /** What is odd about the host. */
  readonly prepare?: string;
  readonly killed: object;
  /** What is run after it. */
  readonly next: object;
}

/** By netlink, and by the files that name a network namespace. */
const IP = {
  programs: { ip: "/usr/sbin/ip" },
  calls: ["mkdir", "mount", "openat", "sendmsg", "setns", "umount2", "unlink", "unshare"],
  changes: /^(?!openat|sendmsg)\w+\(|^openat\(.*O_CREAT|^sendmsg\(.*RTM_(?:NEW|DEL|SET)/,
};
const CALLS = ["clone", "vfork", "kill"] as const;
const FEWEST_POINTS = 250;
const LONGEST_TRIAL_MS = 15_000;

const SERVING = { state: "serving" };
const SILENT = { state: "silent" };
const GONE = { ipv4: { address: "10.200.2.77", port: 9, udp_port: 9, place: "pod" } };

const SCENARIOS: readonly Scenario[] = [
  { what: "a trial, which is begun once more", killed: SERVING, next: SERVING },
  { what: "a trial, which is then given up", killed: SERVING, next: SILENT },
  { what: "a trial after another", isServing: true, killed: SERVING, next: SERVING },
  { what: "the end of a trial", isServing: true, killed: SILENT, next: SILENT },
  {
    what: "a trial from an address that is lent to the host",
    prepare: "ip link delete flannel.1; echo 0 >/proc/sys/net/ipv4/ip_forward",
    killed: SERVING,
    next: SERVING,
  },
  {
    what: "the end of a trial from an address that is lent to the host",
    prepare: "ip link delete flannel.1; echo 0 >/proc/sys/net/ipv4/ip_forward",
    isServing: true,
    killed: SILENT,
    next: SILENT,
  },
  {
    what: "packets to other hosts",
    isServing: true,
    killed: { state: "tried", peers: { "worker-2": GONE } },
    next: SILENT,
  },
];

/** All of a host that the module could change, without what comes and goes by itself; iproute2 keeps its folder. */
const LOOK = `ip -o link | cut -d' ' -f2; { ip -o address; ip route show table all; ip -6 route show table all; } |
    grep -v -e fe80: -e ff00: -e anycast | sed 's/ linkdown//; s/ tentative//'
  ip neigh show nud permanent; iptables-save | grep ^-; ip6tables-save | grep ^-
  find /run -mindepth 1 ! -path /run/netns; grep -o '/run/netns/flannel-overlay .*' /proc/mounts
  grep -H . /proc/sys/net/ipv[46]/conf/all/*forwarding /proc/sys/net/ipv[46]/conf/all/rp_filter
  grep -alz 'flannel_overla[y]' /proc/[0-9]*/cmdline | wc -l`;

describe("flannel_overlay: killed at any moment", function () {
  this.timeout(1_800_000);
  let library: string;
  let points = 0;

  before(() => {
    library = buildModule("flannel_overlay");
  });
  after(() => {
    rmSync(library, { recursive: true });
    console.log(`      ${points} points in all`);
    expect(points).to.be.at.least(scaled(FEWEST_POINTS));
  });

  async function succeed(host: OverlayHost, options: object, at: string) {
    const result = await host.run(library, options);
    expect(result["failed"], `${at}: ${JSON.stringify(result)}`).to.equal(undefined);
    return result;
  }

  /** A host of its own for each point. */
  async function withHost<Found>(
    { prepare = ":", isServing }: Scenario,
    act: (host: OverlayHost, before: string) => Promise<Found>,
  ): Promise<Found> {
    const host = new OverlayHost(1);
    try {
      await host.up();
      await host.configure({ isAlone: true });
      await host.sh(prepare);
      const before = await lookAt(host);
      if (isServing === true) await succeed(host, SERVING, "before");
      return await act(host, before);
    } finally {
      host.down();
    }
  }

  const lookAt = (host: OverlayHost): Promise<string> =>
    host.sh(`{ ${LOOK}; } 2>/dev/null || true`);

  /** A trial that has lost its module ends by itself. */
  async function expectNothingLeft(host: OverlayHost, before: string, at: string): Promise<void> {
    const until = Date.now() + LONGEST_TRIAL_MS;
    while ((await lookAt(host)) !== before && Date.now() < until) await sleep(200);
    expect(await lookAt(host), at).to.equal(before);
  }

  async function expectHealed(host: OverlayHost, next: object, before: string, at: string) {
    const healed = await succeed(host, next, at);
    if (next === SERVING) {
      expect(healed, at).to.have.nested.property("echo.ipv6.place", "pod");
      await succeed(host, SILENT, at);
    }
    expect((await succeed(host, SILENT, at))["changes"], at).to.deep.equal([]);
    await expectNothingLeft(host, before, at);
  }

  /** Kills a run on a host of its own, and heals it. */
  const tryPoint = (
    scenario: Scenario,
    at: string,
    kill: (program: Program) => Promise<boolean>,
  ): Promise<boolean> =>
    withHost(scenario, async (host, before) => {
      if (!(await kill(host.program(library, scenario.killed)))) return false;
      await expectHealed(host, scenario.next, before, `killed at ${at}`);
      return true;
    });

  /** With an `ip` of its own for each run. */
  async function withDeadlyIp<Found>(
    order: (ip: DeadlyPrograms) => void,
    program: Program,
    read: (ip: DeadlyPrograms) => Found,
  ): Promise<Found> {
    const ip = new DeadlyPrograms(IP);
    try {
      order(ip);
      await ip.run(program);
      return read(ip);
    } finally {
      ip.remove();
    }
  }

  for (const scenario of SCENARIOS) {
    it(`in ${scenario.what}, before it starts or ends a program`, async () => {
      points += await tryEachCall(CALLS, (moment) =>
        tryPoint(scenario, `${moment.call} ${moment.nth}`, (program) =>
          runKilledAt(program, moment),
        ),
      );
    });

    it(`in ${scenario.what}, with what it has started`, async () => {
      const moments = await withHost(scenario, (host) =>
        withDeadlyIp(
          (ip) => {
            ip.trace();
          },
          host.program(library, scenario.killed),
          (ip) => ip.listMoments(),
        ),
      );
      points += await tryEach(moments, (moment) =>
        tryPoint(scenario, `${moment.call} ${moment.nth} of ip ${moment.program}`, (program) =>
          withDeadlyIp(
            (ip) => {
              ip.arm(moment);
            },
            program,
            (ip) => ip.isDead,
          ),
        ),
      );
    });
  }
});
