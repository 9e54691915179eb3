// IPv4 and IPv6 addresses and networks as numbers, read as strictly as Go's net package reads them.

export type Family = "IPv4" | "IPv6";

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network; `base` has its host bits cleared, as Go's ParseCIDR does. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/** The number of bits of an address. */
export function bitsOf(family: Family): number {
  return family === "IPv4" ? 32 : 128;
}

/** How many addresses a network of this prefix length has. */
export function sizeOf(family: Family, prefix: number): bigint {
  return 1n << BigInt(bitsOf(family) - prefix);
}

/** Reads "10.1.2.3" or "fd00::1"; no leading zeros, no zone, no IPv4-mapped form. */
export function tryParseAddress(text: string): Address | undefined {
  const family: Family = text.includes(":") ? "IPv6" : "IPv4";
  const value = family === "IPv6" ? tryParseIPv6(text) : tryParseIPv4(text);
  return value === undefined ? undefined : { family, value };
}

/** Reads "10.1.0.0/16" or "fd00::/48" and clears the host bits. */
export function tryParseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = tryParseAddress(match?.[1] ?? "");
  const prefix = Number(match?.[2]);
  if (address === undefined || !(prefix <= bitsOf(address.family))) return undefined;
  return cidrOf(address, prefix);
}

/** The network of this prefix length that holds the address. */
export function cidrOf({ family, value }: Address, prefix: number): Cidr {
  const size = sizeOf(family, prefix);
  return { family, base: (value / size) * size, prefix };
}

/** True if the address lies in the network. */
export function containsAddress(cidr: Cidr, { family, value }: Address): boolean {
  const size = sizeOf(cidr.family, cidr.prefix);
  return family === cidr.family && value >= cidr.base && value < cidr.base + size;
}

/** True if all of `inner` lies in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  const start = { family: inner.family, value: inner.base };
  return inner.prefix >= outer.prefix && containsAddress(outer, start);
}

/** "10.1.2.3", or the shortest form of an IPv6 address (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  return family === "IPv4" ? groupsOf(value, 4, 8).join(".") : formatIPv6(value);
}

/** "10.1.0.0/16". */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.base })}/${cidr.prefix}`;
}

function tryParseIPv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  if (parts.some((part) => Number(part) > 255)) return undefined;
  return joinGroups(parts.map(Number), 8);
}

function tryParseIPv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return joinGroups(
    groups.map((group) => Number.parseInt(group, 16)),
    16,
  );
}

function joinGroups(groups: readonly number[], bits: number): bigint {
  return groups.reduce((value, group) => (value << BigInt(bits)) | BigInt(group), 0n);
}

function groupsOf(value: bigint, count: number, bits: number): number[] {
  const mask = (1n << BigInt(bits)) - 1n;
  return Array.from({ length: count }, (_, index) =>
    Number((value >> BigInt((count - 1 - index) * bits)) & mask),
  );
}

/** Only the first of the longest runs of two or more zero groups becomes "::". */
function formatIPv6(value: bigint): string {
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
