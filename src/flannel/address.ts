// IP addresses and CIDR blocks as flannel's flags, configuration and subnet.env write them.

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A block of addresses; host bits are dropped, as Go's net.ParseCIDR does for the network. */
export interface Cidr {
  readonly family: Family;
  /** First address of the block, as a number. */
  readonly base: bigint;
  readonly length: number;
}

/** Parses an IPv4 or IPv6 address to its number; undefined for anything else. */
export function tryParseAddress(text: string): Address | undefined {
  const v4 = tryParseV4(text);
  if (v4 !== undefined) return { family: 4, value: v4 };
  const v6 = tryParseV6(text);
  return v6 === undefined ? undefined : { family: 6, value: v6 };
}

/** Parses "10.200.0.0/16" or "fd00::/48"; undefined for anything else. */
export function tryParseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d+)$/.exec(text);
  const address = match?.[1] === undefined ? undefined : tryParseAddress(match[1]);
  if (match === null || address === undefined) return undefined;
  const length = Number(match[2]);
  return length > bitsOf(address.family) ? undefined : blockOf(address, length);
}

/** ::ffff:0:0/96, where IPv6 writes IPv4. */
const MAPPED = 0xffffn << 32n;

/**
 * An address or block as Go's net package takes it for the other family: IPv4 is ::ffff:0:0/96 of IPv6.
 * The length of a block stays what it was, as in flannel's ip package. Undefined where it has none.
 */
export function asFamily<T extends Address | Cidr>(
  family: Family,
  given: T | undefined,
): T | undefined {
  if (given === undefined || given.family === family) return given;
  if (family === 4 && !isMapped(given)) return undefined;
  const number = numberOf(given);
  const converted = family === 4 ? number & 0xffffffffn : MAPPED | number;
  return { ...given, family, ["value" in given ? "value" : "base"]: converted };
}

/** True for IPv4 that is written as IPv6. */
export function isMapped(given: Address | Cidr): boolean {
  return given.family === 6 && numberOf(given) >> 32n === 0xffffn;
}

function numberOf(given: Address | Cidr): bigint {
  return "value" in given ? given.value : given.base;
}

/** The block of this prefix length that holds the address. */
export function blockOf({ family, value }: Address, length: number): Cidr {
  const hostBits = BigInt(bitsOf(family) - length);
  return { family, base: (value >> hostBits) << hostBits, length };
}

/** How many addresses a block of this prefix length has. */
export function sizeOf(family: Family, length: number): bigint {
  return 1n << BigInt(bitsOf(family) - length);
}

/** True if every address of `inner` is an address of `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || inner.length < outer.length) return false;
  const hostBits = BigInt(bitsOf(outer.family) - outer.length);
  return inner.base >> hostBits === outer.base >> hostBits;
}

/** True if the address lies in the block. */
export function containsAddress(block: Cidr, { family, value }: Address): boolean {
  return contains(block, { family, base: value, length: bitsOf(family) });
}

/** True if both blocks are the same one, however they were written. */
export function sameBlock(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.length === b.length && a.base === b.base;
}

/** "10.1.2.3", or the shortest form of an IPv6 address (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  return family === 4 ? groupsOf(value, 4, 8).join(".") : formatV6(value);
}

/** "10.1.0.0/16". */
export function formatCidr({ family, base, length }: Cidr): string {
  return `${formatAddress({ family, value: base })}/${length}`;
}

function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

function tryParseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // Go refuses leading zeros, which other programs read as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function tryParseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = tryParseGroups(halves[0] ?? "", halves.length === 1);
  const tail = tryParseGroups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of "::"; only the last side may end in dotted IPv4. */
function tryParseGroups(text: string, mayEndInV4: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const words = text.split(":");
  for (const [index, word] of words.entries()) {
    const v4 = mayEndInV4 && index === words.length - 1 ? tryParseV4(word) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(word)) groups.push(BigInt(`0x${word}`));
    else return undefined;
  }
  return groups;
}

function groupsOf(value: bigint, count: number, bits: number): number[] {
  const mask = (1n << BigInt(bits)) - 1n;
  return Array.from({ length: count }, (_, index) =>
    Number((value >> BigInt((count - 1 - index) * bits)) & mask),
  );
}

/** Only the first of the longest runs of two or more zero groups becomes "::". */
function formatV6(value: bigint): string {
  const text = groupsOf(value, 8, 16)
    .map((group) => group.toString(16))
    .join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = Math.max(0, ...runs.map((run) => zerosIn(run)));
  const run = runs.find((candidate) => zerosIn(candidate) === longest);
  if (run === undefined) return text;
  const start = text.indexOf(run);
  return `${text.slice(0, start)}::${text.slice(start + run.length).replace(/^:/, "")}`;
}

function zerosIn(run: string): number {
  return run.replace(/:/g, "").length;
}
