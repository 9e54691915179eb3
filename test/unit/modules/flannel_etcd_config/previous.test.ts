import { expect } from "chai";

import {
  previousKeyOf,
  renderKept,
  tryParseKept,
} from "../../../../src/modules/flannel_etcd_config/previous";

describe("the kept text", () => {
  it("is found again as it was", () => {
    for (const text of ["", '{"Network":"10.0.0.0/8"}', '"\\u0000\n', "ä€"]) {
      const kept = { previous: text, next: [text, "{}"] };
      expect(tryParseKept(renderKept(kept))).to.deep.equal(kept);
    }
  });

  it("is not what somebody else has put there", () => {
    const others = ["", "text", "[]", '{"previous":"a"}', '{"previous":"a","next":"b"}'];
    for (const value of [...others, '{"previous":1,"next":["b"]}', '{"previous":"a","next":[1]}']) {
      expect(tryParseKept(value), value).to.equal(undefined);
    }
  });

  it("stands where no flannel looks", () => {
    expect(previousKeyOf("/net/config")).to.equal("/net/config.previous");
  });
});
