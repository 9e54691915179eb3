import { expect } from "chai";

import { readRawJson } from "../../../src/base/raw-json";
import { Findings } from "../../../src/flannel/findings";
import { spellKeys } from "../../../src/flannel/network-keys";
import { parseVersion } from "../../../src/flannel/version";

/** The keys of a text, and what was found. */
function spell(text: string, version = "v0.28.9"): { keys: unknown; findings: Findings } {
  const findings = new Findings();
  return {
    keys: spellKeys(readRawJson(text).members(), parseVersion(version), findings),
    findings,
  };
}

describe("the keys of a text", () => {
  const twins: [string, unknown][] = [
    ['{"SubnetLen":24,"SubnetLen":26}', { SubnetLen: 26 }],
    ['{"SubnetLen":24,"SUBNETLEN":26}', { SubnetLen: 26 }],
    ['{"SubnetLen":24,"SubnetLen":null}', { SubnetLen: 24 }],
    ['{"EnableIPv6":true,"enableipv6":null}', { EnableIPv6: true }],
    ['{"IPv6SubnetMin":"fd00::1","IPv6SubnetMin":null}', { IPv6SubnetMin: null }],
  ];
  for (const [text, keys] of twins) {
    it(`count as Go counts twins: ${text}`, () => {
      const spelled = spell(text);
      expect(spelled.keys).to.deep.equal(keys);
      expect(spelled.findings.refusals).to.deep.equal([]);
      expect(spelled.findings.hazards.join()).to.include("given twice");
    });
  }

  for (const text of [
    '{"SubnetLen":24.0,"SubnetLen":24}',
    '{"Network":"10.0.0.0\\/16","Network":"10.0.0.0/16"}',
    '{"Network":null,"Network":"10.0.0.0/16"}',
  ]) {
    it(`are refused for a first one that flannel stumbles over: ${text}`, () => {
      expect(spell(text).findings.refusals.join()).to.include("cannot read the first");
    });
  }

  it("take any Backend but the last for nothing", () => {
    expect(spell('{"Backend":7,"Backend":{"Type":"vxlan"}}').findings.refusals).to.deep.equal([]);
  });

  const lists: [string, string, boolean][] = [
    ['{"Networks":"10.0.0.0/16"}', "v0.20.0", false],
    ['{"networks":["10.0.0.0/16"],"IPv6Networks":[]}', "v0.20.0", true],
    ['{"Networks":[null]}', "v0.24.4", false],
    ['{"IPv6Networks":null}', "v0.24.4", true],
    ['{"Networks":"10.0.0.0/16"}', "v0.19.2", true],
    ['{"Networks":"10.0.0.0/16"}', "v0.25.0", true],
  ];
  for (const [text, version, isTaken] of lists) {
    it(`are ${isTaken ? "taken" : "refused"} by ${version}: ${text}`, () => {
      const { findings } = spell(text, version);
      expect(findings.refusals).to.have.length(isTaken ? 0 : 1);
      expect(findings.hazards.join()).to.include("unknown key");
    });
  }
});
