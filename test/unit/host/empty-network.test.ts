import { expect } from "chai";

import { tryFindRefusal } from "../../../src/host/empty-network";
import { listInterfaces } from "../../../src/host/network";

const DEVICE = ["ip", "link", "add", "flannel-try", "type"];

describe("an empty network", function () {
  before(function () {
    if (process.getuid?.() !== 0) this.skip();
  });

  it("has the kernel's words for what it does not know", () => {
    expect(tryFindRefusal([...DEVICE, "no-such-kind"])).to.match(/^Unknown device type|not supp/);
  });

  it("takes what the kernel knows, and leaves nothing of it behind", () => {
    const before = listInterfaces();
    expect(tryFindRefusal([...DEVICE, "veth"])).to.equal(undefined);
    expect(listInterfaces()).to.deep.equal(before);
  });

  it("says nothing of a command that fails for another reason", () => {
    for (const command of [["no-such-program"], ["ip", "link", "show", "nosuch0"], ["false"]]) {
      expect(tryFindRefusal(command), command.join(" ")).to.equal(undefined);
    }
  });
});
