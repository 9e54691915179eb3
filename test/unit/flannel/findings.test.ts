import { expect } from "chai";

import { Findings } from "../../../src/flannel/findings";
import { readNetworkConfig } from "../../../src/flannel/network-config";
import { parseVersion } from "../../../src/flannel/version";

const READER = { version: parseVersion("v0.28.9", "x"), architectures: ["amd64"] };

describe("what is wrong with a configuration", () => {
  it("is described a hundred times for names that nobody knows, and then no more", () => {
    const findings = new Findings();
    let described = 0;
    for (let index = 0; index < 1_000; index++) findings.unknown(() => `${++described}`);
    expect(described).to.equal(100);
    expect(findings.hazards).to.have.length(101);
    expect(findings.hazards.at(-1)).to.equal("there are more unknown names");
  });

  const many = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, index) => [`key${index}`, 1]),
  );
  for (const [where, document] of [
    ["at the top", { Network: "10.0.0.0/16", Backend: { Type: "vxlan" }, ...many }],
    ["in Backend", { Network: "10.0.0.0/16", Backend: { Type: "vxlan", ...many } }],
  ] as const) {
    it(`costs no more than a moment for a hundred thousand of them ${where}`, () => {
      const started = performance.now();
      const { findings } = readNetworkConfig(document, READER);
      expect(findings.hazards).to.have.length(101);
      expect(performance.now() - started).to.be.below(4_000);
    });
  }
});
