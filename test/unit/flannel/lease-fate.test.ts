import { expect } from "chai";

import { type Lease, tryParseLease } from "../../../src/flannel/lease";
import { type SubnetFate, foresee } from "../../../src/flannel/lease-fate";
import { type NetworkConfig, readNetworkConfig } from "../../../src/flannel/network-config";
import { parseVersion } from "../../../src/flannel/version";

type Json = Readonly<Record<string, unknown>>;

const IPV6 = { EnableIPv6: true, IPv6Network: "fd00:200::/48" };
const IPV6_ONLY = { EnableIPv4: false, Network: undefined, ...IPV6 };

function configOf(part: Json, release: string): NetworkConfig | undefined {
  const document = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" }, ...part };
  const reader = { version: parseVersion(release), architectures: ["amd64"] };
  return readNetworkConfig(document, reader).config;
}

/** Leases of 10.8.0.1, 10.8.0.2, ...; "key of address" names another host, "key of" none. */
function leasesOf(names: readonly string[]): readonly Lease[] {
  return names.flatMap((text, index) => {
    const [key = "", holder = `10.8.0.${index + 1}`] = text.split(" of ");
    const value = holder === "nobody" ? {} : { PublicIP: holder, BackendType: "vxlan" };
    return tryParseLease({ key, value: JSON.stringify(value), ttlSeconds: 9 }) ?? [];
  });
}

const TWO = ["10.200.5.0-24", "10.200.6.0-24"];
const DUAL = ["10.200.5.0-24&fd00:200:0:5::-64", "10.200.6.0-24&fd00:200:0:6::-64"];
const V6_ONLY = [
  "0.0.0.0-0&fd00:200:0:5::-64 of 0.0.0.0",
  "0.0.0.0-0&fd00:200:0:6::-64 of 0.0.0.0",
];

