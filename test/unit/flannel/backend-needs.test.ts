import { expect } from "chai";

import { type BackendNeed, backendNeedsOf } from "../../../src/flannel/backend-needs";
import { type OverlayNetwork } from "../../../src/flannel/overlay-network";

const IPV4 = { network: "10.200.0.0/16" };
const DUAL = { ...IPV4, ipv6Network: "fd00::/48" };

/** Each need as a word or two. */
function wordsOf(overlay: Partial<OverlayNetwork>): readonly string[] {
  const all = backendNeedsOf({ networks: IPV4, backend: {}, nftables: false, ...overlay });
  return all.map((need) => `${need.of}: ${wordOf(need)}`);
}

function wordOf(need: BackendNeed): string {
  switch (need.kind) {
    case "kernel":
      return need.ask.join(" ");
    case "name":
      return need.device;
    case "program":
      return need.name;
  }
}

describe("what a configuration needs of a host", () => {
  const device = "ip link add flannel-try type";
  const cases: [string, Partial<OverlayNetwork>, string[]][] = [
    [
      "vxlan",
      { backend: { Type: "VXLAN", VNI: 7 } },
      [`backend vxlan: ${device} vxlan id 7 dstport 8472`],
    ],
    ["ipip", { backend: { Type: "ipip" } }, [`backend ipip: ${device} ipip`]],
    ["wireguard", { backend: { Type: "wireguard" } }, [`backend wireguard: ${device} wireguard`]],
    ["udp", { backend: { Type: "udp" } }, ["backend udp: ip tuntap add dev flannel-try mode tun"]],
    [
      "ipsec",
      { backend: { Type: "ipsec" } },
      ["backend ipsec: ip xfrm state list", "backend ipsec: charon"],
    ],
    ["host-gw, which writes routes only", { backend: { Type: "host-gw" } }, []],
    ["extension, whose commands are its own affair", { backend: { Type: "extension" } }, []],
    [
      "a VNI that is too long for a name, in one family",
      { backend: { Type: "vxlan", VNI: 10_000 }, networks: DUAL },
      ["backend vxlan: flannel-v6.10000", `backend vxlan: ${device} vxlan id 10000 dstport 8472`],
    ],
  ];
  for (const [name, overlay, expected] of cases) {
    it(`is told of ${name}`, () => {
      expect(wordsOf(overlay)).to.deep.equal(expected);
    });
  }
});
