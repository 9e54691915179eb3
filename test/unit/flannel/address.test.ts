import { isIPv6 } from "node:net";

import { expect } from "chai";
import fc from "fast-check";

import {
  blockOf,
  contains,
  formatAddress,
  formatCidr,
  sameBlock,
  tryParseAddress,
  tryParseCidr,
} from "../../../src/flannel/address";

describe("flannel addresses", () => {
  const valid: [string, 4 | 6, bigint][] = [
    ["0.0.0.0", 4, 0n],
    ["10.200.0.1", 4, 0x0ac80001n],
    ["255.255.255.255", 4, 0xffffffffn],
    ["::", 6, 0n],
    ["::1", 6, 1n],
    ["fd00::1", 6, 0xfd000000000000000000000000000001n],
    ["1:2:3:4:5:6:7:8", 6, 0x00010002000300040005000600070008n],
    ["::ffff:10.0.0.1", 6, 0xffff0a000001n],
  ];
  for (const [text, family, value] of valid) {
    it(`reads ${text}`, () => {
      expect(tryParseAddress(text)).to.deep.equal({ family, value });
    });
  }

  for (const text of [
    "",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "1::2::3",
    "12345::",
    ":1",
    "::1:",
    "fe80::1%eth0",
    " ::1",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(tryParseAddress(text)).to.equal(undefined);
    });
  }

  it("agrees with Node on what an IPv6 address is", () => {
    const group = fc.stringMatching(/^[0-9a-f]{0,5}$/);
    const text = fc.array(group, { minLength: 1, maxLength: 9 }).map((parts) => parts.join(":"));
    fc.assert(
      fc.property(text, (candidate) => {
        expect(tryParseAddress(candidate)?.family === 6).to.equal(isIPv6(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  it("drops host bits of a CIDR, as flannel does", () => {
    const [a, b] = [tryParseCidr("10.200.3.4/16"), tryParseCidr("10.200.0.0/16")];
    expect(a).to.deep.equal(b);
  });

  for (const text of [
    "10.0.0.0",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "/8",
    "10.0.0.0/-1",
    "x/8",
  ]) {
    it(`refuses the CIDR ${text}`, () => {
      expect(tryParseCidr(text)).to.equal(undefined);
    });
  }

  const pairs: [string, string, boolean, boolean][] = [
    ["10.200.0.0/16", "10.200.31.1/24", true, false],
    ["10.200.0.0/16", "10.200.9.9/16", true, true],
    ["10.200.0.0/16", "10.201.0.0/24", false, false],
    ["10.200.0.0/24", "10.200.0.0/16", false, false],
    ["fd00::/48", "fd00:0:0:1::/64", true, false],
    ["::/0", "10.0.0.0/8", false, false],
  ];
  for (const [outer, inner, lies, same] of pairs) {
    it(`${inner} ${lies ? "lies" : "does not lie"} in ${outer}`, () => {
      const [a, b] = [tryParseCidr(outer), tryParseCidr(inner)];
      if (a === undefined || b === undefined) throw new Error("both are CIDRs");
      expect(contains(a, b)).to.equal(lies);
      expect(sameBlock(a, b)).to.equal(same);
    });
  }
});

describe("addresses as text", () => {
  const canonical: [string, string][] = [
    ["10.200.0.1", "10.200.0.1"],
    ["::", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["fd00:0:0:1:0:0:0:0", "fd00:0:0:1::"],
    ["1:0:0:2:0:0:3:4", "1::2:0:0:3:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["FD00:0ab:0:0::1", "fd00:ab::1"],
  ];
  for (const [text, expected] of canonical) {
    it(`writes ${text} as ${expected}`, () => {
      const address = tryParseAddress(text);
      expect(address && formatAddress(address)).to.equal(expected);
    });
  }

  it("reads what it writes", () => {
    const families = fc.constantFrom<4 | 6>(4, 6);
    fc.assert(
      fc.property(families, fc.bigInt(0n, 2n ** 128n - 1n), (family, wide) => {
        // Every other group zeroed now and then, so that "::" occurs.
        const value = family === 4 ? wide & 0xffffffffn : wide & (wide << 40n) & (2n ** 128n - 1n);
        const address = { family, value };
        expect(tryParseAddress(formatAddress(address))).to.deep.equal(address);
        const cidr = blockOf(address, family === 4 ? 20 : 60);
        expect(tryParseCidr(formatCidr(cidr))).to.deep.equal(cidr);
      }),
    );
  });
});
