// The UDP ports that a backend opens on every host, as flannel's backends name them.

import { familiesOf } from "./devices";
import { type OverlayNetwork } from "./overlay-network";

export interface BackendPort {
  readonly port: number;
  /** The setting that chooses another. */
  readonly setting: string;
  /** The device that has the port, when it is flannel that has it. */
  readonly device: string;
  /** The kernel lets several of its own devices of this kind have one port. */
  readonly isShared: boolean;
}

/** Ports of the backends that open one; an unknown backend has none. */
export function backendPortsOf(overlay: OverlayNetwork): readonly BackendPort[] {
  const { backend } = overlay;
  const type = typeof backend.Type === "string" ? backend.Type.toLowerCase() : "";
  if (type === "vxlan") {
    const device = `flannel.${Number(backend.VNI ?? 1)}`;
    return [{ port: portOf(backend.Port, 8472), setting: "Port", device, isShared: true }];
  }
  if (type === "udp") {
    const port = portOf(backend.Port, 8285);
    return [{ port, setting: "Port", device: "flannel0", isShared: false }];
  }
  return type === "wireguard" ? wireguardPortsOf(overlay) : [];
}

function wireguardPortsOf(overlay: OverlayNetwork): readonly BackendPort[] {
  const { ListenPort, ListenPortV6, Mode = "separate" } = overlay.backend;
  const { ipv4, ipv6 } = familiesOf(overlay);
  const isSeparate = Mode === "separate";
  const first = { port: portOf(ListenPort, 51820), setting: "ListenPort", device: "flannel-wg" };
  const second = {
    port: portOf(ListenPortV6, 51821),
    setting: "ListenPortV6",
    device: "flannel-wg-v6",
  };
  return [
    ...(ipv4 || !isSeparate ? [{ ...first, isShared: false }] : []),
    ...(ipv6 && isSeparate ? [{ ...second, isShared: false }] : []),
  ];
}

/** Templates turn numbers into text; 0 is the backend's own. */
function portOf(value: unknown, byDefault: number): number {
  const port = Number(value ?? byDefault);
  return Number.isInteger(port) && port > 0 ? port : byDefault;
}
