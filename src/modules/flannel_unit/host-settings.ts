// What flannel needs of the host beside its unit: kernel settings that survive a reboot, and a
// .link file for its device. Each can be switched off and is taken back with the unit.

import { devicesOf } from "../../flannel/devices";
import { type OverlayNetwork } from "../../flannel/overlay-network";
import { needsBridgeFilter } from "../../flannel/packet-filter";
import { type FlannelVersion, isAtLeast } from "../../flannel/version";
import { askProgram } from "../../host/programs";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { glanceAtFile } from "../../host/glance";
import { listInterfaces } from "../../host/network";
import { SYSTEMD_PATH, findProgram } from "../../host/search-path";
import { type Change, command, planRemove, planWrite } from "./changes";
import { HEADER } from "./header";

/** What is declared about the host. */
export interface HostWishes {
  /** Name of the unit without ".service"; the files are named after it. */
  readonly base: string;
  readonly version: FlannelVersion | undefined;
  /** False: all of it is to be taken back. */
  readonly isPresent: boolean;
  /** undefined: where the version needs it. */
  readonly loadsBridgeFilter: boolean | undefined;
  readonly forwards: boolean;
  /** TX checksum offload of the vxlan device is to be off. */
  readonly isChecksumOff: boolean;
  /** undefined: where the version suffers without. */
  readonly keepsMac: boolean | undefined;
}

/** A file this module owns; it is removed when `content` is undefined. */
export interface OwnFile {
  readonly path: string;
  readonly content: string | undefined;
  /** udev reads it, and is to be told. */
  readonly isForUdev?: boolean;
}

/** What the wishes come to for one network. */
export interface HostNeeds {
  readonly files: readonly OwnFile[];
  /** br_netfilter is to be loaded. */
  readonly bridgeFilter: boolean;
  /** The release does not start without br_netfilter. */
  readonly needsFilter: boolean;
  readonly forwarding: boolean;
  /** Devices whose TX checksum offload is to be off. */
  readonly plainDevices: readonly string[];
}

/** What the host has of it, and what it lacks. */
export interface HostSettings {
  readonly files: readonly { readonly file: OwnFile; readonly before: FileState | undefined }[];
  /** br_netfilter is to be loaded, and is not. */
  readonly lacksBridgeFilter: boolean;
  /** The release does not start without br_netfilter, and it is not loaded. */
  readonly wantsBridgeFilter: boolean;
  readonly lacksForwarding: boolean;
  /** Devices that exist with TX checksum offload on, of those that are to have it off. */
  readonly offloading: readonly string[];
  /** Devices that do not exist yet, of those that are to have it off. */
  readonly missing: readonly string[];
}

const MODE = 0o644;
const BRIDGE_FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";
const ASK_TIMEOUT_MS = 10_000;

/** Derives the needs from wishes, version and the network that is declared or was before. */
export function hostNeedsOf(wishes: HostWishes, network: OverlayNetwork): HostNeeds {
  const { base, isPresent, version } = wishes;
  const needsFilter = needsBridgeFilter(version, network.nftables);
  const bridgeFilter = isPresent && (wishes.loadsBridgeFilter ?? needsFilter);
  const forwarding = isPresent && wishes.forwards;
  return {
    files: [
      {
        path: `/etc/modules-load.d/${base}.conf`,
        content: bridgeFilter ? `${HEADER}.\nbr_netfilter\n` : undefined,
      },
      {
        path: `/etc/sysctl.d/90-${base}.conf`,
        content: forwarding ? `${HEADER}.\nnet.ipv4.ip_forward = 1\n` : undefined,
      },
      {
        path: `/etc/systemd/network/10-${base}.link`,
        content: isPresent ? renderLink(wishes, network) : undefined,
        isForUdev: true,
      },
    ],
    bridgeFilter,
    needsFilter: isPresent && needsFilter,
    forwarding,
    plainDevices: isPresent && wishes.isChecksumOff ? vxlanDevices(network) : [],
  };
}

