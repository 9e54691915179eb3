// What flannel cannot do although its parser takes it, by release, backend, store and family: read in
// pkg/backend/* and pkg/subnet/* of the releases named.

import { LONGEST_DEVICE_NAME } from "./backend-needs";
import { type Setting } from "./backend-table";
import { type Findings } from "./findings";
import { type FlannelVersion, isAtLeast, tagOf } from "./version";

/** Who keeps the leases: etcd, or the Kubernetes API (kube-subnet-mgr). */
export type SubnetManager = "etcd" | "kubernetes";

/** A configuration as one flannel uses it. */
export interface Use {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly version: FlannelVersion;
  readonly manager: SubnetManager;
}

/** One row: it holds where everything that it names is so. */
interface Limit {
  readonly backends?: readonly string[];
  /** The first release in which it does not hold any more. */
  readonly before?: string;
  readonly manager?: SubnetManager;
  /** Only with IPv6 switched on. */
  readonly ipv6?: true;
  /** The values of an option that do not work. */
  readonly option?: { readonly name: string; readonly below?: number; readonly from?: number };
  /** `noted`: it may be meant. */
  readonly level: "harmful" | "noted";
  /** What happens, and the way out; `{type}`, `{value}` and `{release}` are filled in. */
  readonly says: string;
}

/** What fits behind a prefix into a device's name: 10000 has five digits. */
function longestBehind(prefix: string): number {
  return 10 ** (LONGEST_DEVICE_NAME - prefix.length);
}

/** IPv4 cannot do with less on a device (RFC 791), IPv6 neither (RFC 8200). */
const LEAST_MTU = { ipv4: 68, ipv6: 1280 } as const;
/** encapOverhead in vxlan_network.go, overhead in wireguard_network.go. */
const OVERHEAD = { vxlan: 50, wireguard: 80 } as const;

const IPV4_ONLY = ["ipip", "udp", "ipsec", "tencent-vpc", "ali-vpc", "aws-vpc", "gce"];

const LIMITS: readonly Limit[] = [
  {
    ipv6: true,
    backends: IPV4_ONLY,
    level: "harmful",
    says: "EnableIPv6: backend {type} does not carry IPv6, so pods would get addresses that reach nothing; use vxlan, host-gw or wireguard, or leave IPv6 off",
  },
  {
    ipv6: true,
    backends: ["extension"],
    before: "0.22.0",
    level: "harmful",
    says: "EnableIPv6: flannel {release} does not pass the IPv6 subnet to the commands of backend extension, v0.22.0 and later do",
  },
  {
    ipv6: true,
    backends: ["vxlan"],
    manager: "etcd",
    before: "0.17.0",
    level: "harmful",
    says: "EnableIPv6: flannel {release} does not lease IPv6 subnets from etcd and crashes without one; use v0.17.0 or newer",
  },
  {
    ipv6: true,
    backends: ["host-gw", "wireguard", "alloc", "extension"],
    manager: "etcd",
    before: "0.17.0",
    level: "harmful",
    says: "EnableIPv6: flannel {release} does not lease IPv6 subnets from etcd; use v0.17.0 or newer",
  },
  {
    ipv6: true,
    backends: ["alloc"],
    level: "noted",
    says: "EnableIPv6: backend alloc leases IPv6 subnets, but writes no IPv6 address of the host into the lease",
  },
  {
    backends: ["vxlan"],
    option: { name: "VNI", from: longestBehind("flannel.") },
    level: "harmful",
    says: "Backend.VNI: {value}: the device flannel.{value} has more than the 15 characters that the kernel allows, give a VNI below 10000000",
  },
  {
    ipv6: true,
    backends: ["vxlan"],
    option: { name: "VNI", from: longestBehind("flannel-v6.") },
    level: "harmful",
    says: "Backend.VNI: {value}: the device flannel-v6.{value} has more than the 15 characters that the kernel allows, give a VNI below 10000 with IPv6",
  },
  ...(["vxlan", "wireguard"] as const).flatMap((type): Limit[] => [
    {
      backends: [type],
      option: { name: "MTU", below: LEAST_MTU.ipv4 + OVERHEAD[type] },
      level: "harmful",
      says: `Backend.MTU: {value}: ${type} takes ${OVERHEAD[type]} off it, which leaves too little for IPv4; give the MTU of the network between the hosts, or leave it out`,
    },
    {
      ipv6: true,
      backends: [type],
      option: { name: "MTU", below: LEAST_MTU.ipv6 + OVERHEAD[type] },
      level: "harmful",
      says: `Backend.MTU: {value}: ${type} takes ${OVERHEAD[type]} off it, and IPv6 needs ${LEAST_MTU.ipv6}; give at least ${LEAST_MTU.ipv6 + OVERHEAD[type]}, or leave it out`,
    },
  ]),
  {
    backends: ["udp"],
    option: { name: "Port", below: 1 },
    level: "harmful",
    says: "Backend.Port: {value}: each host would listen on a different port; give one, or leave it out for 8285",
  },
  {
    backends: ["wireguard"],
    option: { name: "ListenPort", below: 1 },
    level: "harmful",
    says: "Backend.ListenPort: {value}: each host would listen on a different port; give one, or leave it out for 51820",
  },
  {
    ipv6: true,
    backends: ["wireguard"],
    option: { name: "ListenPortV6", below: 1 },
    level: "harmful",
    says: "Backend.ListenPortV6: {value}: each host would listen on a different port; give one, or leave it out for 51821",
  },
];

/** Adds what does not work about the use, one finding for each setting. */
export function checkLimits(use: Use, findings: Findings): void {
  const told = new Set<string>();
  for (const limit of LIMITS.filter((row) => holds(row, use))) {
    const says = fillIn(limit, use);
    const [setting = ""] = says.split(":");
    if (told.has(setting)) continue;
    told.add(setting);
    if (limit.level === "harmful") findings.harmful(says);
    else findings.noted(says);
  }
}

function holds(
  { backends, before, manager, ipv6, option }: Limit,
  { settings, version, manager: used }: Use,
): boolean {
  if (backends?.includes(String(settings.get("Backend.Type"))) === false) return false;
  if (before !== undefined && isAtLeast(version, before)) return false;
  if (manager !== undefined && manager !== used) return false;
  if (ipv6 === true && settings.get("EnableIPv6") !== true) return false;
  if (option === undefined) return true;
  const { name, below = -Infinity, from = Infinity } = option;
  const value = settings.get(`Backend.${name}`);
  return typeof value === "number" && (value < below || value >= from);
}

function fillIn({ says, option }: Limit, { settings, version }: Use): string {
  const values: Readonly<Record<string, string>> = {
    type: String(settings.get("Backend.Type")),
    value: String(settings.get(`Backend.${option?.name ?? ""}`)),
    release: tagOf(version),
  };
  return says.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
