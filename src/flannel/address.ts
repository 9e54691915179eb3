// IP addresses and CIDR blocks as flannel's flags, configuration and subnet.env write them.

/** A block of addresses; host bits are dropped, as Go's net.ParseCIDR does for the network. */
export interface Cidr {
  readonly family: 4 | 6;
  /** First address of the block, as a number. */
  readonly base: bigint;
  readonly length: number;
}

/** Parses an IPv4 or IPv6 address to its number; undefined for anything else. */
export function tryParseAddress(text: string): { family: 4 | 6; value: bigint } | undefined {
  const v4 = tryParseV4(text);
  if (v4 !== undefined) return { family: 4, value: v4 };
  const v6 = tryParseV6(text);
  return v6 === undefined ? undefined : { family: 6, value: v6 };
}

/** Parses "10.200.0.0/16" or "fd00::/48"; undefined for anything else. */
export function tryParseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : tryParseAddress(match[1]);
  if (match === null || address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  const length = Number(match[2]);
  if (length > bits) return undefined;
  const hostBits = BigInt(bits - length);
  return { family: address.family, base: (address.value >> hostBits) << hostBits, length };
}

/** True if every address of `inner` is an address of `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || inner.length < outer.length) return false;
  const hostBits = BigInt((outer.family === 4 ? 32 : 128) - outer.length);
  return inner.base >> hostBits === outer.base >> hostBits;
}

/** True if both blocks are the same one, however they were written. */
export function sameBlock(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.length === b.length && a.base === b.base;
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
