import { expect } from "chai";
import fc from "fast-check";

import {
  containsAddress,
  formatAddress,
  tryParseAddress,
  tryParseCidr,
} from "../../../src/flannel/address";
import { podAddressesOf } from "../../../src/flannel/pod-address";

describe("podAddressesOf", () => {
  /** [subnet, what was given out last, the first addresses]. */
  const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["10.200.1.1/24", [], ["10.200.1.254", "10.200.1.253"]],
    ["10.200.1.1/24", ["10.200.1.10"], ["10.200.1.9", "10.200.1.8"]],
    ["10.200.1.1/24", ["10.200.1.3"], ["10.200.1.2", "10.200.1.254"]],
    ["10.200.1.1/24", ["10.200.7.3", "nonsense"], ["10.200.1.254", "10.200.1.253"]],
    ["10.200.1.1/30", [], ["10.200.1.2"]],
    ["10.200.1.0/31", [], []],
    ["10.200.1.0/32", [], []],
    ["fd00::1/64", [], ["fd00::ffff:ffff:ffff:fffe", "fd00::ffff:ffff:ffff:fffd"]],
    ["no subnet", [], []],
  ];
  for (const [subnet, last, first] of CASES) {
    it(`takes ${first[0] ?? "none"} in ${subnet} after ${last.join() || "nothing"}`, () => {
      const found = podAddressesOf(subnet, last);
      expect(found.slice(0, 2)).to.deep.equal(first);
    });
  }

  it("never takes what is not the pods', nor one twice", () => {
    const subnets = fc.tuple(fc.nat(255), fc.integer({ min: 16, max: 30 }), fc.nat(254));
    fc.assert(
      fc.property(subnets, ([third, length, last]) => {
        const block = tryParseCidr(`10.200.${third}.0/${length}`);
        if (block === undefined) throw new Error("no block");
        const gateway = formatAddress({ family: 4, value: block.base + 1n });
        const found = podAddressesOf(`${gateway}/${length}`, [`10.200.${third}.${last}`]);
        expect(new Set(found).size).to.equal(found.length);
        expect(found).to.not.include(gateway);
        for (const text of found) {
          const address = tryParseAddress(text);
          if (address === undefined) throw new Error(text);
          expect(containsAddress(block, address)).to.equal(true);
          expect(address.value).to.not.equal(block.base);
          expect(containsAddress(block, { ...address, value: address.value + 1n })).to.equal(true);
        }
      }),
    );
  });
});
