// Reservations: which subnet a host is to have. flannel gives a host the subnet whose key holds its public IP
// (tryAcquireLease, Documentation/reservations.md). Up to v0.17 it then stays without end; from v0.18 on the daemon
// makes a lease of 24 hours of it, as of any other, and renews it while it runs.

import { ModuleError } from "../base/errors";
import { showJson } from "../base/json";
import { type Cidr, contains, formatCidr, tryParseAddress, tryParseCidr } from "./address";
import { type Lease, describeLease } from "./lease";
import { type SubnetRange, isWithin } from "./subnet-range";

export interface Reservation {
  /** By which the host is known to flannel: IPv4. */
  readonly publicIp: string;
  readonly subnet: Cidr;
  /** With dual stack. */
  readonly ipv6Subnet: Cidr | undefined;
}

/** Reads subnets by public IP, leaving out what is empty. Throws `invalid_arguments`. */
export function readReservations(given: Readonly<Record<string, unknown>>): readonly Reservation[] {
  const entries = Object.entries(given).filter(([ip, value]) => ip !== "" && !isEmpty(value));
  const all = entries.map(([ip, value]) => readReservation(ip, value));
  all.forEach((one, index) => {
    const other = all.slice(0, index).find((earlier) => overlaps(one, earlier));
    if (other === undefined) return;
    const both = `${describeReservation(other)} and ${describeReservation(one)}`;
    throw refused(`${both}: two hosts cannot have the same subnet`);
  });
  return all;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function readReservation(ip: string, value: unknown): Reservation {
  const address = tryParseAddress(ip);
  if (address?.family !== 4) {
    throw refused(`${ip}: expected the IPv4 address that flanneld has as its public-ip`);
  }
  const texts = (Array.isArray(value) ? value : String(value).split(",")).map(textOf);
  const blocks = texts.map(readBlock);
  const subnet = blocks.find((block) => block?.family === 4);
  const ipv6Subnet = blocks.find((block) => block?.family === 6);
  const known = [subnet, ipv6Subnet].filter((block) => block !== undefined).length;
  if (subnet === undefined || known !== texts.length) {
    throw refused(
      `${ip}: ${showJson(value)}: expected a subnet such as 10.200.7.0/24, with dual stack also one of IPv6`,
    );
  }
  return { publicIp: ip, subnet, ipv6Subnet };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

/** Undefined for an address in a subnet, too: whoever writes one means another thing. */
function readBlock(text: string): Cidr | undefined {
  const block = tryParseCidr(text);
  return tryParseAddress(text.split("/")[0] ?? "")?.value === block?.base ? block : undefined;
}

function refused(message: string): ModuleError {
  return new ModuleError("invalid_arguments", `reservations: ${message}`);
}

/** "10.200.7.0/24 for 10.8.0.111", for messages. */
export function describeReservation({ publicIp, subnet }: Reservation): string {
  return `${formatCidr(subnet)} for ${publicIp}`;
}

/** The name of the key: MakeSubnetKey. */
export function keyNameOf({ subnet, ipv6Subnet }: Reservation): string {
  const names = [subnet, ...(ipv6Subnet === undefined ? [] : [ipv6Subnet])];
  return names.map((block) => formatCidr(block).replace("/", "-")).join("&");
}

/** What flannel finds there: whose it is. The daemon adds what its backend has to say. */
export function valueOf({ publicIp }: Reservation): string {
  return JSON.stringify({ PublicIP: publicIp });
}

/** Why flannel would not take this subnet under these ranges; undefined when it would. */
export function findRangeFault(
  reservation: Reservation,
  ranges: readonly SubnetRange[],
): string | undefined {
  const { subnet, ipv6Subnet } = reservation;
  const [ipv4, ipv6] = [4, 6].map((family) => ranges.find((range) => range.family === family));
  if (ipv4 === undefined)
    return "the network has no IPv4, by which flannel identifies reservations";
  if (ipv6 === undefined && ipv6Subnet !== undefined) return "the network has no IPv6";
  if (ipv6 !== undefined && ipv6Subnet === undefined) {
    return "the network has IPv6, give a subnet of each, with a comma between them";
  }
  return [
    describeMiss(ipv4, subnet),
    ipv6 === undefined || ipv6Subnet === undefined ? undefined : describeMiss(ipv6, ipv6Subnet),
  ].find((fault) => fault !== undefined);
}

function describeMiss(range: SubnetRange, subnet: Cidr): string | undefined {
  if (isWithin(range, subnet)) return undefined;
  if (subnet.length !== range.subnetLen) {
    return `${formatCidr(subnet)} is not of the length of the network's subnets, /${range.subnetLen}`;
  }
  const [first, last] = [range.min, range.max].map((base) => formatCidr({ ...subnet, base }));
  return `${formatCidr(subnet)} is not among the subnets of the network, ${first ?? ""} to ${last ?? ""}`;
}

/** How far a reservation is what etcd has. */
export type Standing =
  | { readonly kind: "held"; readonly lease: Lease }
  | { readonly kind: "free" }
  /** The host has other leases, and would take one of them. */
  | { readonly kind: "elsewhere"; readonly leases: readonly Lease[] }
  | { readonly kind: "taken"; readonly by: string };

/** Compares with the leases of all hosts. */
export function standingOf(reservation: Reservation, leases: readonly Lease[]): Standing {
  const own = leases.filter(({ publicIp }) => publicIp === reservation.publicIp);
  const foreign = leases.filter((lease) => !own.includes(lease) && overlaps(reservation, lease));
  if (foreign.length > 0) return { kind: "taken", by: foreign.map(describeLease).join(", ") };
  const name = `/${keyNameOf(reservation)}`;
  const held = own.find(({ key }) => key.endsWith(name));
  const others = own.filter((lease) => lease !== held);
  if (others.length > 0) return { kind: "elsewhere", leases: others };
  return held === undefined ? { kind: "free" } : { kind: "held", lease: held };
}

function overlaps(a: Blocks, b: Blocks): boolean {
  return intersects(a.subnet, b.subnet) || intersects(a.ipv6Subnet, b.ipv6Subnet);
}

type Blocks = Pick<Lease, "subnet" | "ipv6Subnet">;

function intersects(a: Cidr | undefined, b: Cidr | undefined): boolean {
  if (a === undefined || b === undefined || a.family !== b.family) return false;
  return contains(a, b) || contains(b, a);
}
