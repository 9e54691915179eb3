// Leases: which host holds which subnet (subnet/subnet.go, lease/lease.go).

import { isRecord, tryParseRecord } from "../base/json";
import { type Cidr, formatCidr, sizeOf, tryParseCidr } from "./address";
import { hideSecrets } from "./secret-text";
import { type SubnetRange, countSubnets, isWithin } from "./subnet-range";

export interface Lease {
  readonly key: string;
  /** Undefined where IPv4 is off. */
  readonly subnet: Cidr | undefined;
  readonly ipv6Subnet: Cidr | undefined;
  readonly publicIp: string | undefined;
  readonly publicIpv6: string | undefined;
  readonly backendType: string | undefined;
  /** The VNI that the holder uses, from vxlan daemons since v0.14. */
  readonly vni: number | undefined;
  /** Undefined for a reservation, which does not expire. */
  readonly expiresInSeconds: number | undefined;
}

/** A key and value below `<prefix>/subnets` as etcd gives them. */
export interface LeaseEntry {
  readonly key: string;
  readonly value: string;
  readonly ttlSeconds: number | undefined;
}

/** Reads "…/10.200.31.0-24" or "…/10.200.31.0-24&fd00:0:0:1::-64"; undefined for other keys. */
export function tryParseLease({ key, value, ttlSeconds }: LeaseEntry): Lease | undefined {
  const match = /([\d.]+)-(\d+)(?:&([a-f\d:.]+)-(\d+))?$/i.exec(key);
  const subnet = tryParseCidr(`${match?.[1] ?? ""}/${match?.[2] ?? ""}`);
  if (match === null || subnet === undefined) return undefined;
  // Where IPv4 is off, flannel writes "0.0.0.0-0".
  const ipv4 = subnet.length === 0 ? undefined : subnet;
  const attributes = tryParseRecord(value) ?? {};
  return {
    key,
    subnet: ipv4,
    ipv6Subnet: tryParseCidr(`${match[3] ?? ""}/${match[4] ?? ""}`),
    publicIp: textOf(attributes["PublicIP"]),
    publicIpv6: textOf(attributes["PublicIPv6"]),
    backendType: textOf(attributes["BackendType"]),
    vni: vniOf(attributes["BackendData"]),
    expiresInSeconds: ttlSeconds,
  };
}

/** "10.200.31.0/24 of 10.0.0.5", for messages. */
export function describeLease(lease: Lease): string {
  const subnet = lease.subnet ?? lease.ipv6Subnet;
  const holder = (lease.subnet === undefined ? lease.publicIpv6 : undefined) ?? lease.publicIp;
  return `${subnet === undefined ? lease.key : formatCidr(subnet)} of ${holder ?? "an unknown host"}`;
}

/** The lease as the module returns it. */
export function reportLease(lease: Lease): Readonly<Record<string, unknown>> {
  return {
    subnet: lease.subnet === undefined ? null : formatCidr(lease.subnet),
    ipv6_subnet: lease.ipv6Subnet === undefined ? null : formatCidr(lease.ipv6Subnet),
    public_ip: lease.publicIp ?? null,
    public_ipv6: lease.publicIpv6 ?? null,
    backend_type: lease.backendType ?? null,
    expires_in: lease.expiresInSeconds ?? null,
  };
}

/** How many hosts and pods a configuration has room for. Numbers past 2^53 are rounded. */
export interface Capacity {
  readonly hosts: number;
  /** Without the network, the bridge's and the broadcast address. */
  readonly addresses_per_host: number;
  /** Leases that lie in the configured range. */
  readonly subnets_in_use: number;
}

/** The room in all enabled families; the scarcest one limits the number of hosts. */
export function capacityOf(
  ranges: readonly SubnetRange[],
  leases: readonly Lease[],
): Capacity | undefined {
  if (ranges.length === 0) return undefined;
  const smallest = (values: readonly bigint[]): number =>
    Number(values.reduce((least, value) => (value < least ? value : least)));
  return {
    hosts: smallest(ranges.map(countSubnets)),
    addresses_per_host: smallest(
      ranges.map(({ family, subnetLen }) => sizeOf(family, subnetLen) - 3n),
    ),
    subnets_in_use: leases.filter((lease) => isUsableLease(lease, ranges)).length,
  };
}

/** True if a daemon may keep this lease under these ranges. */
export function isUsableLease(lease: Lease, ranges: readonly SubnetRange[]): boolean {
  return ranges.every((range) => {
    const subnet = range.family === 4 ? lease.subnet : lease.ipv6Subnet;
    return subnet !== undefined && isWithin(range, subnet);
  });
}

function vniOf(backendData: unknown): number | undefined {
  const vni = isRecord(backendData) ? backendData["VNI"] : undefined;
  return typeof vni === "number" ? vni : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? String(hideSecrets(value)) : undefined;
}
