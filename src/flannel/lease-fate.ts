// What a daemon does with its lease when it starts: tryAcquireLease and allocateSubnet of flannel's
// etcd managers (subnet/etcdv2/local_manager.go to v0.17, pkg/subnet/etcd/local_manager.go from v0.18).

import { type Lease } from "./lease";
import { type NetworkConfig } from "./network-config";
import { type SubnetRange, countSubnets, isWithin } from "./subnet-range";
import { supplyOf } from "./subnet-supply";
import { type FlannelVersion, isAtLeast } from "./version";

/** Which subnet a daemon has after its next start; `none`: it does not get that far. */
export type SubnetFate = "same" | "other" | "none" | "unused";

export interface Fate {
  readonly subnet: SubnetFate;
  /** Why the daemon cannot start, or why it gets another subnet. */
  readonly why: string | undefined;
}

/** What is known about the moment in which one daemon of many starts. */
interface Start {
  readonly leases: readonly Lease[];
  readonly ranges: readonly SubnetRange[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly version: FlannelVersion;
  /** Places in `leases` whose end makes room for the daemon, in each family; undefined: there is room. */
  readonly scarce: readonly ReadonlySet<number>[];
  /** Places of leases that IPv6 code of flannel cannot read. */
  readonly withoutIpv6: ReadonlySet<number>;
}

const KEEPS: Fate = { subnet: "same", why: undefined };
const UNUSED: Fate = {
  subnet: "unused",
  why: "its host has another lease, which is the one in use",
};
const OUT_OF_SUBNETS: Fate = { subnet: "none", why: "no subnet is left in the range" };
const CRASHES: Fate = {
  subnet: "none",
  why: "flanneld gives up its subnet and then crashes at every start while any lease has no IPv6 subnet",
};
const SEARCHES: Fate = {
  subnet: "none",
  why: "without IPv4, flanneld looks for a subnet forever while there are leases",
};

/** The fate of each lease when all daemons start anew; those that find no subnet all together are the last. */
export function foresee(
  leases: readonly Lease[],
  config: NetworkConfig | undefined,
  version: FlannelVersion,
): readonly Fate[] {
  return limitToRange(foreseeAlone(leases, config, version), config?.ranges ?? []);
}

/**
 * The fate of each lease when its daemon alone starts anew, as often as systemd lets it, and the others
 * go on. Without a configuration that flannel can use no daemon starts.
 */
export function foreseeAlone(
  leases: readonly Lease[],
  config: NetworkConfig | undefined,
  version: FlannelVersion,
): readonly Fate[] {
  if (config === undefined) return leases.map(() => ({ subnet: "none", why: WAITS }));
  const start = startOf(leases, config, version);
  const owners = ownersOf(leases, start.ipv4);
  return leases.map((lease, index) => (owners.has(index) ? fateOf(start, lease, index) : UNUSED));
}

const WAITS = "flanneld waits for a configuration that it can use";

function startOf(
  leases: readonly Lease[],
  { ranges, settings }: NetworkConfig,
  version: FlannelVersion,
): Start {
  // Older releases took the settings, but their etcd manager knew IPv4 only.
  const knowsFamilies = isAtLeast(version, "0.17.0");
  const used = ranges.filter(({ family }) => family === 4 || knowsFamilies);
  const missing = leases.flatMap(({ ipv6Subnet }, index) =>
    ipv6Subnet === undefined ? [index] : [],
  );
  return {
    leases,
    ranges: used,
    ipv4: settings.get("EnableIPv4") !== false,
    ipv6: knowsFamilies && settings.get("EnableIPv6") === true,
    version,
    scarce: used.flatMap((range) => scarcityOf(range, leases, version)),
    withoutIpv6: new Set(missing),
  };
}

/** Nothing where the range has a free subnet; else those whose end frees one. */
function scarcityOf(
  range: SubnetRange,
  leases: readonly Lease[],
  version: FlannelVersion,
): ReadonlySet<number>[] {
  const ofIpv6 = range.family === 6;
  const blocks = leases.map((lease) => (ofIpv6 ? lease.ipv6Subnet : lease.subnet));
  // v0.17 and v0.18 go on to the next IPv6 subnet only after they have taken one.
  const first = { ...range, max: range.min };
  const isStuck = ofIpv6 && !isAtLeast(version, "0.19.0");
  const { free, soleHolders } = supplyOf(isStuck ? first : range, blocks);
  return free > 0n ? [] : [soleHolders];
}

/** findLeaseByIP: the first lease in the order of keys; without IPv4, all hosts have the address 0.0.0.0. */
function ownersOf(leases: readonly Lease[], ipv4: boolean): ReadonlySet<number> {
  const order = leases.map((_, index) => index).sort((a, b) => compareKeys(leases, a, b));
  const seen = new Set<string>();
  const owners = order.filter((index) => {
    const lease = leases[index];
    // With IPv4 the holder of such a lease is not known; without, it is everyone.
    if (lease === undefined || ipv4 !== isAddressed(lease)) return ipv4 || lease !== undefined;
    const address = ipv4 ? (lease.publicIp ?? "") : NO_ADDRESS;
    return !seen.has(address) && seen.add(address).size > 0;
  });
  return new Set(owners);
}

const NO_ADDRESS = "0.0.0.0";

function isAddressed({ publicIp }: Lease): boolean {
  return publicIp !== undefined && publicIp !== NO_ADDRESS;
}

function compareKeys(leases: readonly Lease[], a: number, b: number): number {
  return (leases[a]?.key ?? "") < (leases[b]?.key ?? "") ? -1 : 1;
}

function fateOf(start: Start, lease: Lease, index: number): Fate {
  const { ipv4, ipv6, leases, withoutIpv6, scarce, version } = start;
  const isFound = ipv4 === isAddressed(lease);
  const unfit = whyUnfit(start, lease);
  // Up to v0.17 the subnet of subnet.env finds the lease, too.
  if (unfit === undefined && (isFound || !isAtLeast(version, "0.18.0"))) return KEEPS;
  if (!ipv4 && (!isFound || leases.length > 1)) return SEARCHES;
  const hasOwn = isFound && withoutIpv6.has(index);
  if (ipv6 && withoutIpv6.size > (hasOwn ? 1 : 0)) return CRASHES;
  if (scarce.some((frees) => !isFound || !frees.has(index))) return OUT_OF_SUBNETS;
  return { subnet: "other", why: unfit ?? "it does not name its host" };
}

/** isSubnetConfigCompat and isIPv6SubnetConfigCompat, with the reason. */
function whyUnfit({ ranges, ipv4, ipv6, version }: Start, lease: Lease): string | undefined {
  const unfit = ranges.find((range) => {
    const subnet = range.family === 4 ? lease.subnet : lease.ipv6Subnet;
    return subnet === undefined || !isWithin(range, subnet);
  });
  if (unfit !== undefined) return describeUnfit(unfit, lease);
  if (!ipv4 && lease.subnet !== undefined) return "IPv4 is switched off";
  if (ipv6 || lease.ipv6Subnet === undefined || !isAtLeast(version, "0.17.0")) return undefined;
  return "IPv6 is switched off, and flannel gives up the IPv4 subnet with it";
}

function describeUnfit({ family, subnetLen }: SubnetRange, lease: Lease): string {
  const subnet = family === 4 ? lease.subnet : lease.ipv6Subnet;
  if (subnet === undefined && family === 6) {
    return "IPv6 is switched on, and flannel gives up the IPv4 subnet for it";
  }
  if (subnet === undefined) return "IPv4 is switched on";
  return subnet.length === subnetLen
    ? `it is outside the IPv${family} range`
    : `IPv${family} subnets must be /${subnetLen}`;
}

/** One after the other they may have room, and all together not. */
function limitToRange(fates: readonly Fate[], ranges: readonly SubnetRange[]): readonly Fate[] {
  const kept = BigInt(fates.filter(({ subnet }) => subnet === "same").length);
  const rooms = ranges.map((range) => countSubnets(range) - kept);
  let left = rooms.reduce((least, room) => (room < least ? room : least), rooms[0] ?? 0n);
  return fates.map((fate) => (fate.subnet === "other" && left-- <= 0n ? OUT_OF_SUBNETS : fate));
}
