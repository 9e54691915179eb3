// The subnets that flannel may lease out, and its rules for them (subnet/config.go).

import { type Findings } from "./findings";
import {
  type Address,
  type Cidr,
  type Family,
  asFamily,
  containsAddress,
  contains,
  formatAddress,
  formatCidr,
  isMapped,
  sizeOf,
  tryParseAddress,
  tryParseCidr,
} from "./address";
import { show } from "./secret-text";
import { type FlannelVersion, isAtLeast } from "./version";

/** One family of a network configuration with its defaults filled in, possibly without any subnet. */
export interface SubnetRange {
  readonly family: Family;
  readonly network: Cidr;
  readonly subnetLen: number;
  /** Base address of the first and of the last subnet. */
  readonly min: bigint;
  readonly max: bigint;
}

interface FamilyRules {
  readonly keys: { network: string; subnetLen: string; subnetMin: string; subnetMax: string };
  /** A network, for messages. */
  readonly example: string;
  readonly longestSubnet: number;
  /** The default subnet length, and the longest network prefix that still gets it. */
  readonly defaultLen: number;
  readonly roomyPrefix: number;
}

export const FAMILIES: Readonly<Record<Family, FamilyRules>> = {
  4: {
    keys: {
      network: "Network",
      subnetLen: "SubnetLen",
      subnetMin: "SubnetMin",
      subnetMax: "SubnetMax",
    },
    example: "10.200.0.0/16",
    longestSubnet: 30,
    defaultLen: 24,
    roomyPrefix: 22,
  },
  6: {
    keys: {
      network: "IPv6Network",
      subnetLen: "IPv6SubnetLen",
      subnetMin: "IPv6SubnetMin",
      subnetMax: "IPv6SubnetMax",
    },
    example: "fd00:200::/48",
    longestSubnet: 126,
    defaultLen: 64,
    roomyPrefix: 62,
  },
};

/** The four keys of one family as they are given; undefined: not given, or not readable. */
export interface FamilyKeys {
  readonly family: Family;
  readonly network: Cidr | undefined;
  /** 0: not given. */
  readonly subnetLen: number | undefined;
  readonly min: Address | undefined;
  readonly max: Address | undefined;
}

/** Reads the keys of one family, which flannel does even where the family is off. */
export function readFamilyKeys(
  family: Family,
  document: Readonly<Record<string, unknown>>,
  findings: Findings,
): FamilyKeys {
  const { keys } = FAMILIES[family];
  return {
    family,
    network: readNetwork(family, document[keys.network], findings),
    subnetLen: readLength(keys.subnetLen, document[keys.subnetLen], findings),
    min: readBound(family, keys.subnetMin, document[keys.subnetMin], findings),
    max: readBound(family, keys.subnetMax, document[keys.subnetMax], findings),
  };
}

/** Fills in the defaults of an enabled family and checks the whole. */
export function chooseRange(
  given: FamilyKeys,
  version: FlannelVersion,
  findings: Findings,
): SubnetRange | undefined {
  const { family, network, min, max } = given;
  if (network === undefined || given.subnetLen === undefined) return undefined;
  checkInside(network, given, findings);
  const subnetLen = isAtLeast(version, "0.10.0")
    ? chooseLength(family, network, given.subnetLen, findings)
    : chooseOldLength(network, given.subnetLen, findings);
  if (subnetLen === undefined) return undefined;
  const size = sizeOf(family, subnetLen);
  const range: SubnetRange = {
    family,
    network,
    subnetLen,
    min: min?.value ?? network.base + size,
    max: max?.value ?? network.base + sizeOf(family, network.length) - size,
  };
  checkRange(range, version, findings);
  return range;
}

/** How many subnets the range holds. */
export function countSubnets({ family, subnetLen, min, max }: SubnetRange): bigint {
  return max < min ? 0n : (max - min) / sizeOf(family, subnetLen) + 1n;
}

/** True if a daemon may keep this lease under the configuration (isSubnetConfigCompat). */
export function isWithin(range: SubnetRange, subnet: Cidr): boolean {
  const { min, max, subnetLen, network } = range;
  const inBounds = subnet.base >= min && subnet.base <= max;
  return inBounds && subnet.length === subnetLen && contains(network, subnet);
}

function readNetwork(family: Family, value: unknown, findings: Findings): Cidr | undefined {
  if (value === undefined) return undefined;
  const { keys, example } = FAMILIES[family];
  const cidr = typeof value === "string" ? tryParseCidr(value) : undefined;
  const taken = asFamily(family, cidr);
  if (cidr === undefined) {
    const expected = `expected an IPv${family} network such as ${example}`;
    findings.refused(`${keys.network}: ${expected}, got ${show(value)}${aboutEscapes(value)}`);
  } else if (taken === undefined) {
    findings.refused(`${keys.network}: ${describeForeign(value, cidr.family, family)}`);
  } else if (isForeign(cidr, family)) {
    findings.harmful(`${keys.network}: ${describeForeign(value, family === 4 ? 6 : 4, family)}`);
  }
  return taken;
}

