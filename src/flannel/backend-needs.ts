// What a backend needs of every host beside flanneld itself: of the kernel, and programs.

import { devicesOf } from "./devices";
import { type OverlayNetwork } from "./overlay-network";

/** One thing that a daemon cannot start without. `of`: the setting that needs it. */
export type BackendNeed = { readonly of: string } & (
  | {
      readonly kind: "kernel";
      /** "devices of type ipip". */
      readonly what: string;
      /** A command that a kernel with it carries out in an empty network namespace. */
      readonly ask: readonly string[];
    }
  | { readonly kind: "name"; readonly device: string }
  | {
      readonly kind: "program";
      readonly name: string;
      /** Where flannel looks for it beside the PATH. */
      readonly paths: readonly string[];
    }
);

/** IFNAMSIZ of the kernel, less the zero at its end. */
export const LONGEST_DEVICE_NAME = 15;

/** backend/ipsec/handle_charon.go. */
const CHARON = [
  "/usr/lib/strongswan/charon",
  "/usr/lib/ipsec/charon",
  "/usr/libexec/strongswan/charon",
  "/usr/libexec/ipsec/charon",
];

/** Everything a start under this configuration needs, in an order that does not change. */
export function backendNeedsOf(overlay: OverlayNetwork): readonly BackendNeed[] {
  const { backend } = overlay;
  const type = typeof backend.Type === "string" ? backend.Type.toLowerCase() : "";
  const of = `backend ${type}`;
  const devices = devicesOf(overlay);
  return [
    ...devices
      .filter((device) => device.length > LONGEST_DEVICE_NAME)
      .map((device): BackendNeed => ({ kind: "name", device, of })),
    ...kernelNeedsOf(type, backend.VNI).map((need): BackendNeed => ({ ...need, of })),
    ...(type === "ipsec" ? [{ kind: "program", name: "charon", paths: CHARON, of } as const] : []),
  ];
}

type KernelNeed = Omit<Extract<BackendNeed, { kind: "kernel" }>, "of">;

/** Under a short name of its own: whether the right one fits is another question. */
function kernelNeedsOf(type: string, vni: unknown = 1): readonly KernelNeed[] {
  const device = (...options: readonly string[]): KernelNeed => ({
    kind: "kernel",
    what: `devices of type ${type}`,
    ask: ["ip", "link", "add", "flannel-try", "type", type, ...options],
  });
  switch (type) {
    case "vxlan":
      return [device("id", String(Number(vni)), "dstport", "8472")];
    case "ipip":
    case "wireguard":
      return [device()];
    case "udp":
      return [
        {
          kind: "kernel",
          what: "TUN devices",
          ask: ["ip", "tuntap", "add", "dev", "flannel-try", "mode", "tun"],
        },
      ];
    case "ipsec":
      return [{ kind: "kernel", what: "IPsec (XFRM)", ask: ["ip", "xfrm", "state", "list"] }];
    default:
      return [];
  }
}
