import { expect } from "chai";
import fc from "fast-check";

import { parseVersion } from "../../../src/flannel/version";
import { losesLeases, waveOf } from "../../../src/flannel/waves";

function sizesOf(serial: unknown, hosts: number): number[] {
  const sizes: number[] = [];
  for (let position = 0; position < hosts; position++) {
    const { index, size } = waveOf(serial, hosts, position);
    sizes[index] = size;
  }
  return sizes;
}

describe("waveOf", () => {
  const cases: readonly (readonly [unknown, number, readonly number[]])[] = [
    [undefined, 5, [5]],
    [0, 5, [5]],
    ["0", 5, [5]],
    ["", 5, [5]],
    [[], 5, [5]],
    [1, 3, [1, 1, 1]],
    ["2", 5, [2, 2, 1]],
    [7, 3, [3]],
    ["20%", 10, [2, 2, 2, 2, 2]],
    ["10%", 3, [1, 1, 1]],
    ["34 %", 3, [1, 1, 1]],
    ["100%", 4, [4]],
    [[1, 5, "20%"], 20, [1, 5, 4, 4, 4, 2]],
    [[1, 0], 5, [1, 4]],
    [["50%"], 3, [1, 1, 1]],
  ];
  for (const [serial, hosts, sizes] of cases) {
    it(`makes ${JSON.stringify(sizes)} of ${JSON.stringify(serial)} and ${hosts} hosts`, () => {
      expect(sizesOf(serial, hosts)).to.deep.equal(sizes);
    });
  }

  it("gives every host one wave, in the order of the play", () => {
    const step = fc.oneof(
      fc.nat({ max: 30 }),
      fc.nat({ max: 150 }).map((percent) => `${percent}%`),
    );
    const serials = fc.oneof(step, fc.array(step, { maxLength: 4 }));
    fc.assert(
      fc.property(serials, fc.integer({ min: 1, max: 100 }), (serial, hosts) => {
        for (let position = 0; position < hosts; position++) {
          const { index, count, first, size } = waveOf(serial, hosts, position);
          expect(position).to.be.within(first, first + size - 1);
          expect(index).to.be.below(count);
          const next = waveOf(serial, hosts, first + size);
          expect(next.index).to.equal(Math.min(index + 1, count - 1));
        }
      }),
    );
  });

  for (const serial of [-1, "x", "1.5", 1.5, "%", { a: 1 }, true, [1, "many"]]) {
    it(`refuses ${JSON.stringify(serial)}`, () => {
      expect(() => waveOf(serial, 3, 0)).to.throw("restart_serial: ");
    });
  }
});

describe("losesLeases", () => {
  for (const [version, loses] of [
    ["v0.17.0", false],
    ["v0.18.0", true],
    ["v0.20.2", true],
    ["v0.21.0", false],
  ] as const) {
    it(`is ${String(loses)} for ${version}`, () => {
      expect(losesLeases(parseVersion(version))).to.equal(loses);
    });
  }
});
