import { expect } from "chai";
import fc from "fast-check";

import { type Cidr, sizeOf, tryParseCidr } from "../../../src/flannel/address";
import { type SubnetRange, countSubnets } from "../../../src/flannel/subnet-range";
import { supplyOf } from "../../../src/flannel/subnet-supply";

function cidr(text: string): Cidr {
  const parsed = tryParseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

const RANGE: SubnetRange = {
  family: 4,
  network: cidr("10.0.0.0/21"),
  subnetLen: 24,
  min: cidr("10.0.1.0/24").base,
  max: cidr("10.0.4.0/24").base,
};

describe("the supply of subnets", () => {
  const cases: [string, (string | undefined)[], bigint, number[]][] = [
    ["nothing leased", [], 4n, []],
    ["one of them", ["10.0.2.0/24"], 3n, [0]],
    ["a larger one", ["10.0.2.0/23"], 2n, [0]],
    ["a smaller one, at the end of one", ["10.0.2.192/26"], 3n, [0]],
    ["two in the same", ["10.0.2.0/26", "10.0.2.64/26"], 3n, []],
    ["one outside, in front and behind", ["10.0.0.0/24", "10.0.5.0/24"], 4n, []],
    ["one that only begins outside", ["10.0.0.0/22"], 1n, [0]],
    ["all, by two", ["10.0.0.0/22", "10.0.4.0/24"], 0n, [0, 1]],
    ["all, by the whole address space", [undefined, "10.0.2.0/24"], 0n, [0]],
  ];
  for (const [name, blocks, free, soleHolders] of cases) {
    it(`leaves ${free} with ${name}`, () => {
      const parsed = blocks.map((block) => (block === undefined ? undefined : cidr(block)));
      const supply = supplyOf(RANGE, parsed);
      expect(supply.free).to.equal(free);
      expect([...supply.soleHolders].sort()).to.deep.equal(soleHolders);
    });
  }

  it("is that of flannel's loop over all subnets and leases", () => {
    const block = fc
      .tuple(fc.integer({ min: 0, max: 2047 }), fc.integer({ min: 20, max: 28 }))
      .map(([address, length]) => cidr(`10.0.${address >> 8}.${address & 255}/${length}`));
    fc.assert(
      fc.property(fc.array(block, { maxLength: 8 }), (blocks) => {
        const holders = subnetsOf(RANGE).map((subnet) => holdersOf(subnet, blocks));
        const { free, soleHolders } = supplyOf(RANGE, blocks);
        expect(Number(free)).to.equal(holders.filter(({ length }) => length === 0).length);
        const sole = holders.flatMap((found) => (found.length === 1 ? found : []));
        expect(soleHolders).to.deep.equal(new Set(sole));
      }),
    );
  });
});

function subnetsOf(range: SubnetRange): Cidr[] {
  const { family, subnetLen, min } = range;
  return Array.from({ length: Number(countSubnets(range)) }, (_, index) => ({
    family,
    base: min + BigInt(index) * sizeOf(family, subnetLen),
    length: subnetLen,
  }));
}

function holdersOf(subnet: Cidr, blocks: readonly Cidr[]): number[] {
  return blocks.flatMap((block, index) => (overlap(subnet, block) ? [index] : []));
}

/** IP4Net.Overlaps. */
function overlap(one: Cidr, other: Cidr): boolean {
  const bits = BigInt(32 - Math.min(one.length, other.length));
  return one.base >> bits === other.base >> bits;
}
