// Which network devices a backend makes on every host; names are those of flannel's backends.

import { type OverlayNetwork } from "./overlay-network";

/** Which address families an overlay carries. */
export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** The families that the networks switch on; IPv4 when none is known. */
export function familiesOf({ networks }: Pick<OverlayNetwork, "networks">): Families {
  const ipv6 = networks.ipv6Network !== undefined;
  return { ipv4: networks.network !== undefined || !ipv6, ipv6 };
}

/** The devices the backend keeps up; none for backends that only write routes or policies. */
export function devicesOf(
  overlay: Pick<OverlayNetwork, "backend" | "networks">,
): readonly string[] {
  const { backend } = overlay;
  const families = familiesOf(overlay);
  const type = typeof backend.Type === "string" ? backend.Type.toLowerCase() : "";
  if (type === "vxlan") {
    // Templates turn numbers into text.
    const vni = Number(backend.VNI ?? 1);
    return perFamily(families, `flannel.${vni}`, `flannel-v6.${vni}`);
  }
  if (type === "wireguard") {
    const isShared = backend.Mode !== undefined && backend.Mode !== "separate";
    return perFamily(families, "flannel-wg", isShared ? "flannel-wg" : "flannel-wg-v6");
  }
  if (type === "udp") return ["flannel0"];
  return type === "ipip" ? ["flannel.ipip"] : [];
}

/** True for a device that no one but flannel makes. */
export function isFlannelDevice(name: string): boolean {
  return /^flannel(-v6)?\.(\d+|ipip)$|^flannel\d+$|^flannel-wg(-v6)?$/.test(name);
}

function perFamily(families: Families, v4: string, v6: string): readonly string[] {
  const names = [...(families.ipv4 ? [v4] : []), ...(families.ipv6 ? [v6] : [])];
  return [...new Set(names)];
}
