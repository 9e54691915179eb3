// Every backend that this kernel offers, of both generations of flannel, in the sandbox of
// `hardening: true`.

import { expect } from "chai";

import { GENERATIONS, SystemdLab } from "../../support/systemd-lab";

describe("flannel_unit on systemd: sandbox", function () {
  this.timeout(120_000);
  const lab = SystemdLab.forSuite("sandbox");

  // The backends that this kernel offers; a second host makes them write routes to it.
  const backends = [
    { Type: "vxlan", VNI: 7 },
    { Type: "host-gw" },
    { Type: "udp" },
    { Type: "alloc" },
    {
      Type: "extension",
      SubnetAddCommand: "cat >/dev/null",
      PostStartupCommand: "ip link show lo",
    },
  ];
  for (const [index, backend] of backends.entries()) {
    for (const [version, overrides] of GENERATIONS) {
      it(`runs backend ${backend.Type} of ${version} in the sandbox`, async () => {
        const [network, prefix] = [`10.${210 + index}.0.0/16`, `/backend-${backend.Type}`];
        await lab.writeNetworkConfig({ Network: network, Backend: backend }, prefix);
        const args = lab.daemon({
          ...overrides,
          backend,
          network,
          hardening: true,
          settings: { "etcd-prefix": prefix },
        });
        for (const host of ["worker-1", "worker-2"]) {
          const result = await lab.run(args, host);
          expect(result["failed"], result.msg).to.equal(undefined);
        }
        expect((await lab.run(args)).changed).to.equal(false);
        const journal = await lab.sh(
          "worker-1",
          "journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID flanneld)",
        );
        expect(journal).not.to.match(
          /not permitted|permission denied|read-only file system|\bpanic\b/i,
        );
        // A route to the other host's subnet says that the backend works, where it makes any.
        const routes = await lab.sh("worker-1", "sleep 0.3; ip route");
        const other = /FLANNEL_SUBNET=(\d+\.\d+\.\d+)/.exec(
          await lab.sh("worker-2", "cat /run/flannel/subnet.env"),
        )?.[1];
        if (backend.Type === "vxlan" || backend.Type === "host-gw")
          expect(routes).to.contain(`${other ?? "?"}.0/24`);
        if (backend.Type === "udp") expect(routes).to.contain(`${network} dev flannel0`);
      });
    }
  }
});
