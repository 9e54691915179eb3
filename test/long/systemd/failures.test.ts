// A daemon that does not come up: every cause provoked for real, named with its remedy, and the
// daemon that carried pods before put back.

import { expect } from "chai";

import { NETWORK, OLD_FLANNEL, PREFIX, type Result, SystemdLab } from "../../support/systemd-lab";

interface Failure extends Result {
  readonly causes: readonly { readonly cause: string; readonly remedy: string }[];
  readonly journal: readonly string[];
}

describe("flannel_unit on systemd: failures", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("fail");

  async function runToFailure(args: Record<string, unknown>): Promise<Failure> {
    const result = await lab.run({ wait_timeout: 4, ...args });
    expect(result["failed"], result.msg).to.equal(true);
    expect(result).to.include({ error_code: "service", changed: true });
    expect(result).to.include.keys("unit_path", "restart_reasons", "active_state", "main_pid");
    const failure = result as Failure;
    expect(failure.journal.length).to.be.within(1, 30);
    return failure;
  }

  async function pidOfDaemon(): Promise<string> {
    return (await lab.sh("worker-1", "systemctl show -P MainPID flanneld")).trim();
  }

  interface Case {
    readonly what: string;
    readonly cause: string;
    readonly prepare?: () => Promise<unknown>;
    readonly undo?: () => Promise<unknown>;
    readonly overrides: Readonly<Record<string, unknown>>;
  }
  const old = { flannel_version: OLD_FLANNEL, binary: `/opt/flanneld-${OLD_FLANNEL}` };
  const cases: Case[] = [
    {
      what: "etcd down",
      cause: "etcd does not answer",
      prepare: async () => {
        await lab.stopEtcd();
      },
      undo: async () => {
        await lab.startEtcd();
      },
      overrides: {},
    },
    {
      what: "etcd down, v2 API",
      cause: "etcd cannot be reached",
      prepare: async () => {
        await lab.stopEtcd();
      },
      undo: async () => {
        await lab.startEtcd();
      },
      overrides: old,
    },
    {
      what: "a wrong prefix",
      cause: "etcd holds no network configuration",
      overrides: { settings: { "etcd-prefix": "/nothing" } },
    },
    {
      what: "a wrong prefix, v2 API",
      cause: "etcd holds no network configuration",
      overrides: { ...old, settings: { "etcd-prefix": "/nothing" } },
    },
    {
      what: "a key that is not the certificate's",
      cause: "TLS with etcd fails",
      prepare: async () =>
        await lab.sh(
          "worker-1",
          "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout /root/k.pem -out /root/c.pem 2>/dev/null",
        ),
      overrides: {
        ...old,
        settings: { "etcd-certfile": "/root/c.pem", "etcd-keyfile": "/root/k.pem" },
      },
    },
    {
      what: "a certificate authority that did not sign etcd's certificate",
      cause: "TLS with etcd fails",
      prepare: async () =>
        await lab.sh(
          "worker-1",
          "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -keyout /root/k.pem -out /root/c.pem 2>/dev/null",
        ),
      overrides: { ...old, settings: { "etcd-cafile": "/root/c.pem" } },
    },
    {
      what: "no matching interface",
      cause: "flannel finds no network interface",
      overrides: { settings: { iface: null, "iface-regex": "^nosuch" } },
    },
    {
      what: "a port that is taken",
      cause: "the healthz address or port is in use",
      prepare: async () =>
        await lab.sh(
          "worker-1",
          "systemd-run --quiet --unit squatter python3 -m http.server 18081",
        ),
      undo: async () => await lab.sh("worker-1", "systemctl stop squatter"),
      overrides: { settings: { "healthz-port": 18081 } },
    },
    {
      what: "a network without free subnets",
      cause: "no free subnet left",
      prepare: async () => {
        await lab.writeNetworkConfig(
          {
            Network: "10.202.0.0/24",
            SubnetLen: 26,
            SubnetMin: "10.202.0.64",
            SubnetMax: "10.202.0.64",
            Backend: { Type: "vxlan" },
          },
          "/small",
        );
        const daemon = lab.daemon({
          settings: { "etcd-prefix": "/small" },
          network: "10.202.0.0/24",
        });
        expect(await lab.run(daemon, "worker-2")).not.to.have.property("failed");
      },
      overrides: { settings: { "etcd-prefix": "/small" }, network: "10.202.0.0/24" },
    },
    {
      what: "an invalid network configuration",
      cause: "the network configuration in etcd is not valid",
      prepare: async () => {
        await lab.writeNetworkConfig(
          { Network: "10.203.0.0/29", Backend: { Type: "vxlan" } },
          "/bad",
        );
      },
      overrides: { settings: { "etcd-prefix": "/bad" }, network: "10.203.0.0/29" },
    },
    {
      what: "an unknown backend",
      cause: "the network configuration in etcd is not valid",
      prepare: async () => {
        await lab.writeNetworkConfig(
          { Network: "10.204.0.0/16", Backend: { Type: "nosuch" } },
          "/odd",
        );
      },
      overrides: { settings: { "etcd-prefix": "/odd" }, network: "10.204.0.0/16" },
    },
    {
      what: "a subnet file that cannot be written",
      cause: "flannel is not allowed to write its subnet file",
      overrides: { extra_directives: { Service: { ReadOnlyPaths: "/run/flannel" } } },
    },
    {
      what: "a flag of another release",
      cause: "does not accept its command line",
      overrides: { ...old, flannel_version: "v0.28.9", settings: { "ip-blackhole-route": true } },
    },
    {
      what: "a command before the start that fails",
      cause: "a command of exec_start_pre or exec_start_post failed",
      overrides: { exec_start_pre: "/bin/false" },
    },
    {
      what: "a binary that is none",
      cause: "a program of the unit cannot be executed",
      prepare: async () =>
        await lab.sh("worker-1", "echo nonsense > /opt/broken; chmod 755 /opt/broken"),
      overrides: { binary: "/opt/broken" },
    },
  ];

  for (const { what, cause, prepare, undo, overrides } of cases) {
    it(`explains ${what} and rolls back`, async () => {
      const before = await lab.run(lab.daemon());
      expect(before["failed"], before.msg).to.equal(undefined);
      const unit = await lab.sh("worker-1", "cat /etc/systemd/system/flanneld.service");
      await prepare?.();
      try {
        // A changed flag makes sure that there is something to roll back.
        const daemon = lab.daemon(overrides);
        const settings = { v: 1, ...(daemon["settings"] as object) };
        const result = await runToFailure({ ...daemon, settings, wait_timeout: 4 });
        const named = result.causes.map((entry) => entry.cause).join("; ");
        expect(named, result.journal.join("\n")).to.contain(cause);
        expect(result.msg).to.contain(`cause: ${result.causes[0]?.cause ?? ""}`);
        expect(result["rolled_back"], result.msg).to.equal(true);
        expect(await lab.sh("worker-1", "cat /etc/systemd/system/flanneld.service")).to.equal(unit);
      } finally {
        await undo?.();
      }
      const healed = await lab.run(lab.daemon());
      expect(healed["failed"], healed.msg).to.equal(undefined);
      expect(healed["active_state"]).to.equal("active");
    });
  }

  it("takes kube-subnet-mgr up to the daemon's own arguments, with no etcd", async () => {
    await lab.run(lab.daemon());
    await lab.sh(
      "worker-1",
      `mkdir -p /etc/flannel; echo '{"Network":"${NETWORK}","Backend":{"Type":"vxlan"}}' > /etc/flannel/net-conf.json
       printf 'apiVersion: v1\\nkind: Config\\nclusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]\\ncontexts: [{name: c, context: {cluster: c, user: u}}]\\nusers: [{name: u, user: {}}]\\ncurrent-context: c\\n' > /etc/flannel/kubeconfig`,
    );
    const daemon = lab.daemon({ environment: { NODE_NAME: "worker-1" } });
    const settings = {
      "kube-subnet-mgr": true,
      "kubeconfig-file": "/etc/flannel/kubeconfig",
      "net-config-path": "/etc/flannel/net-conf.json",
      iface: "lab-eth0",
    };
    const refused = await lab.run({
      ...daemon,
      settings: { ...settings, "net-config-path": "/missing" },
    });
    expect(refused.msg).to.contain("net-config-path: /missing: no such file");
    const result = await runToFailure({ ...daemon, settings, wait_timeout: 15 });
    const logged = result.journal.find((line) => line.includes("CLI flags config")) ?? "";
    expect(logged)
      .to.contain("kubeSubnetMgr:true")
      .and.contain("netConfPath:/etc/flannel/net-conf.json");
    expect(result.causes.map(({ cause }) => cause).join(), result.journal.join("\n")).to.equal(
      "flannel cannot work with the Kubernetes API (kube-subnet-mgr)",
    );
    expect(result["rolled_back"]).to.equal(true);
    await lab.sh("worker-1", "rm -r /etc/flannel");
  });

  it("refuses an interface or a file that does not exist before anything is written", async () => {
    await lab.run(lab.daemon());
    const pid = await pidOfDaemon();
    const result = await lab.run(
      lab.daemon({ settings: { iface: "wg7", "etcd-cafile": "/nowhere/ca.pem" } }),
    );
    expect(result).to.include({ failed: true, changed: false, error_code: "not_found" });
    expect(result.msg).to.contain("iface: wg7").and.contain("etcd-cafile: /nowhere/ca.pem");
    expect(await pidOfDaemon()).to.equal(pid);
  });

  it("does not roll back when told so, and heals with the right options", async () => {
    await lab.run(lab.daemon());
    const result = await runToFailure({
      ...lab.daemon({ settings: { "etcd-prefix": "/nothing" } }),
      rollback: false,
      wait_timeout: 4,
    });
    expect(result["rolled_back"]).to.equal(false);
    expect(result.msg).to.contain("rollback: false");
    expect(await lab.sh("worker-1", "cat /etc/systemd/system/flanneld.service")).to.contain(
      "-etcd-prefix=/nothing",
    );
    const healed = await lab.run(lab.daemon());
    expect(healed["failed"], healed.msg).to.equal(undefined);
    expect((await lab.run(lab.daemon())).changed).to.equal(false);
  });

  it("shows no password in message, journal and causes", async () => {
    await lab.run(lab.daemon());
    const settings = { "etcd-prefix": "/nothing", "etcd-password": "hunter2-hunter2" };
    const result = await runToFailure({ ...lab.daemon({ settings }), wait_timeout: 4 });
    expect(JSON.stringify(result))
      .to.contain("etcdPassword:********")
      .and.not.to.contain("hunter2");
    // The environment file did not exist before, so it is gone again.
    expect(await lab.sh("worker-1", "ls /etc/flannel")).to.equal("");
  });

  it("puts a replaced binary back, with pods talking all the while", async () => {
    await lab.run(lab.daemon());
    await lab.run(lab.daemon(), "worker-2");
    const pod = async (host: string) =>
      await lab.sh(
        host,
        `. /run/flannel/subnet.env
         ip netns add pod; ip link add veth0 type veth peer name eth0 netns pod
         ip addr add $FLANNEL_SUBNET dev veth0; ip link set veth0 up mtu $FLANNEL_MTU
         address=\${FLANNEL_SUBNET%.1/*}.2
         ip -n pod addr add $address/24 dev eth0; ip -n pod link set eth0 up; ip -n pod link set lo up
         ip -n pod route add default via \${FLANNEL_SUBNET%/*}; echo -n $address`,
      );
    const [, target] = [await pod("worker-1"), await pod("worker-2")];
    await lab.sh("worker-1", `ip netns exec pod ping -c 1 -W 5 ${target}`);
    await lab.sh(
      "worker-1",
      `systemd-run --quiet --unit pinger ip netns exec pod ping -i 0.2 -D ${target}`,
    );
    await lab.sh(
      "worker-1",
      `cd /usr/local/sbin; ln flanneld .flanneld.previous-v0.28.9
       printf '#!/bin/sh\\necho broken release; exit 1\\n' > new; chmod 750 new; mv new flanneld`,
    );
    const result = await runToFailure({ ...lab.daemon(), wait_timeout: 4 });
    expect(result["rolled_back"], result.msg).to.equal(true);
    expect(result.msg).to.contain("the previous binary was put back and runs");
    expect(result.journal.join("\n")).to.contain("broken release");
    expect(await lab.sh("worker-1", "/usr/local/sbin/flanneld --version 2>&1")).to.equal(
      "v0.28.9\n",
    );
    await lab.sh("worker-1", "systemctl kill --signal=INT pinger; sleep 0.5");
    const summary = await lab.sh("worker-1", "journalctl -u pinger -o cat | grep 'packet loss'");
    expect(summary).to.match(/, 0% packet loss/);
    expect((await lab.run(lab.daemon())).changed).to.equal(false);
    await lab.sh("worker-1", "rm /usr/local/sbin/.flanneld.previous-v0.28.9");
  });

  it("starts with a daemon of the other generation, and knows its causes", async () => {
    const result = await lab.run(
      lab.daemon({ ...old, network: NETWORK, settings: { "etcd-prefix": PREFIX } }),
    );
    expect(result["failed"], result.msg).to.equal(undefined);
    expect(result["subnet"]).to.include({ network: NETWORK });
  });
});
