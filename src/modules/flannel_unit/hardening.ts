// The sandbox of `hardening: true`: every directive of systemd under which the backends were seen
// to work. flanneld configures the host's network and runs iptables, so it keeps what that takes.

import { posix } from "node:path";

import { quotePath } from "../../host/systemd-quote";

/** Capabilities: the network, a healthz port below 1024, certificates of another user. */
const CAPABILITIES = "CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_DAC_READ_SEARCH";

const FIXED = {
  CapabilityBoundingSet: CAPABILITIES,
  // The udp backend's device; PrivateDevices would hide it.
  DevicePolicy: "closed",
  DeviceAllow: "/dev/net/tun rw",
  KeyringMode: "private",
  LockPersonality: "yes",
  MemoryDenyWriteExecute: "yes",
  NoNewPrivileges: "yes",
  PrivateMounts: "yes",
  PrivateTmp: "yes",
  ProtectClock: "yes",
  ProtectControlGroups: "yes",
  // A kubeconfig may be in a home directory.
  ProtectHome: "read-only",
  ProtectHostname: "yes",
  ProtectKernelLogs: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelTunables: "yes",
  // Not ProcSubset=pid: flannel looks for br_netfilter in /proc/sys.
  ProtectProc: "invisible",
  ProtectSystem: "strict",
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
  RestrictNamespaces: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  SystemCallArchitectures: "native",
  SystemCallErrorNumber: "EPERM",
  SystemCallFilter: "@system-service",
} as const;

/** Names that an older systemd may not know yet; it ignores them with a complaint. */
export const HARDENING_NAMES: ReadonlySet<string> = new Set(Object.keys(FIXED));

/** The directives of the Service section for a daemon that writes this subnet file. */
export function hardeningOf(
  subnetFile: string,
): readonly (readonly [name: string, value: string])[] {
  const folder = posix.dirname(posix.normalize(subnetFile));
  const writable = [
    "/run", // the subnet file, the lock of iptables
    "/proc/sys/net", // accept_ra of the device, which flannel switches off
    ...(/^(\/var)?\/run(\/|$)/.test(folder) ? [] : [quotePath(folder)]),
  ];
  return [...Object.entries(FIXED), ["ReadWritePaths", writable.join(" ")]];
}
