import { expect } from "chai";

import { planRemove, planWrite } from "../../../../src/modules/flannel_unit/changes";
import { fileOf } from "../../../support/flannel-unit";

const FILE = { path: "/f", content: "a\n", mode: 0o644 };

describe("flannel_unit changes", () => {
  it("write nothing where the file is as it shall be", () => {
    expect(planWrite(FILE, fileOf("a\n"))).to.deep.equal([]);
  });

  const wrong: [string, Parameters<typeof fileOf>, string, string][] = [
    ["content", ["b\n"], "b\n", "a\n"],
    ["mode", ["a\n", 0o664], "mode 664, owner 0:0\n", "mode 644, owner 0:0\n"],
    ["owner", ["a\n", 0o644, { uid: 7 }], "mode 644, owner 7:0\n", "mode 644, owner 0:0\n"],
    ["group", ["a\n", 0o644, { gid: 7 }], "mode 644, owner 0:7\n", "mode 644, owner 0:0\n"],
  ];
  for (const [what, file, before, after] of wrong) {
    it(`correct another ${what}, and say so in the diff`, () => {
      const [change, ...others] = planWrite(FILE, fileOf(...file));
      expect(others).to.deep.equal([]);
      expect(change?.summary).to.equal("write /f");
      expect(change?.diff).to.include({ before, after, before_header: "/f" });
    });
  }

  it("remove nothing where nothing is", () => {
    expect(planRemove({ path: "/f" }, undefined)).to.deep.equal([]);
    expect(planRemove({ path: "/f" }, fileOf("a\n"))[0]?.diff).to.include({
      before: "a\n",
      after: "",
    });
  });

  it("show that a masked text changes", () => {
    const [change] = planWrite(FILE, fileOf("b\n"), () => "x=********\n");
    expect(change?.diff).to.include({ before: "x=********\n", after: "x=******** (changed)\n" });
  });
});
