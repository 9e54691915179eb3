// Generators of network configurations for property tests.

import fc from "fast-check";

import {
  type Family,
  blockOf,
  formatAddress,
  formatCidr,
  sizeOf,
} from "../../../src/flannel/address";

const FAMILY_KEYS = {
  4: ["Network", "SubnetLen", "SubnetMin", "SubnetMax"],
  6: ["IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax"],
} as const;

interface Leeway {
  /** How much longer than the network's prefix SubnetLen is. */
  readonly lenOffset: readonly [number, number];
  /** Number of the subnet that a bound is. */
  readonly index: readonly [number, number];
  readonly longestPrefix: readonly [number, number];
  readonly skews: readonly bigint[];
}

/** Mostly within flannel's limits. */
const PLAUSIBLE: Leeway = {
  lenOffset: [2, 12],
  index: [0, 5],
  longestPrefix: [22, 110],
  skews: [0n],
};

/** Often past a limit, by a little. */
const DARING: Leeway = {
  lenOffset: [-2, 12],
  index: [-1, 40],
  longestPrefix: [32, 128],
  skews: [0n, 0n, 0n, 1n],
};

/** The keys of one family. */
function familyPart(family: Family, leeway: Leeway): fc.Arbitrary<Record<string, unknown>> {
  const [network, len, min, max] = FAMILY_KEYS[family];
  const bits = family === 4 ? 32 : 128;
  const base = fc.bigInt(0n, (1n << BigInt(bits)) - 1n);
  return fc
    .record({
      address: family === 4 ? base : base.map((value) => value | (0xfdn << 120n)),
      prefix: fc.integer({ min: 1, max: leeway.longestPrefix[family === 4 ? 0 : 1] }),
      lenOffset: fc.option(integerIn(leeway.lenOffset)),
      minIndex: fc.option(integerIn(leeway.index)),
      maxIndex: fc.option(integerIn(leeway.index)),
      skew: fc.constantFrom(...leeway.skews),
    })
    .map(({ address, prefix, lenOffset, minIndex, maxIndex, skew }) => {
      const cidr = blockOf({ family, value: address }, prefix);
      const subnetLen = Math.min(bits, Math.max(0, prefix + (lenOffset ?? 4)));
      const size = sizeOf(family, subnetLen);
      const mask = (1n << BigInt(bits)) - 1n;
      const bound = (index: number): string =>
        formatAddress({ family, value: (cidr.base + BigInt(index) * size + skew) & mask });
      return {
        [network]: formatCidr(cidr),
        ...(lenOffset === null ? {} : { [len]: subnetLen }),
        ...(minIndex === null ? {} : { [min]: bound(minIndex) }),
        ...(maxIndex === null ? {} : { [max]: bound(maxIndex) }),
      };
    });
}

function integerIn([min, max]: readonly [number, number]): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

/** A document that is likely to be accepted by every version since v0.15.0. */
export const plausibleDocument: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    ipv4: familyPart(4, PLAUSIBLE),
    ipv6: fc.option(familyPart(6, PLAUSIBLE)),
  })
  .map(({ ipv4, ipv6 }) => ({ ...ipv4, ...(ipv6 === null ? {} : { EnableIPv6: true, ...ipv6 }) }));

const oddValue = fc.constantFrom<unknown>(null, "", "24", 24, -1, 1.5, true, "10.0.0.0", {}, []);

/** A document that flannel may accept or refuse. The backend is left to the caller. */
export const anyDocument: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    ipv4: fc.option(familyPart(4, DARING), { freq: 6 }),
    ipv6: fc.option(familyPart(6, DARING), { freq: 2 }),
    switches: fc.record(
      { EnableIPv4: fc.boolean(), EnableIPv6: fc.boolean() },
      { requiredKeys: [] },
    ),
    odd: fc.option(
      fc.tuple(fc.constantFrom(...FAMILY_KEYS[4], ...FAMILY_KEYS[6], "EnableIPv6"), oddValue),
      { freq: 6 },
    ),
  })
  .map(({ ipv4, ipv6, switches, odd }) => ({
    ...ipv4,
    ...ipv6,
    ...switches,
    ...(odd === null ? {} : { [odd[0]]: odd[1] }),
  }));
