import { spawnSync } from "node:child_process";

import { expect } from "chai";

import { renderPolicyRemoval, renderRouteRemoval } from "../../../src/flannel/kernel-residue";

const NETWORKS = [
  { network: "10.200.0.0/16", subnet: "10.200.11.0/24" },
  { network: "fd10::/48", subnet: "fd10:0:0:b::/64" },
];

/** flannel's routes, and those of others, in a namespace with the real kernel. */
const SCENE = `
ip link set lo up
ip link add flannel.9 type veth peer name eth9
for device in flannel.9 eth9; do ip link set $device up; done
ip addr add 10.9.0.1/24 dev eth9
ip addr add 10.200.11.1/24 dev flannel.9
ip -6 addr add fd09::1/64 dev eth9 nodad
ip route add 10.200.77.0/24 via 10.9.0.2 dev eth9
ip route add 10.200.78.0/24 via 10.200.11.2 dev flannel.9 onlink
ip route add 10.200.79.0/24 via 10.9.0.3 proto bird
ip route add 10.200.80.0/20 via 10.9.0.3
ip route add 10.201.1.0/24 via 10.9.0.3
ip route add 10.200.81.0/24 dev eth9
ip route add 10.200.82.7/32 via 10.9.0.3
ip route add blackhole 10.200.12.0/24
ip route add blackhole 10.99.12.0/24
ip -6 route add fd10:0:0:2::/64 via fd09::2
ip -6 route add blackhole fd10:0:0:b::/64
ip -6 route add blackhole fd11::/64
`;
const BOOT = "route show proto boot";

function inNamespace(script: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync("unshare", ["-n", "sh", "-ec", SCENE + script], {
    encoding: "utf8",
  });
  expect([status, stderr]).to.deep.equal([0, ""]);
  return stdout.split("---\n");
}

describe("kernel residue", () => {
  const policyOf = (from: string, to: string, reqid = 11) =>
    `src ${from} dst ${to} \n\tdir out priority 0 ptype main \n\ttmpl src 1.1.1.1 dst 2.2.2.2\n` +
    `\t\tproto esp reqid ${reqid} mode tunnel\n`;

  it("are routes to leases that no device of flannel's takes along; others' stay in the kernel", function () {
    if (spawnSync("unshare", ["-n", "true"]).status !== 0) this.skip();
    const [v4 = "", v6 = ""] = inNamespace(`ip -4 ${BOOT}; echo ---; ip -6 ${BOOT}`);
    const removal = renderRouteRemoval(v4, NETWORKS);
    const removal6 = renderRouteRemoval(v6, NETWORKS);
    expect(removal.split("\n").sort()).to.deep.equal([
      "",
      "route flush exact 10.200.12.0/24 type blackhole proto boot",
      "route flush exact 10.200.77.0/24 via 10.9.0.2 proto boot",
    ]);
    // Twice, as what has gone by itself is no error.
    const purge = (family: number, input: string) =>
      `printf '${input.repeat(2)}' | ip -${family} -batch -;`;
    const script = `${purge(4, removal)}${purge(6, removal6)} ip -4 route; ip -6 route`;
    const [before = ""] = inNamespace("ip -4 route; ip -6 route");
    const left = inNamespace(script).join("").split("\n");
    const gone = before.split("\n").filter((line) => !left.includes(line));
    expect(gone.map((line) => line.trim()).sort()).to.deep.equal([
      "10.200.77.0/24 via 10.9.0.2 dev eth9",
      "blackhole 10.200.12.0/24",
      "blackhole fd10:0:0:b::/64 dev lo metric 1024 pref medium",
      "fd10:0:0:2::/64 via fd09::2 dev eth9 metric 1024 pref medium",
    ]);
  });

  it("without a subnet file are routes to any part of the declared network, not to all of it", () => {
    const network = { network: "10.200.0.0/16", subnet: undefined };
    const listing = ["10.200.0.0/16", "10.200.64.0/20", "10.201.0.0/24"].map(
      (block) => `${block} via 10.9.0.2 dev eth0 \n`,
    );
    expect(renderRouteRemoval(listing.join(""), [network])).to.equal(
      "route flush exact 10.200.64.0/20 via 10.9.0.2 proto boot\n",
    );
    expect(renderRouteRemoval(listing.join(""), [])).to.equal("");
  });

  it("are policies from lease to lease with flannel's number, and the states that serve them", () => {
    const listing =
      policyOf("10.200.11.0/24", "10.200.2.0/24") +
      policyOf("10.200.11.0/24", "10.5.2.0/24") +
      policyOf("10.200.11.0/24", "10.200.3.0/24", 1) +
      policyOf("0.0.0.0/0", "0.0.0.0/0");
    expect(renderPolicyRemoval(listing, NETWORKS)).to.equal(
      "xfrm policy deleteall src 10.200.11.0/24 dst 10.200.2.0/24 dir out\n" +
        "xfrm state deleteall src 1.1.1.1 dst 2.2.2.2 proto esp reqid 11\n",
    );
  });

  it("as policies go, and leave those of others, in the kernel", function () {
    const add = (from: string, to: string, reqid: number) =>
      `ip xfrm policy add src ${from} dst ${to} dir out tmpl src 1.1.1.1 dst 2.2.2.2 proto esp reqid ${reqid} mode tunnel;`;
    const given =
      add("10.200.11.0/24", "10.200.2.0/24", 11) + add("10.200.11.0/24", "10.5.2.0/24", 11);
    const isKnown = spawnSync("unshare", ["-n", "sh", "-ec", given]).status === 0;
    if (!isKnown) this.skip();
    const [listing = ""] = inNamespace(`${given} ip xfrm policy`);
    const removal = renderPolicyRemoval(listing, NETWORKS);
    const script = `${given} printf '${removal.repeat(2)}' | ip -batch -; ip xfrm policy`;
    expect(
      inNamespace(script)
        .join("")
        .match(/^src.*/gm),
    ).to.deep.equal(["src 10.200.11.0/24 dst 10.5.2.0/24 "]);
  });
});
