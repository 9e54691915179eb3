import { expect } from "chai";

import { findStaleBridge } from "../../../../src/modules/flannel_unit/stale-bridge";

describe("flannel_unit stale bridge", () => {
  it("is one in another network than the host's subnet", () => {
    const [sentence, ...others] = findStaleBridge("10.200.9.1/24", ["10.200.7.0/24"]);
    expect(others).to.deep.equal([]);
    expect(sentence).to.contain("is in 10.200.7.0/24, but its subnet is 10.200.9.1/24");
    expect(sentence).to.contain("ip link delete cni0");
  });

  const fine: [string, string | undefined, string[]][] = [
    ["the subnet's own", "10.200.9.1/24", ["10.200.9.0/24"]],
    ["no bridge yet", "10.200.9.1/24", []],
    ["no subnet yet", undefined, ["10.200.7.0/24"]],
  ];
  for (const [what, subnet, networks] of fine) {
    it(`is none: ${what}`, () => {
      expect(findStaleBridge(subnet, networks)).to.deep.equal([]);
    });
  }
});
