import { expect } from "chai";
import fc from "fast-check";

import { didYouMean, editDistance, nearestName } from "../../../src/base/nearest";

describe("nearestName", () => {
  const known = ["etcd-endpoints", "etcd-prefix", "iface", "iface-regex", "SubnetLen", "public-ip"];
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["etcd-endpoint", "etcd-endpoints"],
    ["etcd_prefix", "etcd-prefix"],
    ["ifcae", "iface"],
    ["subnetlen", "SubnetLen"],
    ["subnet_len", "SubnetLen"],
    ["publicip", "public-ip"],
    ["kubeconfig", undefined],
  ];
  for (const [name, nearest] of cases) {
    it(`${name} is near ${String(nearest)}`, () => {
      expect(nearestName(name, known)).to.equal(nearest);
    });
  }

  it("is the first of those with the least distance, if that is a third of the name at most", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), maxLength: 12 });
    fc.assert(
      fc.property(letters, fc.array(letters, { maxLength: 8 }), (name, names) => {
        const limit = Math.max(2, Math.floor(name.length / 3));
        const distances = names.map((candidate) => editDistance(name, candidate));
        const least = Math.min(...distances);
        const nearest = least <= limit ? names[distances.indexOf(least)] : undefined;
        expect(nearestName(name, names)).to.equal(nearest);
      }),
    );
  });

  it("words the hint so that it can be put behind any message", () => {
    expect(didYouMean("ifcae", known)).to.equal(', did you mean "iface"?');
    expect(didYouMean("nothing-like-it", known)).to.equal("");
  });
});

describe("editDistance", () => {
  it("is symmetric, zero for equal words only, and at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).to.equal(editDistance(b, a));
        expect(distance === 0).to.equal(a === b);
        expect(distance).to.be.at.most(Math.max(a.length, b.length));
      }),
    );
  });
});

describe("a name that nobody mistyped", () => {
  it("costs nothing, however long it is and however many are known", () => {
    const begun = Date.now();
    const known = Array.from({ length: 100_000 }, (_, index) => `name-${index}`);
    expect(nearestName("x".repeat(10_000_000), known)).to.equal(undefined);
    for (let asked = 0; asked < 1000; asked++) nearestName(`nome-${asked}`, known);
    expect(Date.now() - begun).to.be.below(5000);
  });
});
