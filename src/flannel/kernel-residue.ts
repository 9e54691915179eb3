// The routes and IPsec policies that flannel leaves in the kernel, told apart from everybody else's, as
// input for `ip -batch -` that takes them away. What is gone by then is no error to these commands.

import { type Cidr, contains, tryParseCidr } from "./address";
import { isFlannelDevice } from "./devices";
import { type FilteredNetwork } from "./firewall";

/** flannel pkg/backend/ipsec, defaultReqID. */
const REQID = 11;

/**
 * Of the output of `ip route show proto boot`: routes of the size of a lease in the pod network over a gateway
 * (host-gw, DirectRouting) or to nowhere (ip-blackhole-route). Those of a device of flannel's go with it.
 */
export function renderRouteRemoval(listing: string, networks: readonly FilteredNetwork[]): string {
  const pattern = /^(blackhole )?(\S+\/\d+) (?:via (\S+) dev (\S+))?/gm;
  const commands = [...listing.matchAll(pattern)].flatMap(([, hole, block = "", via, device]) => {
    const isTheirs = via === undefined ? hole === undefined : isFlannelDevice(device ?? "");
    if (isTheirs || !networks.some((network) => isLeaseOf(network, tryParseCidr(block)))) return [];
    const kind = via === undefined ? "type blackhole" : `via ${via}`;
    return [`route flush exact ${block} ${kind} proto boot\n`];
  });
  return commands.join("");
}

/** Of the output of `ip xfrm policy`: policies between leases, and the states of charon's that serve them. */
export function renderPolicyRemoval(listing: string, networks: readonly FilteredNetwork[]): string {
  const pattern = new RegExp(
    `^src (\\S+) dst (\\S+)\\s+dir (\\w+)[^]*?tmpl src (\\S+) dst (\\S+)\\s+proto esp.* reqid ${REQID}\\s`,
  );
  const isPods = (block: string) => networks.some((own) => isLeaseOf(own, tryParseCidr(block)));
  const commands = listing.split(/^(?=src )/m).flatMap((policy) => {
    const [, from = "", to = "", direction = "", outer, peer] = pattern.exec(policy) ?? [];
    if (!isPods(from) || !isPods(to)) return [];
    return [
      `xfrm policy deleteall src ${from} dst ${to} dir ${direction}\n`,
      `xfrm state deleteall src ${outer ?? ""} dst ${peer ?? ""} proto esp reqid ${REQID}\n`,
    ];
  });
  return [...new Set(commands)].join("");
}

/** With a subnet file, all leases are known to be of one size. */
function isLeaseOf({ network, subnet }: FilteredNetwork, block: Cidr | undefined): boolean {
  const [outer, own] = [network, subnet ?? ""].map(tryParseCidr);
  if (block === undefined || outer === undefined || !contains(outer, block)) return false;
  return own?.family === block.family ? block.length === own.length : block.length > outer.length;
}
