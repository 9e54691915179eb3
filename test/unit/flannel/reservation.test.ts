import { expect } from "chai";

import { formatCidr } from "../../../src/flannel/address";
import { tryParseLease } from "../../../src/flannel/lease";
import { readNetworkConfig } from "../../../src/flannel/network-config";
import {
  findRangeFault,
  keyNameOf,
  readReservations,
  standingOf,
  valueOf,
} from "../../../src/flannel/reservation";
import { type SubnetRange } from "../../../src/flannel/subnet-range";
import { parseVersion } from "../../../src/flannel/version";

const IP = "10.8.0.111";
const DUAL = "10.200.7.0/24,fd00:200:0:7::/64";

type Given = Readonly<Record<string, unknown>>;

function readOne(value: unknown): ReturnType<typeof readReservations>[number] {
  const [one] = readReservations({ [IP]: value });
  if (one === undefined) throw new Error("no reservation");
  return one;
}

function rangesOf(more: Given): readonly SubnetRange[] {
  const document = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" }, ...more };
  const reader = { version: parseVersion("v0.28.9"), architectures: [] };
  return readNetworkConfig(document, reader).config?.ranges ?? [];
}

describe("a reservation", () => {
  const keys: [unknown, string][] = [
    ["10.200.7.0/24", "10.200.7.0-24"],
    [DUAL, "10.200.7.0-24&fd00:200:0:7::-64"],
    [["fd00:200:0:7::/64", "10.200.7.0/24"], "10.200.7.0-24&fd00:200:0:7::-64"],
  ];
  for (const [value, name] of keys) {
    it(`is the key ${name}, which flannel reads as this host's lease`, () => {
      const one = readOne(value);
      expect(keyNameOf(one)).to.equal(name);
      const key = `/net/subnets/${name}`;
      const lease = tryParseLease({ key, value: valueOf(one), ttlSeconds: undefined });
      expect(lease).to.deep.include({ publicIp: IP, subnet: one.subnet });
      expect(lease?.ipv6Subnet).to.deep.equal(one.ipv6Subnet);
    });
  }

  it("is left out where a host has none", () => {
    const given = { [IP]: "", "10.8.0.112": null, "": "10.200.7.0/24", "10.8.0.113": [] };
    expect(readReservations(given)).to.deep.equal([]);
  });

  const faults: [string, Given, string][] = [
    ["a name", { "w-1": "10.200.7.0/24" }, "expected the IPv4 address"],
    ["no subnet", { [IP]: "10.200.7.0" }, "expected a subnet"],
    ["an address in it", { [IP]: "10.200.7.5/24" }, "expected a subnet"],
    ["IPv6 alone", { [IP]: "fd00:200:0:7::/64" }, "expected a subnet"],
    ["three", { [IP]: `${DUAL},10.200.8.0/24` }, "expected a subnet"],
    ["a number", { [IP]: 7 }, "expected a subnet"],
    ["one twice", { [IP]: "10.200.7.0/24", "10.8.0.112": "10.200.7.0/24" }, "two hosts"],
    ["overlaps", { [IP]: "10.200.6.0/23", "10.8.0.112": "10.200.7.0/24" }, "two hosts"],
  ];
  for (const [name, given, told] of faults) {
    it(`is refused: ${name}`, () => {
      expect(() => readReservations(given)).to.throw(told);
    });
  }

  const dual = { EnableIPv6: true, IPv6Network: "fd00:200::/48" };
  const fits: [unknown, Given, string | undefined][] = [
    ["10.200.7.0/24", {}, undefined],
    ["10.200.7.0/25", {}, "not of the length of the network's subnets, /24"],
    ["10.201.7.0/24", {}, "not among the subnets of the network, 10.200.1.0/24 to 10.200.255.0/24"],
    ["10.200.7.0/24", { SubnetMin: "10.200.8.0" }, "10.200.8.0/24 to"],
    ["10.200.7.0/24", { SubnetMax: "10.200.6.0" }, "to 10.200.6.0/24"],
    [DUAL, {}, "has no IPv6"],
    [DUAL, dual, undefined],
    ["10.200.7.0/24", dual, "give a subnet of each"],
    ["10.200.7.0/24,fd01::/64", dual, "fd01::/64 is not among"],
    [DUAL, { ...dual, EnableIPv4: false }, "no IPv4"],
  ];
  for (const [value, more, told] of fits) {
    it(`${String(value)} under ${JSON.stringify(more)}: ${told ?? "fits"}`, () => {
      const fault = findRangeFault(readOne(value), rangesOf(more));
      if (told === undefined) expect(fault).to.equal(undefined);
      else expect(fault).to.include(told);
    });
  }

  const standings: [string, [string, string][], string][] = [
    ["nobody", [], "free"],
    ["others elsewhere", [["10.200.8.0-24", "10.8.0.112"]], "free"],
    ["the host", [["10.200.7.0-24", IP]], "held"],
    ["the host elsewhere", [["10.200.9.0-24", IP]], "elsewhere"],
    [
      "the host twice",
      [
        ["10.200.7.0-24", IP],
        ["10.200.9.0-24", IP],
      ],
      "elsewhere",
    ],
    ["another host", [["10.200.7.0-24", "10.8.0.112"]], "taken"],
    ["another host, which overlaps", [["10.200.6.0-23", "10.8.0.112"]], "taken"],
  ];
  for (const [name, held, kind] of standings) {
    it(`is ${kind} where etcd has the lease of ${name}`, () => {
      const leases = held.flatMap(([key, publicIp]) => {
        const value = JSON.stringify({ PublicIP: publicIp });
        const lease = tryParseLease({ key: `/net/subnets/${key}`, value, ttlSeconds: 9 });
        return lease === undefined ? [] : [lease];
      });
      const standing = standingOf(readOne("10.200.7.0/24"), leases);
      expect(standing.kind).to.equal(kind);
      if (standing.kind !== "elsewhere") return;
      expect(standing.leases.map(({ subnet }) => subnet && formatCidr(subnet))).to.deep.equal([
        "10.200.9.0/24",
      ]);
    });
  }
});
