// What flannel needs on a host for its packet filter rules, by release (main.go, network/iptables.go
// and pkg/trafficmngr of the release tags).

import { type Families } from "./devices";
import { type FlannelVersion, isAtLeast } from "./version";

/** What the rules depend on. An unknown version is taken for the newest. */
export interface FilterWishes {
  readonly version: FlannelVersion | undefined;
  /** `EnableNFTables`. */
  readonly nftables: boolean;
  readonly families: Families;
  /** `ip-masq`. */
  readonly masquerades: boolean;
  /** `iptables-forward-rules`. */
  readonly forwards: boolean;
  /** subnet.env has the subnet of an earlier start, whose rules are taken for there. */
  readonly hasSubnet: boolean;
}

/** A program that flannel looks for on its PATH. */
export interface FilterProgram {
  readonly name: "iptables" | "ip6tables" | "nft";
  /** Without it the daemon ends; else it runs on without its rules. */
  readonly isVital: boolean;
}

/** The programs a start needs. */
export function filterProgramsOf(wishes: FilterWishes): readonly FilterProgram[] {
  const { version, nftables, families, masquerades, forwards, hasSubnet } = wishes;
  const isSince = (release: string) => version === undefined || isAtLeast(version, release);
  if (nftables && isSince("0.25.0")) {
    // The rules of the other mode are taken away first, of both families, whatever is configured.
    const forCleanUp = isSince("0.27.0") ? (["iptables", "ip6tables"] as const) : [];
    return (["nft", ...forCleanUp] as const).map((name) => ({ name, isVital: true }));
  }
  if (!masquerades && !forwards) return [];
  // Old rules are "recycled" before new ones are made, and only that ends the daemon.
  const isVital = masquerades && !hasSubnet && isSince("0.11.0");
  return [
    ...(families.ipv4 ? [{ name: "iptables", isVital } as const] : []),
    ...(families.ipv6 ? [{ name: "ip6tables", isVital } as const] : []),
  ];
}

/** True for releases that end where br_netfilter is not loaded. */
export function needsBridgeFilter(version: FlannelVersion | undefined, nftables: boolean): boolean {
  if (version === undefined || !isAtLeast(version, "0.26.0")) return false;
  return !(nftables && isAtLeast(version, "0.28.0"));
}
