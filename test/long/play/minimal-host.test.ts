// A host as small as an installer makes it: no iptables, no nft, no ethtool. What flannel needs of it is told before
// anything is touched, all at once, and what would only cost the rules is a warning.

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const PLAYBOOK = "molecule/shared/converge.yml";
const LOOK_TASK = "Look at the host, and check what is declared for it";
const INSTALL = "tar -xPf /opt/packages.tar";
const NO_OFFLOAD = { flannel_tx_checksum_offload: false };

describe("a host without the optional packages", function () {
  this.timeout(600_000);
  const lab = new Lab("test-minimal", { LAB_WORKERS: "1", LAB_VARIANT: "minimal" });

  before(async () => {
    await lab.upWithEtcd();
    await lab.play(PLAYBOOK, ["--tags", "k8s-flannel-nodejs"]); // what the look itself needs
  });
  after(async () => {
    await lab.down();
  });

  const play = (variables: object, ...args: readonly string[]): Promise<PlayRun> =>
    lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables), ...args]);
  const traces = (): Promise<string> =>
    lab.ssh(
      "worker-1",
      "ls -d /usr/local/sbin/flanneld* /etc/flannel /etc/cni 2>/dev/null || true",
    );

  const refusals: [string, object, readonly string[]][] = [
    ["iptables", {}, ["iptables"]],
    [
      "nft, and iptables of both families for the way out of the other mode",
      { flannel_network_config: { EnableNFTables: true } },
      ["nft", "iptables", "ip6tables"],
    ],
    [
      "ip6tables with IPv6",
      { flannel_network_config: { EnableIPv6: true, IPv6Network: "fd00:200::/48" } },
      ["iptables", "ip6tables"],
    ],
  ];
  for (const [what, variables, programs] of refusals) {
    it(`is refused for want of ${what}, before anything is touched`, async () => {
      const run = await play(variables);
      expect(run.exitCode, run.output).to.not.equal(0);
      expect(run.tasks.at(-1)).to.equal(LOOK_TASK);
      expect(run.changed).to.deep.equal([]);
      for (const name of programs) {
        expect(run.output).to.include(`packet filter: ${name}: no such program on this host`);
      }
      expect(await traces()).to.equal("");
    });
  }

  it("says in check mode what the real run says", async () => {
    const run = await play({}, "--check");
    expect(run.output).to.include("packet filter: iptables: no such program on this host");
    expect(await traces()).to.equal("");
  });

  it("runs a daemon that needs no rules, without a word about them", async () => {
    const settings = { "ip-masq": false, "iptables-forward-rules": false };
    const run = await play({ flannel_settings_user: settings });
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.output).to.not.include("packet filter");
    expect(await lab.ssh("worker-1", "systemctl is-active flanneld")).to.equal("active");
  });

  it("is refused for want of ethtool, and left with the daemon that runs", async () => {
    const pid = "systemctl show --value -p MainPID flanneld";
    const before = await lab.ssh("worker-1", pid);
    const settings = { "ip-masq": false, "iptables-forward-rules": false, v: 1 };
    const run = await play({ ...NO_OFFLOAD, flannel_settings_user: settings });
    expect(run.exitCode, run.output).to.not.equal(0);
    expect(run.output).to.include("tx_checksum_offload: ethtool: no such program on this host");
    expect(await lab.ssh("worker-1", pid)).to.equal(before);
  });

  it("works when they were installed, and then has nothing left to do", async () => {
    await lab.ssh("worker-1", INSTALL);
    const run = await play(NO_OFFLOAD);
    expect(run.exitCode, run.output).to.equal(0);
    expect(await lab.ssh("worker-1", "iptables-save")).to.include("FLANNEL");
    const again = await play(NO_OFFLOAD);
    expect(again.changed).to.deep.equal([]);
    expect(again.failed).to.deep.equal([]);
  });
});
