// Which network devices a backend makes on every host; names are those of flannel's backends.

/** The `Backend` of a network configuration, as far as devices go. */
export interface Backend {
  readonly Type?: unknown;
  readonly VNI?: unknown;
  readonly Mode?: unknown;
}

export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** The devices the backend keeps up; none for backends that only write routes or policies. */
export function devicesOf(backend: Backend, families: Families): readonly string[] {
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
