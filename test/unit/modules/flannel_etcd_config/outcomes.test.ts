import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { readOutcomes } from "../../../../src/modules/flannel_etcd_config/outcomes";

describe("outcomes", () => {
  it("are words by host, none for a daemon that came up", () => {
    const outcomes = readOutcomes({ one: "", two: "died", three: null });
    expect([...outcomes]).to.deep.equal([
      ["one", ""],
      ["two", "died"],
      ["three", ""],
    ]);
  });

  it("are refused where they are no text", () => {
    for (const value of [false, 1, ["died"], {}]) {
      expect(() => readOutcomes({ one: value }))
        .to.throw(ModuleError, /^outcomes: one: .*: expected text, empty where flanneld came up$/)
        .with.property("code", "invalid_arguments");
    }
  });
});
