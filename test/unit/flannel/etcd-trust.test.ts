import { expect } from "chai";

import { trustWithoutPair } from "../../../src/flannel/etcd-trust";
import { parseVersion } from "../../../src/flannel/version";

describe("whom flannel takes for etcd without a client certificate", () => {
  const rows: [string | undefined, string][] = [
    ["v0.10.0", "declared"],
    ["v0.17.0", "declared"],
    ["v0.18.0", "anybody"],
    ["v0.19.1", "anybody"],
    ["v0.19.2", "nobody"],
    ["v0.20.0", "nobody"],
    ["v0.20.1", "system"],
    ["v0.28.9", "system"],
    [undefined, "system"],
  ];
  for (const [tag, trust] of rows) {
    it(`${tag ?? "an unknown release"}: ${trust}`, () => {
      expect(trustWithoutPair(tag === undefined ? undefined : parseVersion(tag))).to.equal(trust);
    });
  }
});
