// The subnets that flannel may lease out, and its rules for them (subnet/config.go).

import { type Findings, show } from "./findings";
import {
  type Cidr,
  type Family,
  bitsOf,
  containsAddress,
  containsCidr,
  formatAddress,
  formatCidr,
  sizeOf,
  tryParseAddress,
  tryParseCidr,
} from "./ip";
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
  readonly longestSubnet: number;
  /** The default subnet length, and the longest network prefix that still gets it. */
  readonly defaultLen: number;
  readonly roomyPrefix: number;
}

export const FAMILIES: Readonly<Record<Family, FamilyRules>> = {
  IPv4: {
    keys: {
      network: "Network",
      subnetLen: "SubnetLen",
      subnetMin: "SubnetMin",
      subnetMax: "SubnetMax",
    },
    longestSubnet: 30,
    defaultLen: 24,
    roomyPrefix: 22,
  },
  IPv6: {
    keys: {
      network: "IPv6Network",
      subnetLen: "IPv6SubnetLen",
      subnetMin: "IPv6SubnetMin",
      subnetMax: "IPv6SubnetMax",
    },
    longestSubnet: 126,
    defaultLen: 64,
    roomyPrefix: 62,
  },
};

/** Reads the four keys of one family from a document with flannel's spelling of the keys. */
export function readSubnetRange(
  family: Family,
  document: Readonly<Record<string, unknown>>,
  version: FlannelVersion,
  findings: Findings,
): SubnetRange | undefined {
  const { keys } = FAMILIES[family];
  const network = readNetwork(family, document[keys.network], findings);
  const givenLen = readLength(keys.subnetLen, document[keys.subnetLen], findings);
  const min = readBound(family, keys.subnetMin, document[keys.subnetMin], network, findings);
  const max = readBound(family, keys.subnetMax, document[keys.subnetMax], network, findings);
  if (network === undefined || givenLen === undefined) return undefined;
  const subnetLen = isAtLeast(version, "0.10.0")
    ? chooseLength(family, network, givenLen, findings)
    : chooseOldLength(network, givenLen, findings);
  if (subnetLen === undefined) return undefined;
  const size = sizeOf(family, subnetLen);
  const range: SubnetRange = {
    family,
    network,
    subnetLen,
    min: min ?? network.base + size,
    max: max ?? network.base + sizeOf(family, network.prefix) - size,
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
  return inBounds && subnet.prefix === subnetLen && containsCidr(network, subnet);
}

function readNetwork(family: Family, value: unknown, findings: Findings): Cidr | undefined {
  const key = FAMILIES[family].keys.network;
  const example = family === "IPv4" ? "10.200.0.0/16" : "fd00:200::/48";
  const cidr = typeof value === "string" ? tryParseCidr(value) : undefined;
  if (value === undefined) {
    findings.refused(`${key}: missing, give the ${family} network of all pods, such as ${example}`);
  } else if (cidr === undefined) {
    findings.refused(
      `${key}: expected an ${family} network such as ${example}, got ${show(value)}`,
    );
  } else if (cidr.family !== family) {
    findings.refused(`${key}: ${show(value)} is an ${cidr.family} network, expected ${family}`);
  } else if (cidr.prefix === 0) {
    findings.refused(
      `${key}: ${show(value)} is the whole address space, give the pods a part of it`,
    );
  } else {
    return cidr;
  }
  return undefined;
}

/** 0 stands for "not given", as in flannel. */
function readLength(key: string, value: unknown, findings: Findings): number | undefined {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  findings.refused(`${key}: expected a prefix length such as 24, got ${show(value)}`);
  return undefined;
}

/** An all-zero address counts as "not given", as in flannel. */
function readBound(
  family: Family,
  key: string,
  value: unknown,
  network: Cidr | undefined,
  findings: Findings,
): bigint | undefined {
  if (value === undefined) return undefined;
  const address = typeof value === "string" ? tryParseAddress(value) : undefined;
  if (address?.family !== family) {
    findings.refused(`${key}: expected an ${family} address, got ${show(value)}`);
    return undefined;
  }
  if (address.value === 0n) return undefined;
  if (network !== undefined && !containsAddress(network, address)) {
    findings.refused(`${key}: ${formatAddress(address)} is not in ${formatCidr(network)}`);
  }
  return address.value;
}

function chooseLength(
  family: Family,
  network: Cidr,
  given: number,
  findings: Findings,
): number | undefined {
  const { keys, longestSubnet, defaultLen, roomyPrefix } = FAMILIES[family];
  const atLeast = network.prefix + 2;
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
    return given > 0 ? given : network.prefix <= roomyPrefix ? defaultLen : atLeast;
  }
  return undefined;
}

/** The rules before v0.10.0. */
function chooseOldLength(network: Cidr, given: number, findings: Findings): number | undefined {
  const bits = bitsOf(network.family);
  const chosen = given > 0 ? given : network.prefix < 24 ? 24 : network.prefix + 1;
  if (chosen < network.prefix) {
    findings.refused(
      `SubnetLen: expected at least ${network.prefix} for ${formatCidr(network)}, got ${given}`,
    );
  } else if (chosen > 30) {
    findings.harmful(
      `SubnetLen: a /${chosen} of ${bits} bits has no room for pods, expected at most 30`,
    );
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
      `${keys.subnetMin}: ${formatAddress({ family, value: min })} is behind ${keys.subnetMax} ${formatAddress({ family, value: max })}, no host would ever get a subnet`,
    );
  }
}
