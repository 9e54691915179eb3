// Network interfaces as the kernel shows them.

import { readFileSync, readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";

const CLASS = "/sys/class/net";
const IFF_UP = 0x1;

/** Names of all interfaces. */
export function listInterfaces(): readonly string[] {
  try {
    return readdirSync(CLASS);
  } catch {
    return [];
  }
}

/** True if some interface that is up has this address. */
export function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((entry) => entry.address === address),
  );
}

/** An address as an interface has it. */
export interface HeldAddress {
  readonly family: 4 | 6;
  readonly isLinkLocal: boolean;
}

/** The addresses of an interface that is up; empty when it is not, or there is none. */
export function addressesOf(name: string): readonly HeldAddress[] {
  return (networkInterfaces()[name] ?? []).map(({ family, address }) => ({
    family: family === "IPv4" ? 4 : 6,
    isLinkLocal: /^fe[89ab]/i.test(address),
  }));
}

/** Whether an interface is up; undefined when there is none of this name. */
export function tryIsUp(name: string): boolean | undefined {
  try {
    const flags = Number(readFileSync(`${CLASS}/${name}/flags`, "utf8").trim());
    return (flags & IFF_UP) !== 0;
  } catch {
    return undefined;
  }
}

/** The first IPv4 address of an interface, which is its primary one; undefined when it has none. */
export function tryAddressOf(name: string): string | undefined {
  return networkInterfaces()[name]?.find(({ family }) => family === "IPv4")?.address;
}
