// The bridge of the pods that an earlier subnet has left behind: the bridge plugin does not change its
// address, so no new pod starts and the old ones are out of reach, while flanneld is well.

import { containsAddress, tryParseAddress, tryParseCidr } from "../../flannel/address";

/** A sentence if the bridge is in another network than the host's subnet ("10.200.7.1/24"). */
export function findStaleBridge(
  subnet: string | undefined,
  networks: readonly string[],
): readonly string[] {
  const block = subnet === undefined ? undefined : tryParseCidr(subnet);
  if (block === undefined) return [];
  const stale = networks.filter((network) => {
    const address = tryParseAddress(network.split("/")[0] ?? "");
    return address !== undefined && !containsAddress(block, address);
  });
  return stale.map(
    (network) =>
      `cni0: the bridge of this host's pods is in ${network}, but its subnet is ${subnet ?? ""}: no new pod ` +
      "can start, and the old ones cannot be reached; drain the node, then: ip link delete cni0",
  );
}
