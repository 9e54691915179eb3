// Waves, host prerequisites, removal, and a daemon without etcd: what the role does around its modules.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const PLAYBOOK = "molecule/shared/converge.yml";
const UNIT = "Run flanneld as a systemd service";
const OWN_FILES =
  "/etc/cni/net.d/10-flannel.conflist /etc/flannel /etc/modules-load.d/flanneld.conf /etc/sysctl.d/90-flanneld.conf " +
  "/etc/systemd/network/10-flanneld.link /etc/systemd/system/flanneld.service /run/flannel/subnet.env " +
  "/usr/local/sbin/flanneld";

describe("the role around its modules", function () {
  this.timeout(300_000);
  const lab = new Lab("test-lifecycle", { LAB_WORKERS: "2", LAB_ETCD: "1" });

  before(async () => {
    await lab.upWithEtcd();
  });
  after(async () => {
    await lab.down();
  });

  async function play(variables: object, ...args: string[]): Promise<PlayRun> {
    return await lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables), ...args]);
  }

  /** A real run, which its check mode predicted, and after which nothing is left to do. */
  async function playTwice(variables: object, ...args: string[]): Promise<PlayRun> {
    const predicted = await play(variables, "--check", ...args);
    const run = await play(variables, ...args);
    expect(run.exitCode, run.output).to.equal(0);
    expect(predicted.changed, predicted.output).to.deep.equal(run.changed);
    expect((await play(variables, ...args)).changed).to.deep.equal([]);
    return run;
  }

  const pidOf = (host: string) => lab.ssh(host, "systemctl show flanneld -P MainPID");
  const existing = (host: string) => lab.ssh(host, `ls -d ${OWN_FILES} 2>/dev/null || true`);

  it("starts flannel v0.18 on one host after the other, as it loses leases that appear together", async () => {
    const wavesOf = async (version: string) => {
      const run = await play(
        { flannel_version: version, flannel_download_checksum: "" },
        "--check",
      );
      expect(run.exitCode, run.output).to.equal(0);
      return run.tasks.filter((task) => task === UNIT).length;
    };
    expect([await wavesOf("v0.18.1"), await wavesOf("v0.28.9")]).to.deep.equal([2, 1]);
  });

  it("restarts in waves, and brings what flannel needs of the host", async () => {
    const run = await play({
      flannel_restart_serial: 1,
      flannel_ip_forward: true,
      flannel_tx_checksum_offload: false,
    });
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.tasks.filter((task) => task === UNIT)).to.have.length(2);
    // The directory of options comes with the first file that has to be in it.
    const made = OWN_FILES.split(" ").filter((path) => path !== "/etc/flannel");
    expect((await existing("worker-2")).split("\n").sort()).to.deep.equal(made);
    expect(await lab.ssh("worker-1", "cat /etc/modules-load.d/flanneld.conf")).to.include(
      "br_netfilter",
    );
    expect(await lab.ssh("worker-1", "ethtool -k flannel.1")).to.include("tx-checksumming: off");
    expect(await lab.ssh("worker-1", "cat /proc/sys/net/ipv4/ip_forward")).to.equal("1");
  });

  it("takes the host settings back when they are no longer declared", async () => {
    const run = await playTwice({ flannel_load_br_netfilter: false });
    expect(run.changed).to.deep.equal([`worker-1: ${UNIT}`, `worker-2: ${UNIT}`]);
    expect(await existing("worker-1")).to.not.match(/modules-load|sysctl|\.link/);
  });

  it("restarts the daemon that has lost its routes with its device, and no other", async () => {
    const routes = () => lab.ssh("worker-1", "ip route show dev flannel.1");
    expect(await routes()).to.include(" via ");
    const made =
      "until ip -4 address show dev flannel.1 2>/dev/null | grep -q inet; do sleep 1; done";
    await lab.ssh("worker-1", `ip link delete flannel.1; timeout 60 sh -c '${made}'`);
    expect(await routes()).to.not.include(" via ");
    const run = await playTwice({ flannel_load_br_netfilter: false }, "--diff");
    expect(run.changed).to.deep.equal([`worker-1: ${UNIT}`]);
    expect(run.output).to.match(
      /route: there is no route to 10\.200\.\d+\.0\/24, of which etcd has/,
    );
    expect(await routes()).to.include(" via ");
  });

  it("hands on what is said of the unit and the binary", async () => {
    const variables = {
      flannel_systemd_after: ["network-online.target", "ssh.service"],
      flannel_systemd_wants: ["ssh.service"],
      flannel_systemd_before: ["kubelet.service"],
      flannel_systemd_requiredby: ["kubelet.service"],
      flannel_systemd_wantedby: ["basic.target"],
      flannel_settle_time: 0,
      flannel_restart_on: ["/etc/hosts"],
      flannel_install_mode: "0755",
      flannel_install_group: "adm",
    };
    await playTwice(variables, "--limit", "worker-1");
    const unit = (await lab.ssh("worker-1", "cat /etc/systemd/system/flanneld.service")).split(
      "\n",
    );
    expect(unit).to.include.members([
      "After=network-online.target ssh.service",
      "Wants=ssh.service",
      "Before=kubelet.service",
      "RequiredBy=kubelet.service",
      "WantedBy=basic.target",
    ]);
    expect(await lab.ssh("worker-1", "stat -c '%a %U %G' /usr/local/sbin/flanneld")).to.equal(
      "755 root adm",
    );
    await lab.ssh("worker-1", "touch /etc/hosts");
    const touched = await play(variables, "--limit", "worker-1", "-v");
    expect(touched.output).to.include("file: /etc/hosts has changed");
    const disabled = { ...variables, flannel_systemd_enabled: false };
    await playTwice(disabled, "--limit", "worker-1");
    const state = await lab.ssh("worker-1", "systemctl is-enabled flanneld || true");
    expect(state).to.equal("disabled");
    // Without Docker, also in the words of the command line.
    await play({}, "--extra-vars", "flannel_systemd_docker=false");
    expect(await lab.ssh("worker-1", "cat /etc/systemd/system/flanneld.service")).to.not.include(
      "docker",
    );
    await playTwice({});
  });

  it("refuses a backend that is not there for the CPU of a host", async () => {
    const udp = { flannel_backend_type: "udp", flannel_etcd_prefix: "/udp" };
    const network = ["--check", "--tags", "k8s-flannel-network"];
    const told = await play(
      { ...udp, flannel_network_architectures: ["x86_64", "s390x"] },
      ...network,
    );
    expect(told.output).to.match(/on amd64 only, but there are hosts with s390x/);
    const inventory = join(lab.directory, "cpu.yml");
    writeFileSync(inventory, "all: {hosts: {worker-2: {flannel_install_arch: arm64}}}");
    const found = await play(udp, ...network, "--inventory", inventory);
    expect(found.output).to.match(/on amd64 only, but there are hosts with arm64/);
    expect((await play(udp, ...network)).exitCode).to.equal(0);
  });

  it("stops before the next wave when flanneld does not come up", async () => {
    const inventory = join(lab.directory, "broken.yml");
    writeFileSync(
      inventory,
      "all: {hosts: {worker-1: {flannel_systemd_execstartpre: /bin/false}}}",
    );
    const before = await pidOf("worker-2");
    const variables = { flannel_restart_serial: 1, flannel_settings_user: { v: 1 } };
    const run = await play(variables, "--inventory", inventory);
    expect(run.exitCode).to.not.equal(0);
    expect(run.failed).to.deep.equal([
      `worker-1: ${UNIT}`,
      "worker-2: Leave this host alone if flanneld did not come up in an earlier wave",
    ]);
    expect(run.output).to.include("it did not come up on worker-1");
    expect(await pidOf("worker-2")).to.equal(before);
    expect(await lab.ssh("worker-1", "systemctl is-active flanneld")).to.equal("active");
  });

  it("takes everything back, in etcd too, and nothing of others", async () => {
    await lab.ssh("worker-2", "mkdir -p /etc/flannel && touch /etc/flannel/mine");
    const absent = { flannel_state: "absent", flannel_purge: true, flannel_purge_network: true };
    const refused = await play({ ...absent, flannel_purge_network: true }, "--check");
    expect(refused.output).to.include("daemons hold leases");
    const run = await playTwice({ ...absent, flannel_network_allow_disruptive: true });
    expect(run.changed).to.include("worker-1: Write the network configuration to etcd");
    expect(run.changed).to.include("worker-1: Remove flanneld");
    expect(await existing("worker-1")).to.equal("");
    expect(await existing("worker-2")).to.equal("/etc/flannel");
    expect(await lab.ssh("worker-2", "ls -A /etc/flannel")).to.equal("mine");
    expect(await lab.ssh("worker-1", "iptables-save; ip link")).to.not.match(/flannel/i);
    const keys = await lab.ssh(
      "etcd-1",
      "cd /etc/etcd; ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert ca-etcd.pem" +
        " --cert cert-etcd.pem --key cert-etcd-key.pem get --prefix --keys-only /kubernetes-cluster",
    );
    expect(keys.trim()).to.equal("");
  });

  it("needs no etcd with kube-subnet-mgr, and tells the daemon where its configuration is", async () => {
    await lab.ssh("etcd-1", "systemctl stop etcd");
    // An API that takes connections and never answers keeps the daemon waiting, so that it can be looked at.
    const silence =
      "import socket, time; s = socket.create_server(('127.0.0.1', 6443)); time.sleep(600)";
    await lab.ssh("worker-1", `systemd-run --unit test-api python3 -c "${silence}"`);
    const kube = {
      flannel_settings_user: { "kube-subnet-mgr": true, "kube-api-url": "http://127.0.0.1:6443" },
      flannel_environment: { NODE_NAME: "worker-1" },
      flannel_network_config: { EnableNFTables: true },
      flannel_wait_timeout: 0,
    };
    const predicted = await play(kube, "--limit", "worker-1", "--check");
    const run = await play(kube, "--limit", "worker-1");
    expect(run.exitCode, run.output).to.equal(0);
    expect(predicted.changed).to.deep.equal(run.changed);
    expect(run.changed).to.include(`worker-1: ${UNIT}`);
    expect(JSON.parse(await lab.ssh("worker-1", "cat /etc/flannel/net-conf.json"))).to.deep.equal({
      Network: "10.200.0.0/16",
      Backend: { Type: "vxlan" },
      EnableNFTables: true,
    });
    expect(await existing("worker-1")).to.not.include("modules-load");
    const args = await lab.ssh("worker-1", `tr '\\0' '\\n' </proc/$(${MAIN_PID})/cmdline`);
    expect(args)
      .to.include("-net-config-path=/etc/flannel/net-conf.json")
      .and.include("-kube-subnet-mgr=true")
      .and.not.include("etcd");
    const absent = { ...kube, flannel_state: "absent" };
    await playTwice(absent, "--limit", "worker-1");
    expect(await existing("worker-1")).to.equal("");
  });
});

const MAIN_PID = "systemctl show flanneld -P MainPID";
