import { expect } from "chai";

import { tryParseVersion } from "../../../../src/flannel/version";
import { findTrustLacks, trustVariables } from "../../../../src/modules/flannel_unit/trust";

const CA = { "etcd-cafile": "/ca.pem", "etcd-endpoints": "https://10.0.0.1:2379" };
const PAIR = { "etcd-certfile": "/c.pem", "etcd-keyfile": "/k.pem" };

function flagsOf(settings: Readonly<Record<string, string>>) {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

describe("flannel_unit trust in etcd", () => {
  it("comes by the system's CAs where flannel would not read etcd-cafile", () => {
    const expected: [string, Readonly<Record<string, string>>, object][] = [
      ["v0.28.9", CA, { SSL_CERT_FILE: "/ca.pem" }],
      ["v0.20.1", { ...CA, "etcd-keyfile": "/k.pem" }, { SSL_CERT_FILE: "/ca.pem" }],
      ["v0.28.9", { ...CA, ...PAIR }, {}],
      ["v0.28.9", { "etcd-cafile": "" }, {}],
      ["v0.17.0", CA, {}],
      ["v0.18.0", CA, {}],
    ];
    for (const [tag, settings, variables] of expected) {
      expect(trustVariables(flagsOf(settings), tryParseVersion(tag)), tag).to.deep.equal(variables);
    }
  });

  const rows: [string, Readonly<Record<string, string>>, "vital" | "minor" | "none"][] = [
    ["v0.19.2", CA, "vital"],
    ["v0.20.0", { "etcd-endpoints": "http://10.0.0.1:2379" }, "vital"],
    ["v0.19.2", { ...CA, ...PAIR }, "none"],
    ["v0.18.0", CA, "minor"],
    ["v0.19.1", CA, "minor"],
    ["v0.18.0", { "etcd-endpoints": "http://10.0.0.1:2379" }, "none"],
    ["v0.17.0", CA, "none"],
    ["v0.20.1", CA, "none"],
    ["unknown", CA, "none"],
  ];
  for (const [tag, settings, kind] of rows) {
    it(`of ${tag} with ${Object.keys(settings).join(", ")}: ${kind}`, () => {
      const lacks = findTrustLacks(flagsOf(settings), tryParseVersion(tag));
      const kinds = lacks.map(({ isVital }) => (isVital ? "vital" : "minor"));
      expect(kinds).to.deep.equal(kind === "none" ? [] : [kind]);
      for (const { message } of lacks) expect(message).to.contain("etcd-keyfile");
    });
  }
});
