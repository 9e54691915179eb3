// What flannel needs of a host beside its unit, and what it leaves behind: set, kept, taken back.

import { expect } from "chai";

import { GENERATIONS, NETWORK, type Result, SystemdLab } from "../support/systemd-lab";

describe("flannel_unit on systemd: host", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("host");

  /** A run as predicted, followed by one that has nothing left to do. */
  async function applyTwice(args: Record<string, unknown>): Promise<Result> {
    const predicted = await lab.run({ ...args, _ansible_check_mode: true });
    const result = await lab.run(args);
    expect(result["failed"], result.msg).to.equal(undefined);
    expect(predicted.changes).to.deep.equal(result.changes);
    expect((await lab.run(args)).changes).to.deep.equal([]);
    return result;
  }

  it("keeps TX checksum offload off when the device is created anew", async () => {
    await lab.sh(
      "worker-1",
      "systemd-run --quiet --unit test-udevd --property=Type=notify /lib/systemd/systemd-udevd",
    );
    const offload = async () =>
      (await lab.sh("worker-1", "ethtool -k flannel.1 | grep ^tx-checksumming")).trim();
    try {
      await lab.run(lab.daemon());
      expect(await offload()).to.equal("tx-checksumming: on");
      const args = lab.daemon({ tx_checksum_offload: false });
      const result = await applyTwice(args);
      expect(result.changes).to.deep.equal([
        "write /etc/systemd/network/10-flanneld.link",
        "switch off TX checksum offload of flannel.1",
      ]);
      expect(await offload()).to.equal("tx-checksumming: off");
      await lab.sh(
        "worker-1",
        "systemctl stop flanneld; ip link delete flannel.1; systemctl start flanneld; for i in $(seq 50); do ethtool -k flannel.1 | grep -q '^tx-checksumming: off' && break; sleep 0.1; done",
      );
      expect(await offload()).to.equal("tx-checksumming: off");
    } finally {
      await lab.sh("worker-1", "systemctl stop test-udevd");
    }
  });

  it("switches it off without udev too, right after the start", async () => {
    await lab.run({ ...lab.daemon(), state: "absent", purge: true });
    const args = lab.daemon({ tx_checksum_offload: false });
    const result = await applyTwice(args);
    expect(result.changes.slice(-2)).to.deep.equal([
      "start flanneld.service",
      "switch off TX checksum offload of flannel.1",
    ]);
    await lab.run(lab.daemon());
    expect(await lab.sh("worker-1", "ls /etc/systemd/network")).not.to.contain("flanneld");
  });

  it("still takes ethtool as a command after the start", async () => {
    await lab.run({ ...lab.daemon(), state: "absent", purge: true });
    await applyTwice(lab.daemon({ exec_start_post: "/sbin/ethtool -K flannel.1 tx off" }));
    expect(await lab.sh("worker-1", "ethtool -k flannel.1")).to.contain("tx-checksumming: off");
  });

  it("makes br_netfilter and forwarding persistent, and takes it back", async () => {
    await lab.sh("worker-1", "sysctl -q -w net.ipv4.ip_forward=0");
    const result = await applyTwice(lab.daemon({ ip_forward: true }));
    expect(result.changes)
      .to.include("write /etc/sysctl.d/90-flanneld.conf")
      .and.include("set net.ipv4.ip_forward to 1");
    expect(await lab.sh("worker-1", "cat /proc/sys/net/ipv4/ip_forward")).to.equal("1\n");
    expect(await lab.sh("worker-1", "grep -v '^#' /etc/modules-load.d/flanneld.conf")).to.equal(
      "br_netfilter\n",
    );
    await applyTwice(lab.daemon({ load_br_netfilter: false }));
    expect(await lab.sh("worker-1", "ls /etc/modules-load.d /etc/sysctl.d")).not.to.contain(
      "flanneld",
    );
    expect(await lab.sh("worker-1", "cat /proc/sys/net/ipv4/ip_forward")).to.equal("1\n");
  });

  it("runs in a sandbox, and tells its score before and after", async () => {
    const soft = await lab.run(lab.daemon());
    expect(soft).not.to.have.property("security_score");
    const result = await applyTwice(lab.daemon({ hardening: true }));
    const { before, after } = result["security_score"] as { before: number; after: number };
    expect(before).to.be.greaterThan(9);
    expect(after).to.be.lessThan(3);
    const rules = await lab.sh("worker-1", "iptables-save");
    expect(rules).to.contain("FLANNEL-POSTRTG");
    expect(await lab.sh("worker-1", "cat /proc/sys/net/ipv6/conf/flannel.1/accept_ra")).to.equal(
      "0\n",
    );
  });

  const filters = "{ iptables-save; ip6tables-save; } | grep -vE '^#|^:|FLANNEL'";
  for (const [version, overrides] of GENERATIONS) {
    it(`purges what ${version} made, and nothing of others`, async () => {
      await lab.run({ ...lab.daemon(), state: "absent", purge: true });
      await lab.sh(
        "worker-1",
        `iptables -t nat -C POSTROUTING -s 172.17.0.0/16 -j MASQUERADE 2>/dev/null || iptables -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
         iptables -C FORWARD -s 10.9.0.0/16 -j ACCEPT 2>/dev/null || iptables -A FORWARD -s 10.9.0.0/16 -j ACCEPT
         ip link show other.1 >/dev/null 2>&1 || ip link add other.1 type vxlan id 77 dstport 4790 dev lab-eth0`,
      );
      const before = await lab.sh("worker-1", filters);
      expect(before).not.to.contain("10.200.");
      await lab.run(lab.daemon(overrides));
      expect(await lab.sh("worker-1", "iptables-save")).to.contain(NETWORK);
      const result = await applyTwice({ ...lab.daemon(overrides), state: "absent", purge: true });
      expect(result.changes)
        .to.include("remove flannel's iptables rules")
        .and.include("delete network device flannel.1");
      expect(await lab.sh("worker-1", filters)).to.equal(before);
      expect(await lab.sh("worker-1", "iptables-save")).not.to.contain("FLANNEL");
      const links = await lab.sh("worker-1", "ip -o link");
      expect(links).to.contain("other.1").and.not.to.contain("flannel");
      expect(await lab.sh("worker-1", "ls /run")).not.to.contain("flannel");
    });
  }

  it("purges nftables tables too", async () => {
    await lab.writeNetworkConfig(
      { Network: NETWORK, EnableNFTables: true, Backend: { Type: "vxlan" } },
      "/nft",
    );
    await lab.sh("worker-1", "nft add table inet mine");
    await lab.run(lab.daemon({ settings: { "etcd-prefix": "/nft" } }));
    expect(await lab.sh("worker-1", "nft list tables")).to.contain("flannel-ipv4");
    const result = await applyTwice({ ...lab.daemon(), state: "absent", purge: true });
    expect(result.changes).to.include("delete nftables table ip flannel-ipv4");
    expect(await lab.sh("worker-1", "nft list tables"))
      .to.contain("inet mine")
      .and.not.to.contain("flannel");
  });

  it("leaves what the daemon made when it is not told to purge", async () => {
    await lab.run(lab.daemon());
    await applyTwice({ state: "absent" });
    expect(await lab.sh("worker-1", "ip -o link; ls /run/flannel"))
      .to.contain("flannel.1")
      .and.contain("subnet.env");
  });
});