/** udev applies a .link file whenever the device appears, so it survives its re-creation. */
function renderLink(
  { version, keepsMac, isChecksumOff }: HostWishes,
  network: OverlayNetwork,
): string | undefined {
  // systemd >= 242 gives the device another MAC address than flannel announces, before 0.22.3.
  const suffers = version !== undefined && !isAtLeast(version, "0.22.3") && isVxlan(network);
  const settings = [
    ...((keepsMac ?? suffers) ? ["MACAddressPolicy=none"] : []),
    ...(isChecksumOff ? ["TransmitChecksumOffload=no"] : []),
  ];
  if (settings.length === 0) return undefined;
  const match = "[Match]\nOriginalName=flannel.* flannel-v6.*\n";
  return [`${HEADER}.`, match, "[Link]", ...settings, ""].join("\n");
}

/** vxlan is what everybody uses, so an unknown backend is taken for it. */
function isVxlan({ backend }: OverlayNetwork): boolean {
  const { Type: type = "vxlan" } = backend;
  return typeof type === "string" && type.toLowerCase() === "vxlan";
}

function vxlanDevices(network: OverlayNetwork): readonly string[] {
  if (!isVxlan(network)) return [];
  return devicesOf({ ...network, backend: { ...network.backend, Type: "vxlan" } });
}

/** Looks at the files and kernel settings; asks ethtool only about a declared TX checksum offload. */
export function observeHostSettings(needs: HostNeeds): HostSettings {
  const { files, bridgeFilter, needsFilter, forwarding, plainDevices } = needs;
  const isUnfiltered = (bridgeFilter || needsFilter) && glanceAtFile(BRIDGE_FILTER) === undefined;
  const existing = plainDevices.length === 0 ? [] : listInterfaces();
  const present = plainDevices.filter((device) => existing.includes(device));
  return {
    files: files.map((file) => ({ file, before: tryReadFile(file.path) })),
    lacksBridgeFilter: bridgeFilter && isUnfiltered,
    wantsBridgeFilter: needsFilter && isUnfiltered,
    lacksForwarding: forwarding && glanceAtFile(FORWARDING)?.trim() !== "1",
    offloading: present.filter(isChecksumOffloaded),
    missing: plainDevices.filter((device) => !present.includes(device)),
  };
}

/** Where ethtool is missing, the device counts as offloading: a lack that is told before all else. */
function isChecksumOffloaded(device: string): boolean {
  if (findProgram("ethtool", process.env["PATH"] ?? SYSTEMD_PATH) === undefined) return true;
  const result = askProgram("ethtool", ["--show-features", device], ASK_TIMEOUT_MS);
  return /^tx-checksumming: on/m.test(result.stdout);
}

/** The steps before the daemon starts. */
export function planHostSettings(settings: HostSettings): readonly Change[] {
  const files = settings.files.flatMap(({ file: { path, content, isForUdev }, before }) => {
    const then = isForUdev === true ? ({ then: "udev" } as const) : {};
    if (content !== undefined) return planWrite({ path, content, mode: MODE, ...then }, before);
    // Somebody else may have a file of this name.
    return before?.content.startsWith(HEADER) === true ? planRemove({ path }, before) : [];
  });
  const load = command("load kernel module br_netfilter", "modprobe", ["br_netfilter"]);
  const forward = command("set net.ipv4.ip_forward to 1", "sysctl", [
    "--write",
    "net.ipv4.ip_forward=1",
  ]);
  return [
    ...files,
    ...(settings.lacksBridgeFilter ? [load] : []),
    ...(settings.lacksForwarding ? [forward] : []),
  ];
}

/** The steps once the device is there; udev may have done it already where it is only just made. */
export function planOffload(settings: HostSettings, makesDevices: boolean): readonly Change[] {
  const { offloading, missing } = settings;
  const devices = makesDevices ? [...offloading, ...missing] : offloading;
  return devices.map((device) =>
    command(`switch off TX checksum offload of ${device}`, "ethtool", [
      "--features",
      device,
      "tx",
      "off",
    ]),
  );
}
