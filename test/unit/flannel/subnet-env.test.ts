import { expect } from "chai";

import { findSubnetFault, parseSubnetEnv } from "../../../src/flannel/subnet-env";

describe("subnet.env", () => {
  it("reads a file as flanneld writes it", () => {
    const text =
      "FLANNEL_NETWORK=10.200.0.0/16\nFLANNEL_SUBNET=10.200.31.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
    expect(parseSubnetEnv(text)).to.deep.equal({
      network: "10.200.0.0/16",
      subnet: "10.200.31.1/24",
      mtu: 1450,
      ip_masq: true,
    });
  });

  it("reads both families, and leaves out what is empty or not a number", () => {
    const text =
      "FLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00:0:0:1::1/64\nFLANNEL_SUBNET=\nFLANNEL_MTU=x\nOTHER=1\n";
    expect(parseSubnetEnv(text)).to.deep.equal({
      ipv6_network: "fd00::/48",
      ipv6_subnet: "fd00:0:0:1::1/64",
    });
  });

  const env = { network: "10.200.0.0/16", subnet: "10.200.31.1/24" };
  const faults: [string, Parameters<typeof findSubnetFault>, string | undefined][] = [
    ["fits without a declaration", [env, {}], undefined],
    ["fits the declared network, host bits or not", [env, { network: "10.200.7.0/16" }], undefined],
    [
      "has another network",
      [env, { network: "10.201.0.0/16" }],
      "has network 10.200.0.0/16, expected 10.201.0.0/16",
    ],
    [
      "lacks the declared family",
      [env, { ipv6Network: "fd00::/48" }],
      "has network none, expected fd00::/48",
    ],
    ["is empty", [{}, {}], "names no subnet"],
    [
      "has a subnet outside",
      [{ ...env, subnet: "10.9.0.1/24" }, {}],
      "has subnet 10.9.0.1/24, which does not lie in its network 10.200.0.0/16",
    ],
    [
      "has several networks",
      [{ ...env, network: "10.1.0.0/16,10.200.0.0/16" }, { network: "10.200.0.0/16" }],
      undefined,
    ],
  ];
  for (const [what, [file, declared], expected] of faults) {
    it(`says what is wrong when it ${what}`, () => {
      expect(findSubnetFault(file, declared)).to.equal(expected);
    });
  }
});
