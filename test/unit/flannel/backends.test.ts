import { expect } from "chai";

import { readBackend } from "../../../src/flannel/backends";
import { Findings } from "../../../src/flannel/findings";
import { parseVersion } from "../../../src/flannel/version";

const NEWEST = "v0.28.9";
const LONG_PSK = "x".repeat(96);

function read(
  backend: Readonly<Record<string, unknown>>,
  version = NEWEST,
  architectures: readonly string[] = ["amd64"],
): { findings: Findings; settings: Record<string, unknown> | undefined } {
  const findings = new Findings();
  const reading = readBackend(
    Object.entries(backend),
    parseVersion(version),
    architectures,
    findings,
  );
  return { findings, settings: reading && Object.fromEntries(reading.settings) };
}

describe("backends", () => {
  const accepted: [Record<string, unknown>, Record<string, unknown>, string?][] = [
    [{ Type: "VXLAN" }, { "Backend.Type": "vxlan", "Backend.VNI": 1, "Backend.Port": 8472 }],
    [{ Type: "vxlan", Port: 0 }, { "Backend.Port": 8472 }],
    [{ Type: "vxlan", VNI: 0 }, { "Backend.VNI": 0 }],
    [{ Type: "host-gw" }, { "Backend.Type": "host-gw" }],
    [{ Type: "udp" }, { "Backend.Port": 8285 }],
    [{ Type: "ipip", DirectRouting: true }, { "Backend.DirectRouting": true }, "v0.10.0"],
    [{ Type: "ipsec", PSK: LONG_PSK }, { "Backend.UDPEncap": false }, "v0.11.0"],
    [{ Type: "wireguard" }, { "Backend.Mode": "separate", "Backend.ListenPort": 51820 }],
    [{ Type: "wireguard" }, { "Backend.ListenPortV6": 51821 }, "v0.17.0"],
    [{ Type: "alloc" }, { "Backend.Type": "alloc" }, "v0.7.0"],
    [{ Type: "extension", SubnetAddCommand: "true" }, { "Backend.SubnetAddCommand": "true" }],
    [{ Type: "tencent-vpc" }, { "Backend.AccessKeyID": "" }, "v0.14.0"],
    [{ Type: "aws-vpc", RouteTableID: ["rtb-1"] }, { "Backend.Type": "aws-vpc" }, "v0.19.2"],
    [{ Type: "gce" }, { "Backend.Type": "gce" }, "v0.10.0"],
  ];
  for (const [backend, settings, version] of accepted) {
    it(`accepts ${JSON.stringify(backend)} at ${version ?? NEWEST}`, () => {
      const reading = read(backend, version);
      expect(reading.findings).to.deep.equal(new Findings());
      expect(reading.settings).to.deep.include(settings);
    });
  }

  const refused: [string, Record<string, unknown>, string?][] = [
    ["no such thing", { Type: "vxlam" }],
    ["Backend.Type: 7, expected one of", { Type: 7 }],
    ["needs flannel v0.16.0 or newer, this is v0.15.1", { Type: "wireguard" }, "v0.15.1"],
    ["needs flannel v0.10.0 or newer", { Type: "ipip" }, "v0.9.1"],
    ["needs flannel v0.11.0 or newer", { Type: "ipsec", PSK: LONG_PSK }, "v0.10.0"],
    ["was removed in flannel v0.20.0, this is v0.28.9", { Type: "gce" }],
    ["was removed in flannel v0.20.0", { Type: "aws-vpc" }, "v0.20.0"],
    ["Backend.VNI: expected a whole number", { Type: "vxlan", VNI: "1" }],
    ["Backend.VNI: expected a whole number", { Type: "vxlan", VNI: 1.5 }],
    ["Backend.GBP: expected true or false", { Type: "vxlan", GBP: "yes" }],
    ["Backend.PSK: ipsec needs at least 96 characters, got 0", { Type: "ipsec" }],
    [
      "Backend.PSK: ipsec needs at least 96 characters, got 95",
      { Type: "ipsec", PSK: "x".repeat(95) },
    ],
    ["Backend.PSK: wireguard needs 32 bytes in base64", { Type: "wireguard", PSK: "secret" }],
    ["Backend.Mode: expected one of separate, auto", { Type: "wireguard", Mode: "both" }],
  ];
  for (const [message, backend, version] of refused) {
    it(`refuses ${JSON.stringify(backend).slice(0, 60)} at ${version ?? NEWEST}: ${message}`, () => {
      const { findings } = read(backend, version);
      const expected = message === "no such thing" ? 'did you mean "vxlan"?' : message;
      expect(findings.refusals.join("\n")).to.include(expected);
    });
  }

  const harmful: [string, Record<string, unknown>, string?][] = [
    [
      'Backend.Prot: unknown option of backend vxlan, did you mean "Port"?',
      { Type: "vxlan", Prot: 1 },
    ],
    [
      "Backend.PSK: unknown option of backend vxlan, it belongs to ipsec, wireguard",
      { Type: "vxlan", PSK: "p" },
    ],
    [
      "Backend.VNI: unknown option of backend host-gw, it belongs to vxlan (it has none)",
      { Type: "host-gw", VNI: 1 },
    ],
    [
      "Backend.MTU: needs flannel v0.21.3 or newer, v0.21.2 ignores it",
      { Type: "vxlan", MTU: 1400 },
      "v0.21.2",
    ],
    ["Backend.Learning: needs flannel v0.12.0", { Type: "vxlan", Learning: true }, "v0.11.0"],
    ["Backend.Mode: needs flannel v0.18.0", { Type: "wireguard", Mode: "auto" }, "v0.17.0"],
    ["Backend.VNI: expected 0 to 16777215, got 16777216", { Type: "vxlan", VNI: 2 ** 24 }],
    ["Backend.Port: expected 0 to 65535, got -1", { Type: "udp", Port: -1 }],
    ["Backend.VNI: given twice, also as vni", { Type: "vxlan", VNI: 1, vni: 2 }],
    ["Backend: Type and type are the same key", { Type: "vxlan", type: "udp" }],
  ];
  for (const [message, backend, version] of harmful) {
    it(`warns of harm: ${message}`, () => {
      const { findings } = read(backend, version);
      expect(findings.hazards.join("\n")).to.include(message);
      expect(findings.refusals).to.deep.equal([]);
    });
  }

  describe("udp", () => {
    it("is refused from v0.10.0 where a host is not amd64", () => {
      const { findings } = read({ Type: "udp" }, "v0.10.0", ["amd64", "arm64"]);
      expect(findings.refusals.join()).to.include(
        "supports it on amd64 only, but there are hosts with arm64",
      );
    });

    it("ran anywhere before", () => {
      expect(read({ Type: "udp" }, "v0.9.1", ["arm64"]).findings.refusals).to.deep.equal([]);
    });
  });

  describe("with a secret", () => {
    const secret = "correct horse battery staple";
    const told: [string, unknown, string][] = [
      ["ipsec", secret, "Backend.PSK: ipsec needs at least 96 characters, got 28"],
      ["ipsec", [secret], "Backend.PSK: expected text, got the value given"],
      ["wireguard", secret, "Backend.PSK: wireguard needs 32 bytes in base64"],
      ["wireguard", [secret], "Backend.PSK: expected text, got the value given"],
      ["vxlan", secret, "Backend.PSK: unknown option of backend vxlan"],
      ["nonsense", secret, 'Backend.Type: "nonsense": not a flannel backend'],
      [`{"PSK": "${secret}"}`, "", 'Backend.Type: "********": not a flannel backend'],
    ];
    for (const [type, PSK, message] of told) {
      it(`never shows it, but says what is wrong: ${message}`, () => {
        const { findings } = read({ Type: type, PSK });
        expect(findings.refusals.concat(findings.hazards).join("\n")).to.include(message);
        expect(JSON.stringify(findings)).not.to.match(/correct|staple/);
      });
    }

    it("never shows it in a key", () => {
      const { findings } = read({ Type: "vxlan", [`{"PSK":"${secret}"}`]: 1 });
      expect(findings.hazards.join()).to.include("Backend.********: unknown option");
    });
  });
});
