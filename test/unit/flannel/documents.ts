// Generators of network configurations for property tests.

import fc from "fast-check";

import { type Family, cidrOf, formatAddress, formatCidr, sizeOf } from "../../../src/flannel/ip";

const FAMILY_KEYS = {
  IPv4: ["Network", "SubnetLen", "SubnetMin", "SubnetMax"],
  IPv6: ["IPv6Network", "IPv6SubnetLen", "IPv6SubnetMin", "IPv6SubnetMax"],
} as const;

/** The keys of one family: mostly plausible, often just past a limit. */
function familyPart(family: Family): fc.Arbitrary<Record<string, unknown>> {
  const [network, len, min, max] = FAMILY_KEYS[family];
  const bits = family === "IPv4" ? 32 : 128;
  const base = fc.bigInt(0n, (1n << BigInt(bits)) - 1n);
  return fc
    .record({
      address: family === "IPv4" ? base : base.map((value) => value | (0xfdn << 120n)),
      prefix: fc.integer({ min: 1, max: bits }),
      lenOffset: fc.option(fc.integer({ min: -2, max: 12 })),
      minIndex: fc.option(fc.integer({ min: -1, max: 40 })),
      maxIndex: fc.option(fc.integer({ min: -1, max: 40 })),
      skew: fc.constantFrom(0n, 0n, 0n, 1n),
    })
    .map(({ address, prefix, lenOffset, minIndex, maxIndex, skew }) => {
      const cidr = cidrOf({ family, value: address }, prefix);
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

const oddValue = fc.constantFrom<unknown>(null, "", "24", 24, -1, 1.5, true, "10.0.0.0", {}, []);

/** A document that flannel may accept or refuse. The backend is left to the caller. */
export const anyDocument: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    ipv4: fc.option(familyPart("IPv4"), { freq: 6 }),
    ipv6: fc.option(familyPart("IPv6"), { freq: 2 }),
    switches: fc.record(
      { EnableIPv4: fc.boolean(), EnableIPv6: fc.boolean() },
      { requiredKeys: [] },
    ),
    odd: fc.option(
      fc.tuple(fc.constantFrom(...FAMILY_KEYS.IPv4, ...FAMILY_KEYS.IPv6, "EnableIPv6"), oddValue),
      { freq: 6 },
    ),
  })
  .map(({ ipv4, ipv6, switches, odd }) => ({
    ...ipv4,
    ...ipv6,
    ...switches,
    ...(odd === null ? {} : { [odd[0]]: odd[1] }),
  }));
