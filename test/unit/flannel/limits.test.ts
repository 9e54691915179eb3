import { expect } from "chai";

import { type SubnetManager } from "../../../src/flannel/limits";
import { type ConfigReading, readNetworkConfig } from "../../../src/flannel/network-config";
import { parseVersion } from "../../../src/flannel/version";

type Json = Readonly<Record<string, unknown>>;

const IPV6 = { EnableIPv6: true, IPv6Network: "fd00:200::/48" };
const PSK = "k".repeat(96);

function read(
  backend: Json,
  part: Json = {},
  release = "v0.28.9",
  manager: SubnetManager = "etcd",
): ConfigReading {
  const reader = { version: parseVersion(release), architectures: ["amd64"], manager };
  return readNetworkConfig({ Network: "10.200.0.0/16", Backend: backend, ...part }, reader);
}

describe("the limits of flannel", () => {
  const harmful: [string, Json, Json?, string?][] = [
    ["EnableIPv6: backend ipip does not carry IPv6", { Type: "ipip" }, IPV6],
    ["EnableIPv6: backend udp does not carry IPv6", { Type: "udp" }, IPV6],
    ["EnableIPv6: backend ipsec does not carry IPv6", { Type: "ipsec", PSK }, IPV6],
    ["EnableIPv6: backend tencent-vpc does not carry IPv6", { Type: "tencent-vpc" }, IPV6],
    ["EnableIPv6: backend ali-vpc does not carry IPv6", { Type: "ali-vpc" }, IPV6, "v0.19.2"],
    ["EnableIPv6: backend aws-vpc does not carry IPv6", { Type: "aws-vpc" }, IPV6, "v0.19.2"],
    ["EnableIPv6: backend gce does not carry IPv6", { Type: "gce" }, IPV6, "v0.19.2"],
    [
      "v0.21.5 does not pass the IPv6 subnet to the commands of backend",
      { Type: "extension" },
      IPV6,
      "v0.21.5",
    ],
    [
      "v0.16.3 does not lease IPv6 subnets from etcd and crashes",
      { Type: "vxlan" },
      IPV6,
      "v0.16.3",
    ],
    ["v0.15.1 does not lease IPv6 subnets from etcd; use", { Type: "host-gw" }, IPV6, "v0.15.1"],
    ["v0.16.3 does not lease IPv6 subnets from etcd; use", { Type: "wireguard" }, IPV6, "v0.16.3"],
    ["v0.16.3 does not lease IPv6 subnets from etcd; use", { Type: "alloc" }, IPV6, "v0.16.3"],
    ["the device flannel.10000000 has more", { Type: "vxlan", VNI: 10_000_000 }],
    ["the device flannel-v6.10000 has more", { Type: "vxlan", VNI: 10_000 }, IPV6],
    ["Backend.MTU: 0: vxlan takes 50 off it", { Type: "vxlan", MTU: 0 }],
    ["Backend.MTU: 117: vxlan takes 50 off it", { Type: "vxlan", MTU: 117 }],
    ["Backend.MTU: 147: wireguard takes 80 off it", { Type: "wireguard", MTU: 147 }],
    ["Backend.MTU: 1329: vxlan takes 50 off it, and IPv6", { Type: "vxlan", MTU: 1329 }, IPV6],
    ["give at least 1360, or leave it out", { Type: "wireguard", MTU: 1359 }, IPV6],
    ["Backend.Port: 0: each host would listen", { Type: "udp", Port: 0 }],
    ["Backend.ListenPort: 0: each host", { Type: "wireguard", ListenPort: 0 }],
    ["Backend.ListenPortV6: 0: each host", { Type: "wireguard", ListenPortV6: 0 }, IPV6],
  ];
  for (const [message, backend, part = {}, release = "v0.28.9"] of harmful) {
    it(`are told at ${release} of ${JSON.stringify({ ...backend, ...part }).slice(0, 60)}`, () => {
      const { config, findings } = read(backend, part, release);
      expect(findings.hazards).to.have.length(1);
      expect(findings.hazards[0]).to.include(message);
      expect(config, "flannel's parser takes it").not.to.equal(undefined);
    });
  }

  const fine: [Json, Json?, string?, SubnetManager?][] = [
    [{ Type: "vxlan" }, IPV6, "v0.17.0"],
    [{ Type: "host-gw" }, IPV6, "v0.17.0"],
    [{ Type: "wireguard" }, IPV6, "v0.17.0"],
    [{ Type: "extension" }, IPV6, "v0.22.0"],
    [{ Type: "vxlan" }, IPV6, "v0.15.1", "kubernetes"],
    [{ Type: "ipip" }],
    [{ Type: "vxlan", VNI: 9_999_999 }],
    [{ Type: "vxlan", VNI: 9999 }, IPV6],
    [{ Type: "vxlan", MTU: 118 }],
    [{ Type: "vxlan", MTU: 1330 }, IPV6],
    [{ Type: "wireguard", MTU: 1360 }, IPV6],
    [{ Type: "vxlan", Port: 0 }],
    [{ Type: "wireguard", ListenPortV6: 0 }],
  ];
  for (const [backend, part = {}, release = "v0.28.9", manager] of fine) {
    it(`leave ${JSON.stringify({ ...backend, ...part }).slice(0, 60)} alone at ${release}`, () => {
      const { findings } = read(backend, part, release, manager);
      expect([...findings.refusals, ...findings.hazards, ...findings.notes]).to.deep.equal([]);
    });
  }

  it("are told once for each setting", () => {
    const { findings } = read({ Type: "vxlan", VNI: 16_000_000, MTU: 60 }, IPV6);
    expect(findings.hazards.map((hazard) => hazard.split(":")[0])).to.deep.equal([
      "Backend.VNI",
      "Backend.MTU",
    ]);
  });

  it("are only noted where it may be meant", () => {
    const { findings } = read({ Type: "alloc" }, IPV6);
    expect(findings.hazards).to.deep.equal([]);
    expect(findings.notes.join()).to.include("backend alloc leases IPv6 subnets");
  });
});
