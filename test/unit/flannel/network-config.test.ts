import { expect } from "chai";
import fc from "fast-check";

import { type Family, contains, sizeOf } from "../../../src/flannel/address";
import { secretsIn } from "../../../src/flannel/secret-text";
import {
  type ConfigReading,
  readNetworkConfig,
  readNetworkText,
} from "../../../src/flannel/network-config";
import { type SubnetRange, countSubnets, isWithin } from "../../../src/flannel/subnet-range";
import { parseVersion } from "../../../src/flannel/version";
import { anyDocument, plausibleDocument } from "./documents";

const NEWEST = "v0.28.9";
const VXLAN = { Backend: { Type: "vxlan" } };

function read(document: unknown, version = NEWEST, architectures = ["amd64"]): ConfigReading {
  return readNetworkConfig(document, { version: parseVersion(version), architectures });
}

function settingsOf(document: unknown, version = NEWEST): Record<string, unknown> {
  const { config, findings } = read(document, version);
  expect(findings.refusals).to.deep.equal([]);
  return Object.fromEntries(config?.settings ?? []);
}

describe("network configuration", () => {
  describe("defaults", () => {
    const lengths: [string, number][] = [
      ["10.0.0.0/8", 24],
      ["10.200.0.0/16", 24],
      ["10.200.0.0/22", 24],
      ["10.200.0.0/23", 25],
      ["10.200.0.0/24", 26],
      ["10.200.0.0/28", 30],
    ];
    for (const [network, length] of lengths) {
      it(`gives each host a /${length} of ${network}`, () => {
        expect(settingsOf({ Network: network, ...VXLAN })["SubnetLen"]).to.equal(length);
      });
    }

    it("leases from the second subnet to the last", () => {
      const settings = settingsOf({ Network: "10.200.0.0/16", ...VXLAN });
      expect(settings).to.include({ SubnetMin: "10.200.1.0", SubnetMax: "10.200.255.0" });
    });

    it("does the same for IPv6", () => {
      const dual = { Network: "10.1.0.0/16", EnableIPv6: true, IPv6Network: "fd00::/48", ...VXLAN };
      expect(settingsOf(dual)).to.include({
        IPv6Network: "fd00::/48",
        IPv6SubnetLen: 64,
        IPv6SubnetMin: "fd00:0:0:1::",
        IPv6SubnetMax: "fd00:0:0:ffff::",
      });
    });

    it("halves a small network before v0.10.0", () => {
      const settings = settingsOf({ Network: "10.200.0.0/24", ...VXLAN }, "v0.9.1");
      expect(settings).to.include({ SubnetLen: 25, SubnetMin: "10.200.0.128" });
    });
  });

  describe("what flannel refuses", () => {
    const refused: [string, unknown, string?][] = [
      ["expected a JSON object", "text"],
      ["expected a JSON object", null],
      ["expected a JSON object", []],
      ["Network: missing", { ...VXLAN }],
      ["Network: expected an IPv4 network", { Network: "10.200.0.0", ...VXLAN }],
      ["Network: expected an IPv4 network", { Network: "10.200.0.0/33", ...VXLAN }],
      ["Network: expected an IPv4 network", { Network: 10, ...VXLAN }],
      ["Network: expected an IPv4 network", { Network: null, ...VXLAN }],
      ['Network: "fd00::/48" is an IPv6 network', { Network: "fd00::/48", ...VXLAN }],
      ["Network: 0.0.0.0/0 is the whole", { Network: "0.0.0.0/0", ...VXLAN }],
      ["Network: 10.0.0.0/29 is too small", { Network: "10.0.0.0/29", ...VXLAN }],
      ["SubnetLen: expected at most 30", { Network: "10.0.0.0/16", SubnetLen: 31, ...VXLAN }],
      ["at least 18 for 10.0.0.0/16", { Network: "10.0.0.0/16", SubnetLen: 17, ...VXLAN }],
      ["SubnetLen: expected a prefix", { Network: "10.0.0.0/16", SubnetLen: "24", ...VXLAN }],
      ["SubnetLen: expected a prefix", { Network: "10.0.0.0/16", SubnetLen: -1, ...VXLAN }],
      ["SubnetLen: expected a prefix", { Network: "10.0.0.0/16", SubnetLen: 24.5, ...VXLAN }],
      [
        "SubnetMin: 10.1.0.0 is not in",
        { Network: "10.0.0.0/16", SubnetMin: "10.1.0.0", ...VXLAN },
      ],
      [
        "SubnetMax: 11.0.0.0 is not in",
        { Network: "10.0.0.0/16", SubnetMax: "11.0.0.0", ...VXLAN },
      ],
      ["not the start of a /24", { Network: "10.0.0.0/16", SubnetMin: "10.0.1.1", ...VXLAN }],
      ["SubnetMin: expected an IPv4", { Network: "10.0.0.0/16", SubnetMin: "fd00::", ...VXLAN }],
      ["SubnetMax: expected an IPv4", { Network: "10.0.0.0/16", SubnetMax: "10.0.01.0", ...VXLAN }],
      ["IPv6Network: missing", { Network: "10.0.0.0/16", EnableIPv6: true, ...VXLAN }],
      [
        "IPv6SubnetLen: expected at most 126",
        { EnableIPv6: true, Network: "10.0.0.0/8", IPv6Network: "fd00::/48", IPv6SubnetLen: 127 },
      ],
      [
        "IPv6Network: fd00::/125 is too small",
        { EnableIPv6: true, Network: "10.0.0.0/8", IPv6Network: "fd00::/125" },
      ],
      ["SubnetLen: expected a prefix length such as 24, got Infinity", { SubnetLen: Infinity }],
      ["EnableIPv6: expected true or false", { Network: "10.0.0.0/16", EnableIPv6: "yes" }],
      [
        "EnableIPv4: both families are off, and flanneld exits with",
        { Network: "10.0.0.0/16", EnableIPv4: false, EnableIPv6: false },
      ],
      ["Backend: expected an object", { Network: "10.0.0.0/16", Backend: "vxlan" }],
      ["Backend.Type: missing", { Network: "10.0.0.0/16", Backend: {} }],
      ["SubnetLen: expected at least 16", { Network: "10.0.0.0/16", SubnetLen: 15 }, "v0.9.1"],
    ];
    for (const [message, document, version] of refused) {
      it(`${message}: ${JSON.stringify(document)}`, () => {
        const { config, findings } = read(document, version);
        expect(config).to.equal(undefined);
        expect(findings.refusals.join("\n")).to.include(message);
      });
    }
  });

  describe("what flannel swallows", () => {
    const swallowed: [string, unknown, string?][] = [
      ['Netwrok: unknown key, flannel would ignore it, did you mean "Network"?', { Netwrok: 1 }],
      ["colour: unknown key, flannel would ignore it (known: EnableIPv4", { colour: "red" }],
      ["PSK: a secret in the wrong place", { PSK: "x" }],
      ["network: given twice", { network: "10.0.0.0/16" }],
      ["SubnetMin: 10.200.9.0 is after", { SubnetMin: "10.200.9.0", SubnetMax: "10.200.8.0" }],
      ["EnableIPv6: needs flannel v0.15.0", { EnableIPv6: true }, "v0.14.0"],
      ["EnableNFTables: needs flannel v0.25.0", { EnableNFTables: true }, "v0.24.0"],
      [
        "Network, SubnetLen: leave them out where EnableIPv4 is false",
        { EnableIPv4: false, EnableIPv6: true, IPv6Network: "fd00::/48", SubnetLen: 24 },
      ],
      ["SubnetMin: 10.200.1.7 is not the start", { SubnetMin: "10.200.1.7" }, "v0.9.1"],
    ];
    for (const [message, part, version] of swallowed) {
      it(message, () => {
        const document = { Network: "10.200.0.0/16", ...VXLAN, ...(part as object) };
        const { findings } = read(document, version);
        expect(findings.hazards.join("\n")).to.include(
          message.replace("network: given", "Network: given"),
        );
        expect(findings.refusals).to.deep.equal([]);
      });
    }

    it("nothing, where the range has exactly one subnet", () => {
      const bounds = { SubnetMin: "10.200.9.0", SubnetMax: "10.200.9.0" };
      const { config, findings } = read({ Network: "10.200.0.0/16", ...VXLAN, ...bounds });
      expect(findings.hazards).to.deep.equal([]);
      expect(config?.ranges.map(countSubnets)).to.deep.equal([1n]);
    });

    it("notes that a missing Backend means udp", () => {
      const { config, findings } = read({ Network: "10.0.0.0/16" });
      expect(findings.notes.join()).to.include("Backend: not given");
      expect(config?.document).to.deep.equal({ Network: "10.0.0.0/16", Backend: { Type: "udp" } });
    });

    it("notes what a family that is off passes over, as a switch in a template leaves it", () => {
      const documents = [
        { Network: "10.0.0.0/16", EnableIPv6: false, IPv6Network: "fd00::/48", IPv6SubnetLen: 64 },
        { Network: "10.0.0.0/16", EnableIPv4: false, EnableIPv6: true, IPv6Network: "fd00::/48" },
      ];
      const notes = documents.map((document) => {
        const { config, findings } = read({ ...document, ...VXLAN });
        expect(config?.document).to.include(document);
        expect(findings.hazards).to.deep.equal([]);
        return findings.notes.join();
      });
      expect(notes[0]).to.equal(
        "IPv6Network, IPv6SubnetLen: without effect while EnableIPv6 is false",
      );
      expect(notes[1]).to.include("Network: without effect while EnableIPv4 is false");
    });

    it("notes that IPv6 alone serves one host only", () => {
      const { findings } = read({
        EnableIPv4: false,
        EnableIPv6: true,
        IPv6Network: "fd00::/48",
        ...VXLAN,
      });
      expect(findings.notes.join()).to.include("all hosts get the same subnet");
    });
  });

  it("reports all faults at once", () => {
    const { findings } = read({
      Network: "10.0.0.0/16",
      SubnetLen: 40,
      SubnetMin: "11.0.0.0",
      Subnetmx: "10.0.9.0",
      Backend: { Type: "vxlan", VNI: "one", port: 99999999, Prot: 1 },
    });
    const all = [...findings.refusals, ...findings.hazards].join("\n");
    for (const key of [
      "SubnetLen:",
      "SubnetMin:",
      "Subnetmx:",
      "Backend.VNI:",
      "Backend.Port:",
      "Backend.Prot:",
    ]) {
      expect(all).to.include(key);
    }
  });

  describe("text, read as Go reads it", () => {
    const readText = (text: string, version = NEWEST): ConfigReading =>
      readNetworkText(text, { version: parseVersion(version), architectures: ["amd64"] });
    const start = '{"Network":"10.200.0.0/16"';
    const end = ',"Backend":{"Type":"vxlan"}}';

    const settled: [string, Record<string, unknown>][] = [
      [`${start},"SubnetLen":26,"subnetLEN":null${end}`, { SubnetLen: 26 }],
      [`${start},"Backend":7${end}`, { "Backend.Type": "vxlan" }],
      [`${start},"Backend":{"Type":"vxlan","vni":1,"VNI":7}}`, { "Backend.VNI": 7 }],
      [`${start},"Backend":{"Type":"vxlan","VNI":7,"VNI":null}}`, { "Backend.VNI": 7 }],
      [
        `${start},"Backend":{"Type":"udp","TYPE":"vxlan","Type":null}}`,
        { "Backend.Type": "vxlan" },
      ],
      [`${start},"Backend":{"Type":"vxlan","VNI":-0}}`, { "Backend.VNI": 0 }],
      [`${start},"SubnetMin":"::ffff:10.200.9.0"${end}`, { SubnetMin: "10.200.9.0" }],
    ];
    for (const [text, expected] of settled) {
      it(`means ${JSON.stringify(expected)}: ${text}`, () => {
        const { config, findings } = readText(text);
        expect(findings.refusals).to.deep.equal([]);
        expect(Object.fromEntries(config?.settings ?? [])).to.include(expected);
      });
    }

    const refused: [string, string, string?][] = [
      ["got text that ends too early", "{"],
      ["got text that is not JSON", "hello"],
      ["got text that is not JSON", `\ufeff${start}${end}`],
      ["got [1]", "[1]"],
      ["nested deeper than 10000 levels", "[".repeat(10_001) + "]".repeat(10_001)],
      ["Network: missing", "null"],
      ["got 24.0", `${start},"SubnetLen":24.0${end}`],
      ["got 1e400", `${start},"SubnetLen":1e400${end}`],
      ["leave out the backslashes", `{"Network":"10.200.0.0\\/16"${end}`],
      ["leave out the backslashes", `${start},"SubnetMin":"10.200.\\u0031.0"${end}`],
      ["SubnetMin: expected an IPv4 address, got null", `${start},"SubnetMin":null${end}`],
      [
        "Backend.VNI: expected a whole number, got 1.0",
        `${start},"Backend":{"Type":"vxlan","VNI":1.0}}`,
      ],
      ["Backend.VNI: expected", `${start},"Backend":{"Type":"vxlan","VNI":"1","VNI":1}}`],
      ["Backend.Type: 7", `${start},"Backend":{"Type":7,"Type":"vxlan"}}`],
      ["Backend: expected an object", `${start},"Backend":null}`],
      ["10.0.0.0/112 is too small", `{"Network":"::ffff:10.0.0.0/112"${end}`],
    ];
    for (const [message, text, version] of refused) {
      it(`is refused: ${message}: ${text.slice(0, 80)}`, () => {
        const { config, findings } = readText(text, version);
        expect(config).to.equal(undefined);
        expect(findings.refusals.join("\n")).to.include(message);
      });
    }

    it("quotes no secret, whatever is wrong with it", () => {
      const secret = "SECRETSECRET";
      for (const text of [
        `{"PSK":"${secret}",}`,
        `"{\\"PSK\\":\\"${secret}\\"}"`,
        `${start},"SubnetLen":{"PSK":"${secret}"}${end}`,
        `${start},"Backend":{"Type":"wireguard","PSK":["${secret}"]}}`,
        `${start},"SubnetLen":"psk=${secret}"${end}`,
      ]) {
        const { findings } = readText(text);
        expect(findings.refusals, text).not.to.deep.equal([]);
        const told = [...findings.refusals, ...findings.hazards].join();
        expect(told, text).not.to.include(secret);
      }
    });

    it("warns of IPv4 where IPv6 is expected, which flannel takes", () => {
      const dual = `${start},"EnableIPv6":true,"IPv6SubnetLen":124,"IPv6Network":`;
      for (const network of ['"::ffff:1.2.3.4/120"', '"1.2.3.0/24"']) {
        const { findings } = readText(`${dual}${network}${end}`);
        expect(findings.refusals).to.deep.equal([]);
        expect(findings.hazards.join()).to.include("is an IPv4 network, expected IPv6");
      }
    });
  });

  describe("what is written", () => {
    it("has flannel's spelling and order, no host bits and no nulls", () => {
      const { config } = read({
        backend: { port: 4789, TYPE: "VXLAN", vni: null },
        subnetlen: 25,
        network: "10.200.3.4/16",
        EnableIPv6: null,
      });
      expect(JSON.stringify(config?.document)).to.equal(
        '{"Network":"10.200.0.0/16","SubnetLen":25,"Backend":{"Type":"vxlan","Port":4789}}',
      );
    });
  });

  it("finds secrets at any depth and in any spelling", () => {
    const document = {
      psk: "a",
      Backend: { PSK: "b", x: [{ AccessKeySecret: "c" }] },
      Network: "d",
    };
    expect(secretsIn(document)).to.deep.equal(["a", "b", "c"]);
  });

  describe("properties", () => {
    const versions = fc.constantFrom("v0.9.1", "v0.10.0", "v0.15.1", "v0.19.2", NEWEST);

    it("an accepted configuration has a subnet to lease, and all of them lie in the network", () => {
      let accepted = 0;
      fc.assert(
        fc.property(
          fc.oneof(plausibleDocument, anyDocument),
          versions,
          fc.nat(),
          (part, version, pick) => {
            const { config, findings } = read({ ...part, ...VXLAN }, version);
            if (config === undefined || findings.hazards.length > 0) return;
            accepted++;
            expect(config.ranges.length).to.be.greaterThan(0);
            for (const range of config.ranges) checkLeases(range, BigInt(pick));
          },
        ),
        { numRuns: 10_000 },
      );
      expect(accepted).to.be.greaterThan(1_000);
    });

    it("what is written reads back with the same meaning", () => {
      fc.assert(
        fc.property(plausibleDocument, (part) => {
          const { config } = read({ ...part, ...VXLAN });
          if (config === undefined) return;
          const again = read(JSON.parse(JSON.stringify(config.document)));
          expect(again.findings.refusals).to.deep.equal([]);
          expect([...(again.config?.settings ?? [])]).to.deep.equal([...config.settings]);
        }),
        { numRuns: 5_000 },
      );
    });

    it("the case of keys and their order mean nothing", () => {
      fc.assert(
        fc.property(fc.oneof(plausibleDocument, anyDocument), fc.boolean(), (part, upper) => {
          const document = { ...part, ...VXLAN };
          const respelled = Object.fromEntries(
            Object.entries(document)
              .reverse()
              .map(([key, value]) => [upper ? key.toUpperCase() : key.toLowerCase(), value]),
          );
          const [one, two] = [read(document), read(respelled)];
          expect(two.findings.refusals).to.have.members(one.findings.refusals);
          expect(two.config?.settings).to.deep.equal(one.config?.settings);
        }),
        { numRuns: 3_000 },
      );
    });
  });
});

/** The first, the last and one more subnet, as flannel would lease them. */
function checkLeases(range: SubnetRange, pick: bigint): void {
  const count = countSubnets(range);
  expect(count > 0n).to.equal(true);
  for (const index of [0n, count - 1n, pick % count]) {
    const subnet = subnetAt(range, index);
    expect(contains(range.network, subnet)).to.equal(true);
    expect(isWithin(range, subnet)).to.equal(true);
  }
}

function subnetAt(
  { family, min, subnetLen }: SubnetRange,
  index: bigint,
): {
  family: Family;
  base: bigint;
  length: number;
} {
  return { family, base: min + index * sizeOf(family, subnetLen), length: subnetLen };
}
