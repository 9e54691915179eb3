// What flannel needs of the host beside its unit: kernel settings that survive a reboot, and a
// .link file for its device. Each can be switched off and is taken back with the unit.

import { readFileSync } from "node:fs";

import { devicesOf } from "../../flannel/devices";
import { parseNetworkMark } from "../../flannel/network-mark";
import { type FlannelVersion, isAtLeast } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { askProgram } from "../../host/programs";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { listInterfaces } from "../../host/network";
import { type UnitChange, planRemove, planWrite } from "./changes";
import { type Declaration, declaredFamilies } from "./declaration";

/** The network configuration as declared, or as it was when the unit was written. */
type Settings = ReadonlyMap<string, string>;

/** A file this module owns; it is removed when `content` is undefined. */
interface OwnFile {
  readonly path: string;
  readonly content: string | undefined;
}

export interface Prerequisites {
  readonly files: readonly OwnFile[];
  readonly bridgeFilter: boolean;
  readonly forwarding: boolean;
  /** Devices whose TX checksum offload is to be off. */
  readonly plainDevices: readonly string[];
}

/** What the host has of it. */
export interface HostState {
  readonly files: readonly (FileState | undefined)[];
  readonly hasBridgeFilter: boolean;
  readonly isForwarding: boolean;
  /** Devices that exist with TX checksum offload on, of those that are to have it off. */
  readonly offloading: readonly string[];
  /** Devices that do not exist yet, of those that are to have it off. */
  readonly missing: readonly string[];
}

const HEADER = "# Written by Ansible (flannel_unit).";
const MODE = 0o644;
const BRIDGE_FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";
const ASK_TIMEOUT_MS = 10_000;

/** Derives the prerequisites from options and version; with `state: absent` there are none. */
export function declarePrerequisites(
  options: FlannelUnitOptions,
  declaration: Pick<Declaration, "unitName" | "version" | "networkMark">,
): Prerequisites {
  const { unitName, version, networkMark } = declaration;
  const base = unitName.replace(/\.service$/, "");
  const network = parseNetworkMark(networkMark ?? "");
  const isPresent = options.state !== "absent";
  const isNew = version !== undefined && isAtLeast(version, "0.26.0");
  const needsBridgeFilter = isNew && network.get("EnableNFTables")?.toLowerCase() !== "true";
  const bridgeFilter = isPresent && (options.load_br_netfilter ?? needsBridgeFilter);
  const forwarding = isPresent && options.ip_forward === true;
  const link = isPresent ? renderLink(options, version, network) : undefined;
  return {
    files: [
      {
        path: `/etc/modules-load.d/${base}.conf`,
        content: bridgeFilter ? `${HEADER}\nbr_netfilter\n` : undefined,
      },
      {
        path: `/etc/sysctl.d/90-${base}.conf`,
        content: forwarding ? `${HEADER}\nnet.ipv4.ip_forward = 1\n` : undefined,
      },
      { path: `/etc/systemd/network/10-${base}.link`, content: link },
    ],
    bridgeFilter,
    forwarding,
    plainDevices: isPresent && options.tx_checksum_offload === false ? vxlanDevices(network) : [],
  };
}

/** udev applies a .link file whenever the device appears, so it survives its re-creation. */
function renderLink(
  options: FlannelUnitOptions,
  version: FlannelVersion | undefined,
  network: Settings,
): string | undefined {
  // systemd >= 242 gives the device another MAC address than flannel announces, before 0.22.3.
  const suffers = version !== undefined && !isAtLeast(version, "0.22.3");
  const keepsMac = options.keep_mac_address ?? (suffers && isVxlan(network));
  const settings = [
    ...(keepsMac ? ["MACAddressPolicy=none"] : []),
    ...(options.tx_checksum_offload === false ? ["TransmitChecksumOffload=no"] : []),
  ];
  if (settings.length === 0) return undefined;
  const match = "[Match]\nOriginalName=flannel.* flannel-v6.*\n";
  return [HEADER, match, "[Link]", ...settings, ""].join("\n");
}

function isVxlan(network: Settings): boolean {
  return (network.get("Backend.Type") ?? "vxlan").toLowerCase() === "vxlan";
}

function vxlanDevices(network: Settings): readonly string[] {
  const families = declaredFamilies({
    network: network.get("Network"),
    ipv6Network: network.get("IPv6Network"),
  });
  const vni = Number(network.get("Backend.VNI") ?? "1");
  return isVxlan(network) ? devicesOf({ Type: "vxlan", VNI: vni }, families) : [];
}

/** Looks at the files and kernel settings; asks ethtool only about a declared TX checksum offload. */
export function observeHost(declared: Prerequisites): HostState {
  const { plainDevices } = declared;
  const existing = plainDevices.length === 0 ? [] : listInterfaces();
  const present = plainDevices.filter((device) => existing.includes(device));
  return {
    files: declared.files.map(({ path }) => tryReadFile(path)),
    hasBridgeFilter: tryReadSetting(BRIDGE_FILTER) !== undefined,
    isForwarding: tryReadSetting(FORWARDING) === "1",
    offloading: present.filter(isChecksumOffloaded),
    missing: plainDevices.filter((device) => !present.includes(device)),
  };
}

function tryReadSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function isChecksumOffloaded(device: string): boolean {
  const result = askProgram("ethtool", ["--show-features", device], ASK_TIMEOUT_MS);
  return /^tx-checksumming: on/m.test(result.stdout);
}

/** The steps before the daemon starts. */
export function planPrerequisites(declared: Prerequisites, host: HostState): readonly UnitChange[] {
  const files = declared.files.flatMap(({ path, content }, index) => {
    const before = host.files[index];
    if (content !== undefined) return planWrite(path, content, MODE, before);
    // Somebody else may have a file of this name.
    return before?.content.startsWith(HEADER) === true ? planRemove(path, before) : [];
  });
  const load: UnitChange = {
    summary: "load kernel module br_netfilter",
    action: { kind: "command", file: "modprobe", args: ["br_netfilter"] },
  };
  const forward: UnitChange = {
    summary: "set net.ipv4.ip_forward to 1",
    action: { kind: "command", file: "sysctl", args: ["--write", "net.ipv4.ip_forward=1"] },
  };
  return [
    ...files,
    ...(declared.bridgeFilter && !host.hasBridgeFilter ? [load] : []),
    ...(declared.forwarding && !host.isForwarding ? [forward] : []),
  ];
}

/** The steps once the device is there; udev may have done it already where it is only just made. */
export function planOffload(host: HostState, makesDevices: boolean): readonly UnitChange[] {
  const devices = makesDevices ? [...host.offloading, ...host.missing] : host.offloading;
  return devices.map((device) => ({
    summary: `switch off TX checksum offload of ${device}`,
    action: { kind: "command", file: "ethtool", args: ["--features", device, "tx", "off"] },
  }));
}
