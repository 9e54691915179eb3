// A place to try the overlay from: a network namespace behind a veth, as pods have it, routed and in
// no bridge, so that nothing of the host's pods changes. All that is made bears one of the names below,
// so that whatever a run that was killed has left is found by them.

import { existsSync, readFileSync } from "node:fs";

import { ModuleError } from "../base/errors";
import { type CommandResult, askProgram, tryAskProgram } from "./programs";

export const NAMESPACE = "flannel-overlay";
export const LINK = "flannel-try";
/** The other end of the veth where no namespace can be made. */
const LOOSE_END = "flannel-try-0";

const TIMEOUT_MS = 10_000;
// Fixed, so that neither end has to ask for the other's (ARP), and udev leaves them alone.
const OUTER_MAC = "02:66:6c:61:6e:01";
const INNER_MAC = "02:66:6c:61:6e:02";
const GATEWAYS = { 4: "169.254.1.1", 6: "fe80::1" };

/** The names of what is there of ours, as `ip` calls them. */
export interface OwnNetwork {
  readonly namespace: boolean;
  readonly link: boolean;
}

export function observeOwnNetwork(): OwnNetwork {
  return {
    namespace: ["/run/netns", "/var/run/netns"].some((folder) =>
      existsSync(`${folder}/${NAMESPACE}`),
    ),
    link: existsSync(`/sys/class/net/${LINK}`),
  };
}

/** Whether this host has an `ip` that knows network namespaces. */
export function knowsNamespaces(): boolean {
  return tryAskProgram("ip", ["netns", "list"], TIMEOUT_MS)?.exitCode === 0;
}

/** Whether packets of this family are forwarded between interfaces, without which no pod reaches another host. */
export function isForwarding(family: 4 | 6): boolean {
  const file = family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
  try {
    return readFileSync(`/proc/sys/net/${file}`, "utf8").trim() !== "0";
  } catch {
    return false; // the family is off
  }
}

/**
 * Makes a namespace with these addresses, which are reached over the veth and nothing else. Throws
 * ModuleError `host` with the program's words; what was made until then stays for `removeOwnNetwork`.
 */
export function makeNamespace(addresses: readonly string[], mtu: number): void {
  const size = ["mtu", String(mtu)];
  ip("netns", "add", NAMESPACE);
  const inner = ["peer", "name", "eth0", "address", INNER_MAC, ...size, "netns", NAMESPACE];
  ip("link", "add", LINK, "address", OUTER_MAC, ...size, "type", "veth", ...inner);
  for (const device of ["lo", "eth0"]) ip("-n", NAMESPACE, "link", "set", device, "up");
  ip("link", "set", LINK, "up");
  for (const address of addresses) connect(address);
}

function connect(address: string): void {
  const family = address.includes(":") ? 6 : 4;
  const inside = (...args: string[]): void => {
    ip(`-${family}`, "-n", NAMESPACE, ...args);
  };
  const gateway = GATEWAYS[family];
  const single = `${address}/${family === 4 ? 32 : 128}`;
  const forever = ["nud", "permanent"];
  inside("address", "add", single, "dev", "eth0", ...(family === 6 ? ["nodad"] : []));
  inside("neigh", "replace", gateway, "lladdr", OUTER_MAC, "dev", "eth0", ...forever);
  inside("route", "add", "default", "via", gateway, "dev", "eth0", "onlink");
  ip(`-${family}`, "neigh", "replace", address, "lladdr", INNER_MAC, "dev", LINK, ...forever);
  ip(`-${family}`, "route", "add", single, "dev", LINK);
}

/** Gives the host these addresses, on the interface of our own. Throws as `makeNamespace` does. */
export function lendAddresses(addresses: readonly string[]): void {
  if (!observeOwnNetwork().link) {
    ip("link", "add", LINK, "type", "veth", "peer", "name", LOOSE_END);
    for (const device of [LOOSE_END, LINK]) ip("link", "set", device, "up");
  }
  for (const address of addresses) {
    const single = address.includes(":") ? [`${address}/128`, "nodad"] : [`${address}/32`];
    ip("address", "add", ...single, "dev", LINK);
  }
}

/** Removes what is there of ours; what is not there is no fault. */
export function removeOwnNetwork({ namespace, link }: OwnNetwork): void {
  if (namespace) ip("netns", "delete", NAMESPACE);
  // It may have gone with the namespace, at this very moment.
  if (link && existsSync(`/sys/class/net/${LINK}`)) {
    const { exitCode, stderr } = askProgram("ip", ["link", "delete", LINK], TIMEOUT_MS);
    if (exitCode !== 0 && existsSync(`/sys/class/net/${LINK}`)) throw refusal(["link"], stderr);
  }
}

/** The addresses that this host's neighbours answer for, as the kernel has come to know them. */
export function listNeighbours(): readonly string[] {
  const told = tryAskProgram("ip", ["neigh", "show"], TIMEOUT_MS)?.stdout ?? "";
  return [...told.matchAll(/^(\S+) .*\blladdr\b/gm)].map(([, address = ""]) => address);
}

/** What the kernel answers when asked for the route to an address; undefined without `ip`. */
export function tryAskRoute(address: string): CommandResult | undefined {
  return tryAskProgram("ip", ["route", "get", "fibmatch", address], TIMEOUT_MS);
}

function ip(...args: string[]): void {
  const { exitCode, stderr } = askProgram("ip", args, TIMEOUT_MS);
  if (exitCode !== 0) throw refusal(args, stderr);
}

function refusal(args: readonly string[], stderr: string): ModuleError {
  const words = stderr.trim().split("\n")[0] ?? "";
  return new ModuleError("host", `ip ${args.join(" ")}: ${words}`);
}