interface Case {
  readonly name: string;
  readonly leases: readonly string[];
  readonly config: Json | undefined;
  readonly fates: readonly SubnetFate[];
  readonly why?: string;
  readonly releases?: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "the same configuration", leases: TWO, config: {}, fates: ["same", "same"] },
  {
    name: "a larger network",
    leases: TWO,
    config: { Network: "10.192.0.0/12" },
    fates: ["same", "same"],
  },
  {
    name: "a smaller network with one of them",
    leases: ["10.200.5.0-24", "10.200.77.0-24"],
    config: { Network: "10.200.0.0/18" },
    fates: ["same", "other"],
    why: "it is outside the IPv4 range",
  },
  {
    name: "longer subnets",
    leases: TWO,
    config: { SubnetLen: 26 },
    fates: ["other", "other"],
    why: "IPv4 subnets must be /26",
  },
  { name: "shorter subnets", leases: TWO, config: { SubnetLen: 22 }, fates: ["other", "other"] },
  {
    name: "a lower bound above one",
    leases: TWO,
    config: { SubnetMin: "10.200.6.0" },
    fates: ["other", "same"],
  },
  {
    name: "an upper bound below one",
    leases: TWO,
    config: { SubnetMax: "10.200.5.0" },
    fates: ["same", "other"],
  },
  {
    name: "a range of one subnet",
    leases: TWO,
    config: { SubnetMin: "10.200.5.0", SubnetMax: "10.200.5.0" },
    fates: ["same", "none"],
    why: "no subnet is left in the range",
  },
  {
    name: "a range with room for one more of two",
    leases: [...TWO, "10.200.7.0-24"],
    config: { SubnetMin: "10.200.7.0", SubnetMax: "10.200.8.0" },
    fates: ["other", "none", "same"],
  },
  {
    name: "a range that the own lease keeps full",
    leases: ["10.200.4.0-22", "10.200.8.0-24"],
    config: { SubnetMin: "10.200.5.0", SubnetMax: "10.200.8.0" },
    fates: ["other", "same"],
  },
  {
    name: "IPv6 switched on",
    leases: TWO,
    config: IPV6,
    fates: ["none", "none"],
    why: "flanneld gives up its subnet and then crashes at every start while any lease has no IPv6 subnet",
    releases: ["v0.17.0", "v0.18.1", "v0.19.2", "v0.24.4", "v0.28.9"],
  },
  {
    name: "IPv6 switched on with a single daemon",
    leases: ["10.200.5.0-24"],
    config: IPV6,
    fates: ["other"],
    why: "IPv6 is switched on, and flannel gives up the IPv4 subnet for it",
  },
  {
    name: "IPv6 switched on before etcd's manager knew it",
    leases: TWO,
    config: IPV6,
    fates: ["same", "same"],
    releases: ["v0.15.1", "v0.16.3"],
  },
  { name: "dual stack as it was", leases: DUAL, config: IPV6, fates: ["same", "same"] },
  {
    name: "one that has no IPv6 yet",
    leases: [DUAL[0] ?? "", "10.200.6.0-24"],
    config: IPV6,
    fates: ["same", "other"],
  },
  {
    name: "another IPv6 network",
    leases: DUAL,
    config: { ...IPV6, IPv6Network: "fd00:201::/48" },
    fates: ["other", "other"],
    why: "it is outside the IPv6 range",
  },
  {
    name: "longer IPv6 subnets",
    leases: DUAL,
    config: { ...IPV6, IPv6SubnetLen: 72 },
    fates: ["other", "other"],
    why: "IPv6 subnets must be /72",
  },
  {
    name: "IPv6 switched off",
    leases: DUAL,
    config: {},
    fates: ["other", "other"],
    why: "IPv6 is switched off, and flannel gives up the IPv4 subnet with it",
    releases: ["v0.17.0", "v0.28.9"],
  },
  {
    name: "IPv4 switched off",
    leases: DUAL,
    config: IPV6_ONLY,
    fates: ["none", "none"],
    why: "without IPv4, flanneld looks for a subnet forever while there are leases",
  },
  {
    name: "IPv4 switched off with a single daemon, whose lease stays",
    leases: DUAL.slice(0, 1),
    config: IPV6_ONLY,
    fates: ["none"],
  },
  { name: "IPv6 alone as it was", leases: V6_ONLY, config: IPV6_ONLY, fates: ["same", "unused"] },
  {
    name: "IPv4 switched on",
    leases: V6_ONLY.slice(0, 1),
    config: IPV6,
    fates: ["none"],
    why: "no subnet is left in the range",
  },
  {
    name: "two leases of one host",
    leases: ["10.200.9.0-24 of 10.8.0.1", "10.200.10.0-24 of 10.8.0.1"],
    config: {},
    fates: ["unused", "same"],
    why: "its host has another lease, which is the one in use",
  },
  {
    name: "a lease that names no host, from v0.18 on",
    leases: ["10.200.5.0-24 of nobody"],
    config: {},
    fates: ["other"],
    why: "it does not name its host",
    releases: ["v0.18.0", "v0.28.9"],
  },
  {
    name: "a lease that names no host, before",
    leases: ["10.200.5.0-24 of nobody"],
    config: {},
    fates: ["same"],
    releases: ["v0.10.0", "v0.17.0"],
  },
  {
    name: "dual stack of v0.18, whose first IPv6 subnet is taken",
    leases: ["10.200.5.0-24&fd00:200:0:1::-64", "10.9.6.0-24&fd00:200:0:6::-64"],
    config: IPV6,
    fates: ["same", "none"],
    releases: ["v0.17.0", "v0.18.1"],
  },
  {
    name: "no configuration",
    leases: TWO,
    config: undefined,
    fates: ["none", "none"],
    why: "flanneld waits for a configuration that it can use",
  },
];

describe("the fate of leases", () => {
  for (const { name, leases, config, fates, why, releases = ["v0.28.9"] } of CASES) {
    for (const release of releases) {
      it(`with ${name} is ${fates.join(", ")} (${release})`, () => {
        const declared = config === undefined ? undefined : configOf(config, release);
        expect(declared === undefined).to.equal(config === undefined);
        const found = foresee(leasesOf(leases), declared, parseVersion(release));
        expect(found.map(({ subnet }) => subnet)).to.deep.equal(fates);
        const lost = found.filter(({ subnet }) => subnet !== "same");
        expect(lost.every((fate) => fate.why !== undefined)).to.equal(true);
        if (why !== undefined) expect(lost.map((fate) => fate.why)).to.include(why);
      });
    }
  }

  it("is worked out for 5,000 leases in a blink", () => {
    const names = Array.from({ length: 5000 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0-24`);
    const leases = leasesOf(names.map((name, i) => `${name} of 10.8.${i >> 8}.${i & 255}`));
    const began = performance.now();
    const config = configOf({ Network: "10.0.0.0/8", SubnetLen: 20 }, "v0.28.9");
    const fates = foresee(leases, config, parseVersion("v0.28.9"));
    expect(new Set(fates.map(({ subnet }) => subnet))).to.deep.equal(new Set(["other", "none"]));
    expect(performance.now() - began).to.be.below(1000);
  });
});
