import { expect } from "chai";

import { describeDifference, differencesOf } from "../../../src/flannel/config-difference";
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

  it("are not: the same list of route tables", () => {
    const reader = { version: parseVersion("v0.19.2"), architectures: ["amd64"] };
    const [one, same, other] = [["rtb-1", "rtb-2"], ["rtb-1", "rtb-2"], ["rtb-1"]].map(
      (RouteTableID) =>
        readNetworkConfig(
          { Network: "10.200.0.0/16", Backend: { Type: "aws-vpc", RouteTableID } },
          reader,
        ).config ?? config(),
    );
    if (one === undefined || same === undefined || other === undefined)
      throw new Error("no config");
    expect(told(one, same)).to.deep.equal([]);
    expect(told(one, other)).to.deep.equal(["Backend.RouteTableID is rtb-1,rtb-2, expected rtb-1"]);
  });

  it("mask what a string may hide", () => {
    const command = (text: string): NetworkConfig =>
      config({}, { Type: "extension", SubnetAddCommand: text });
    const differences = differencesOf(command("true"), command('echo {"PSK": "hunter2"}'));
    expect(differences).to.deep.equal([
      { key: "Backend.SubnetAddCommand", before: "true", after: "********" },
    ]);
  });

  it("are told by setting", () => {
    expect(told(config(), config({ SubnetLen: 25 }, { Type: "vxlan", VNI: 7 }))).to.deep.equal([
      "SubnetLen is 24, expected 25",
      "SubnetMin is 10.200.1.0, expected 10.200.0.128",
      "SubnetMax is 10.200.255.0, expected 10.200.255.128",
      "Backend.VNI is 1, expected 7",
    ]);
  });

  it("between two types leave out the defaults of both", () => {
    const after = config({}, { Type: "wireguard", ListenPort: 51999 });
    expect(told(config({}, { Type: "vxlan", VNI: 7 }), after)).to.deep.equal([
      "Backend.Type is vxlan, expected wireguard",
      "Backend.VNI is 7, expected not set",
      "Backend.ListenPort is not set, expected 51999",
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