/** What Go takes for this family and nobody means. */
function isForeign(cidr: Cidr, family: Family): boolean {
  return cidr.family !== family || isMapped(cidr);
}

function describeForeign(value: unknown, family: Family, expected: Family): string {
  return `${show(value)} is an IPv${family} network, expected IPv${expected}`;
}

/** flannel's own types see the text before its escapes are resolved. */
function aboutEscapes(value: unknown): string {
  if (typeof value !== "string" || !value.includes("\\")) return "";
  return " (flannel takes it as it is written, so leave out the backslashes)";
}

/** 0 stands for "not given", as in flannel. */
function readLength(key: string, value: unknown, findings: Findings): number | undefined {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  findings.refused(`${key}: expected a prefix length such as 24, got ${show(value)}`);
  return undefined;
}

/** An all-zero address counts as "not given", as in flannel; so does null, for IPv6 only. */
function readBound(
  family: Family,
  key: string,
  value: unknown,
  findings: Findings,
): Address | undefined {
  if (value === undefined || (value === null && family === 6)) return undefined;
  const address = typeof value === "string" ? tryParseAddress(value) : undefined;
  const taken = asFamily(family, address);
  const message = `${key}: expected an IPv${family} address, got ${show(value)}`;
  if (taken === undefined) findings.refused(`${message}${aboutEscapes(value)}`);
  else if (address?.family !== family) findings.harmful(message);
  return taken?.value === 0n ? undefined : taken;
}

function checkInside(network: Cidr, given: FamilyKeys, findings: Findings): void {
  const { keys } = FAMILIES[given.family];
  // The mask of ::ffff:0:0/96 as IPv4 is empty: everything is inside.
  if (given.family === 4 && network.length > 32) return;
  const bounds = { [keys.subnetMin]: given.min, [keys.subnetMax]: given.max };
  for (const [key, bound] of Object.entries(bounds)) {
    if (bound === undefined || containsAddress(network, bound)) continue;
    findings.refused(`${key}: ${formatAddress(bound)} is not in ${formatCidr(network)}`);
  }
}

function chooseLength(
  family: Family,
  network: Cidr,
  given: number,
  findings: Findings,
): number | undefined {
  const { keys, longestSubnet, defaultLen, roomyPrefix } = FAMILIES[family];
  const atLeast = network.length + 2;
  if (given > longestSubnet) {
    findings.refused(`${keys.subnetLen}: expected at most ${longestSubnet}, got ${given}`);
  } else if (given > 0 && given < atLeast) {
    findings.refused(
      `${keys.subnetLen}: the network must hold at least four subnets: expected at least ${atLeast} for ${formatCidr(network)}, got ${given}`,
    );
  } else if (given === 0 && atLeast > longestSubnet) {
    findings.refused(
      `${keys.network}: ${formatCidr(network)} is too small, expected /${longestSubnet - 2} or larger`,
    );
  } else {
    return given > 0 ? given : network.length <= roomyPrefix ? defaultLen : atLeast;
  }
  return undefined;
}

/** The rules before v0.10.0. */
function chooseOldLength(network: Cidr, given: number, findings: Findings): number | undefined {
  const chosen = given > 0 ? given : network.length < 24 ? 24 : network.length + 1;
  if (chosen < network.length) {
    findings.refused(
      `SubnetLen: expected at least ${network.length} for ${formatCidr(network)}, got ${given}`,
    );
  } else if (chosen > 30) {
    findings.harmful(`SubnetLen: a /${chosen} has no room for pods, expected at most 30`);
  } else {
    return chosen;
  }
  return undefined;
}

function checkRange(range: SubnetRange, version: FlannelVersion, findings: Findings): void {
  const { family, subnetLen, min, max } = range;
  const { keys } = FAMILIES[family];
  for (const [key, value] of [[keys.subnetMin, min] as const, [keys.subnetMax, max] as const]) {
    if (value % sizeOf(family, subnetLen) === 0n) continue;
    const message = `${key}: ${formatAddress({ family, value })} is not the start of a /${subnetLen}`;
    // Before v0.10.0 flannel leased such a subnet without a word.
    if (isAtLeast(version, "0.10.0")) findings.refused(message);
    else findings.harmful(message);
  }
  if (min > max) {
    findings.harmful(
      `${keys.subnetMin}: ${formatAddress({ family, value: min })} is after ${keys.subnetMax} ${formatAddress({ family, value: max })}, so no host would ever get a subnet`,
    );
  }
}
