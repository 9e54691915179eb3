// Leases in etcd to which this host has no route. With vxlan every lease has one of its own; a daemon makes it when it
// hears of the lease, and never again: where its device was made anew, as with the interface below it, they are lost.

import { formatCidr, tryParseCidr } from "../../flannel/address";
import { type OverlayNetwork } from "../../flannel/overlay-network";
import { parseSubnetEnv } from "../../flannel/subnet-env";

/** The subnets of other hosts, out of `leases`, that are not among the routes; none for other backends. */
export function findUnrouted(
  leases: readonly string[],
  routes: ReadonlySet<string>,
  { backend }: Pick<OverlayNetwork, "backend">,
  subnetText: string,
): readonly string[] {
  if (String(backend.Type).toLowerCase() !== "vxlan") return [];
  const own = ipv4BlockOf(parseSubnetEnv(subnetText).subnet ?? "");
  return leases
    .map(ipv4BlockOf)
    .filter((block) => block !== "" && block !== own && !routes.has(block));
}

/** Without host bits; "" for what is no IPv4 network. */
function ipv4BlockOf(text: string): string {
  const block = tryParseCidr(text);
  return block?.family === 4 ? formatCidr(block) : "";
}
