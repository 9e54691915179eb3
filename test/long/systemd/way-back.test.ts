// kill -9 at every effect of a change that breaks the daemon: nobody runs anything after it, and shortly
// the daemon of before carries packets again, with everything as it was.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { NEW_FLANNEL, SystemdLab } from "../../support/systemd-lab";
import { scaled, stride, tally } from "../../support/tally";

const MOST_EFFECTS = 60;
const CERTS = "/var/lib/kubernetes";
const CA = `${CERTS}/ca-etcd.pem`;
const KEPT = `${CERTS}/.flanneld-before`;
/** The watcher looks once a second; a daemon takes up to a few for its start. */
const SHORTLY_MS = 60_000;
/** All points together, so that a change that has become one without effects is noticed. */
const FEWEST_POINTS = 60;

interface Scenario {
  readonly what: string;
  /** What else is done to the host before the run that is killed. */
  readonly prepare?: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Whether the host has all it had: prints "as before". */
  readonly check: string;
}

const SCENARIOS: readonly Scenario[] = [
  {
    what: "a flag with which it finds no etcd",
    overrides: { settings: { "etcd-endpoints": "https://127.0.0.1:9" } },
    check: "! grep -q 127.0.0.1:9 /etc/systemd/system/flanneld.service && echo as before",
  },
  {
    what: "a secret, and a directive that systemd cannot carry out",
    overrides: {
      settings: { "etcd-password": "hunter2-hunter2" },
      extra_directives: { Service: { ReadWritePaths: "/no/such/place", ProtectSystem: "strict" } },
    },
    check: "[ ! -e /etc/flannel/flanneld.env ] && echo as before",
  },
  {
    what: "a certificate that etcd's is not signed by",
    prepare: `mkdir -p ${KEPT}; ln -f ${CA} ${KEPT}/ca-etcd.pem; cp /root/other-ca.pem ${CA}.new; mv ${CA}.new ${CA}`,
    overrides: { previous_files: KEPT },
    check: `cmp -s /root/good-ca.pem ${CA} && echo as before`,
  },
  {
    what: "a binary that ends at once",
    prepare: `ln -f /usr/local/sbin/flanneld /usr/local/sbin/.flanneld.previous-${NEW_FLANNEL}
      install -m 0755 /bin/false /usr/local/sbin/.f && mv /usr/local/sbin/.f /usr/local/sbin/flanneld`,
    overrides: {},
    check: `cmp -s /opt/flanneld-${NEW_FLANNEL} /usr/local/sbin/flanneld && echo as before`,
  },
];

describe("flannel_unit on systemd: a node finds its own way back", function () {
  this.timeout(1_800_000);
  const lab = SystemdLab.forSuite("way-back");
  let points = 0;
  let slowestMs = 0;

  before(async () => {
    await lab.copy(join(__dirname, "kill-at.mjs"), "worker-1", "/root/kill-at.mjs");
    await lab.sh(
      "worker-1",
      `cp ${CA} /root/good-ca.pem
       openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout /dev/null -out /root/other-ca.pem 2>/dev/null`,
    );
    const other = await lab.run(daemon(), "worker-2");
    expect(other["failed"], other.msg).to.equal(undefined);
  });

  function daemon(overrides: Readonly<Record<string, unknown>> = {}) {
    return lab.daemon({ required_by: [], wait_timeout: 4, ...overrides });
  }

  /** The way a packet takes between the hosts' pods: by the device to the other host's subnet. */
  async function carriesPackets(): Promise<boolean> {
    const subnet = await lab.sh("worker-2", "sed -n s/FLANNEL_SUBNET=//p /run/flannel/subnet.env");
    const peer = subnet.trim().replace(/\.\d+\/\d+$/, ".0");
    const answer = await lab.sh(
      "worker-1",
      `systemctl is-active -q flanneld && ping -c1 -W2 ${peer} >/dev/null 2>&1 && echo yes || echo no`,
    );
    return answer === "yes\n";
  }

  async function pidOfDaemon(): Promise<string> {
    return await lab.sh("worker-1", "systemctl show -P MainPID flanneld");
  }

  async function isAsBefore(check: string): Promise<boolean> {
    const answer = await lab.sh(
      "worker-1",
      `systemctl is-active -q flanneld-way-back && exit; { ${check}; } || true`,
    );
    return answer === "as before\n" && (await carriesPackets());
  }

  async function restore(): Promise<void> {
    await lab.sh(
      "worker-1",
      `rm -rf ${KEPT}; cmp -s /root/good-ca.pem ${CA} || cp /root/good-ca.pem ${CA}
       cmp -s /opt/flanneld-${NEW_FLANNEL} /usr/local/sbin/flanneld ||
         { install -m 0750 /opt/flanneld-${NEW_FLANNEL} /usr/local/sbin/.f && mv /usr/local/sbin/.f /usr/local/sbin/flanneld; }`,
    );
    const result = await lab.run(daemon({ previous_files: KEPT }));
    expect(result["failed"], result.msg).to.equal(undefined);
    expect(await carriesPackets()).to.equal(true);
  }

  for (const { what, prepare, overrides, check } of SCENARIOS) {
    it(`from ${what}, wherever it is killed`, async () => {
      for (let effect = 1; ; effect += stride()) {
        expect(effect).to.be.at.most(MOST_EFFECTS);
        await restore();
        if (prepare !== undefined) await lab.sh("worker-1", prepare);
        const pid = await pidOfDaemon();
        const exit = await lab.sh(
          "worker-1",
          "node --import /root/kill-at.mjs /root/flannel_unit.cjs >/dev/null 2>&1 && echo done || echo $?",
          { input: JSON.stringify(daemon(overrides)), env: { KILL_AT: String(effect) } },
        );
        const diedAt = Date.now();
        // A daemon that has not been touched yet needs no way back; what the play has brought is still there.
        const isUntouched = async () => (await pidOfDaemon()) === pid && (await carriesPackets());
        while (!(await isUntouched()) && !(await isAsBefore(check))) {
          const text = `killed at ${effect} (${exit.trim()}): not back after ${SHORTLY_MS} ms`;
          expect(Date.now() - diedAt, text).to.be.lessThan(SHORTLY_MS);
          await sleep(500);
        }
        slowestMs = Math.max(slowestMs, Date.now() - diedAt);
        if (exit !== "137\n") return;
        points += 1;
        tally();
      }
    });
  }

  it("at many points, and soon", () => {
    console.log(`      ${points} points, the slowest way back took ${slowestMs} ms`);
    expect(points).to.be.at.least(scaled(FEWEST_POINTS));
  });
});
