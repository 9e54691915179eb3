import { expect } from "chai";

import {
  describeDifference,
  differencesOf,
  disruptionsOf,
} from "../../../src/flannel/config-difference";
import { type Lease, tryParseLease } from "../../../src/flannel/lease";
import { type NetworkConfig, readNetworkConfig } from "../../../src/flannel/network-config";
import { parseVersion } from "../../../src/flannel/version";

type Json = Readonly<Record<string, unknown>>;

function config(part: Json = {}, backend: Json = { Type: "vxlan" }): NetworkConfig {
  const document = { Network: "10.200.0.0/16", Backend: backend, ...part };
  const reader = { version: parseVersion("v0.28.9"), architectures: ["amd64"] };
  const reading = readNetworkConfig(document, reader);
  if (reading.config === undefined) throw new Error(reading.findings.refusals.join());
  return reading.config;
}

function told(before: NetworkConfig, after: NetworkConfig): readonly string[] {
  return differencesOf(before, after).map(describeDifference);
}

const LEASES: readonly Lease[] = ["10.200.31.0-24", "10.200.77.0-24"].flatMap(
  (key) => tryParseLease({ key, value: '{"PublicIP":"10.8.0.111"}', ttlSeconds: 1 }) ?? [],
);

describe("differences", () => {
  const none: [string, NetworkConfig, NetworkConfig][] = [
    [
      "defaults spelled out",
      config(),
      config({ SubnetLen: 24, SubnetMin: "10.200.1.0", EnableIPv4: true }),
    ],
    ["the case of the type", config(), config({}, { Type: "VXLAN" })],
    ["default options", config(), config({}, { Type: "vxlan", VNI: 1, Port: 8472, GBP: false })],
    ["host bits", config(), config({ Network: "10.200.7.7/16" })],
    ["0.0.0.0", config(), config({ SubnetMin: "0.0.0.0", SubnetLen: 0 })],
  ];
  for (const [name, before, after] of none) {
    it(`are not: ${name}`, () => {
      expect(told(before, after)).to.deep.equal([]);
    });
  }

  it("are told by setting", () => {
    expect(told(config(), config({ SubnetLen: 25 }, { Type: "vxlan", VNI: 7 }))).to.deep.equal([
      "SubnetLen is 24, declared is 25",
      "SubnetMin is 10.200.1.0, declared is 10.200.0.128",
      "SubnetMax is 10.200.255.0, declared is 10.200.255.128",
      "Backend.VNI is 1, declared is 7",
    ]);
  });

  it("between two types leave out the defaults of both", () => {
    const after = config({}, { Type: "wireguard", ListenPort: 51999 });
    expect(told(config({}, { Type: "vxlan", VNI: 7 }), after)).to.deep.equal([
      "Backend.Type is vxlan, declared is wireguard",
      "Backend.VNI is 7, declared is not set",
      "Backend.ListenPort is not set, declared is 51999",
    ]);
  });

  it("mask secrets", () => {
    const [one, two] = ["a", "b"].map((letter) =>
      config({}, { Type: "ipsec", PSK: letter.repeat(96) }),
    );
    if (one === undefined || two === undefined) throw new Error("no configurations");
    expect(differencesOf(one, two)).to.deep.equal([
      { key: "Backend.PSK", before: "********", after: "********" },
    ]);
    expect(told(one, two)).to.deep.equal(["Backend.PSK differs"]);
  });
});

describe("disruptions", () => {
  const disruptive: [string, NetworkConfig, string][] = [
    ["another type", config({}, { Type: "host-gw" }), "Backend.Type is vxlan, declared is host-gw"],
    ["another VNI", config({}, { Type: "vxlan", VNI: 2 }), "Backend.VNI is 1, declared is 2"],
    ["another port", config({}, { Type: "vxlan", Port: 4789 }), "Backend.Port is 8472"],
    [
      "a network without the leased subnets",
      config({ Network: "10.200.0.0/18" }),
      "outside the declared network: 10.200.77.0/24 of 10.8.0.111",
    ],
  ];
  for (const [name, after, message] of disruptive) {
    it(`are: ${name}`, () => {
      const reasons = disruptionsOf(config(), after, LEASES);
      expect(reasons.join("\n")).to.include(message);
      expect(reasons).to.have.length(1);
    });

    it(`are not, without leases: ${name}`, () => {
      expect(disruptionsOf(config(), after, [])).to.deep.equal([]);
    });
  }

  const dual = { EnableIPv6: true, IPv6Network: "fd00:200::/48" };
  const dualLeases = ["10.200.31.0-24&fd00:200:0:31::-64"].flatMap(
    (key) => tryParseLease({ key, value: '{"PublicIP":"10.8.0.111"}', ttlSeconds: 1 }) ?? [],
  );
  for (const [family, after] of [
    ["IPv4", config({ ...dual, Network: "10.201.0.0/16" })],
    ["IPv6", config({ ...dual, IPv6Network: "fd00:201::/48" })],
  ] as const) {
    it(`are, with dual stack: a network without the leased subnet of ${family} alone`, () => {
      expect(disruptionsOf(config(dual), config(dual), dualLeases)).to.deep.equal([]);
      expect(disruptionsOf(config(dual), after, dualLeases).join()).to.include(
        "outside the declared network: 10.200.31.0/24 of 10.8.0.111",
      );
    });
  }

  it("mask what a string may hide", () => {
    const command = (text: string): NetworkConfig =>
      config({}, { Type: "extension", SubnetAddCommand: text });
    const differences = differencesOf(command("true"), command('echo {"PSK": "hunter2"}'));
    expect(differences).to.deep.equal([
      { key: "Backend.SubnetAddCommand", before: "true", after: "********" },
    ]);
  });

  const gentle: [string, NetworkConfig][] = [
    ["a larger network", config({ Network: "10.192.0.0/12" })],
    ["another subnet length", config({ SubnetLen: 25 })],
    ["other bounds", config({ SubnetMin: "10.200.16.0", SubnetMax: "10.200.127.0" })],
    ["direct routing", config({}, { Type: "vxlan", DirectRouting: true })],
    ["an MTU", config({}, { Type: "vxlan", MTU: 1400 })],
  ];
  for (const [name, after] of gentle) {
    it(`are not: ${name}`, () => {
      expect(disruptionsOf(config(), after, LEASES)).to.deep.equal([]);
    });
  }
});
