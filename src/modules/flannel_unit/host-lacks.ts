// What the host itself lacks for flannel: programs, a free port, addresses, a kernel module. What would
// end the daemon is vital; without the rest it runs on, and its pods notice.

import { backendPortsOf } from "../../flannel/backend-ports";
import { familiesOf } from "../../flannel/devices";
import { type FlagValue, flagValue, isFlagOn, isTrue } from "../../flannel/flags";
import { type OverlayNetwork } from "../../flannel/overlay-network";
import { filterProgramsOf } from "../../flannel/packet-filter";
import { parseSubnetEnv } from "../../flannel/subnet-env";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { connectedNetworksOf } from "../../host/connected-networks";
import { type HeldAddress, addressesOf, listInterfaces } from "../../host/network";
import { SYSTEMD_PATH, findProgram } from "../../host/search-path";
import { listUdpSockets, tryFindOwner } from "../../host/udp-sockets";
import { type HostSettings } from "./host-settings";
import { type Lack } from "./lacks";
import { findStaleBridge } from "./stale-bridge";
import { findTrustLacks } from "./trust";

/** What is declared, as far as a host may lack something for it. */
export interface HostDemand {
  readonly version: FlannelVersion | undefined;
  readonly flags: readonly FlagValue[];
  readonly isKube: boolean;
  /** Variables of the daemon by name, the secret ones included. */
  readonly variables: Readonly<Record<string, string>>;
  readonly network: OverlayNetwork;
  /** True where the network is declared or known; else only what every network needs is looked for. */
  readonly isNetworkKnown: boolean;
  readonly loadsBridgeFilter: boolean | undefined;
  readonly settings: HostSettings;
  /** Text of subnet.env. */
  readonly subnet: string | undefined;
}

/** Everything at once, the vital and the rest. */
export function findHostLacks(demand: HostDemand): readonly Lack[] {
  return [
    ...findFilterPrograms(demand),
    ...findHelpers(demand.settings),
    ...findBridgeFilter(demand),
    ...findTakenPorts(demand),
    ...findFamilies(demand),
    ...(demand.isKube ? findNodeName(demand) : findTrustLacks(demand.flags, demand.version)),
    ...findStaleBridge(parseSubnetEnv(demand.subnet ?? "").subnet, connectedNetworksOf("cni0")).map(
      minor,
    ),
  ];
}

function vital(message: string): Lack {
  return { message, isVital: true, isBroughtLater: false };
}

function minor(message: string): Lack {
  return { message, isVital: false, isBroughtLater: false };
}

function findFilterPrograms(demand: HostDemand): readonly Lack[] {
  const { flags, network, subnet, variables, version } = demand;
  const searchPath = variables["PATH"] ?? `${SYSTEMD_PATH}:${process.env["PATH"] ?? ""}`;
  const programs = filterProgramsOf({
    version,
    nftables: network.nftables,
    families: familiesOf(network),
    masquerades: isFlagOn(flags, "ip-masq"),
    forwards: isTrue(flagValue(flags, "iptables-forward-rules") ?? "true"),
    hasSubnet: parseSubnetEnv(subnet ?? "").subnet !== undefined,
  });
  return programs
    .filter(({ name }) => findProgram(name, searchPath) === undefined)
    .map(({ name, isVital }) => {
      const [who, mode] = [nameOf(version), network.nftables ? " in nftables mode" : ""];
      const then = isVital
        ? `${who} does not start without it${mode}`
        : `${who} would run without its rules, so pods could not reach beyond their host`;
      const remedy = `install the package ${name === "nft" ? "nftables" : "iptables"}`;
      const message = `packet filter: ${name}: no such program on this host, and ${then}; ${remedy}`;
      return isVital ? vital(message) : minor(message);
    });
}

/** Programs that this module itself has to run on the way. */
function findHelpers(settings: HostSettings): readonly Lack[] {
  const { lacksBridgeFilter, lacksForwarding, offloading, missing } = settings;
  const needed: readonly (readonly [boolean, string, string, string])[] = [
    [lacksBridgeFilter, "load_br_netfilter", "modprobe", "kmod"],
    [lacksForwarding, "ip_forward", "sysctl", "procps"],
    [offloading.length + missing.length > 0, "tx_checksum_offload", "ethtool", "ethtool"],
  ];
  return needed
    .filter(([isNeeded, , name]) => isNeeded && !isOnOwnPath(name))
    .map(([, option, name, pack]) =>
      vital(`${option}: ${name}: no such program on this host; install the package ${pack}`),
    );
}

function isOnOwnPath(name: string): boolean {
  return findProgram(name, process.env["PATH"] ?? SYSTEMD_PATH) !== undefined;
}

/** Where this module is not to load it, somebody else must have. */
function findBridgeFilter({ loadsBridgeFilter, settings, version }: HostDemand): readonly Lack[] {
  if (loadsBridgeFilter !== false || !settings.wantsBridgeFilter) return [];
  return [
    vital(
      `load_br_netfilter: the kernel module br_netfilter is not loaded, and ${nameOf(version)} does not start ` +
        "without it; load it, or leave load_br_netfilter to its default",
    ),
  ];
}

/** A device of flannel's own that is there has the port already. */
function findTakenPorts({ network, isNetworkKnown }: HostDemand): readonly Lack[] {
  if (!isNetworkKnown) return [];
  const devices = new Set(listInterfaces());
  const ports = backendPortsOf(network).filter(({ device }) => !devices.has(device));
  if (ports.length === 0) return [];
  const sockets = listUdpSockets();
  return ports.flatMap(({ port, setting, isShared }) => {
    const owners = sockets
      .filter((one) => one.port === port)
      .map(({ inode }) => tryFindOwner(inode));
    // Sockets that no process has are the kernel's own; their inode is 0 with some kernels only.
    const taken = owners.filter((owner) => !isShared || owner !== undefined);
    if (taken.length === 0) return [];
    return [
      vital(
        `network_config: Backend.${setting}: UDP port ${port} is taken by ${taken[0] ?? "a tunnel device of this host"}; ` +
          `stop it, or set another ${setting} for all hosts`,
      ),
    ];
  });
}

/** flannel has one interface for all, and takes the addresses it finds there. */
function findFamilies({ flags, network, isNetworkKnown }: HostDemand): readonly Lack[] {
  const [name, ...others] = flags.filter((flag) => flag.name === "iface");
  const isChosen = ["iface-regex", "iface-can-reach"].every(
    (flag) => flagValue(flags, flag) === undefined,
  );
  if (!isNetworkKnown || name === undefined || others.length > 0 || !isChosen) return [];
  const addresses = addressesOf(name.value);
  if (addresses.length === 0) return [];
  const fault = findFamilyFault(addresses, flags, network);
  return fault === undefined ? [] : [vital(`settings: iface: ${name.value}: ${fault}`)];
}

/** What the addresses of the one interface lack for the network; undefined: nothing. */
export function findFamilyFault(
  addresses: readonly HeldAddress[],
  flags: readonly FlagValue[],
  network: OverlayNetwork,
): string | undefined {
  const { ipv4, ipv6 } = familiesOf(network);
  const ofSix = addresses.filter(({ family }) => family === 6);
  if (ipv4 && ofSix.length === addresses.length) {
    return "has no IPv4 address, which the network needs; give it one, or name another interface";
  }
  if (!ipv6) return undefined;
  if (ofSix.length === 0) {
    return "has no IPv6 address, which the network needs; give it one, or name another interface";
  }
  if (flagValue(flags, "public-ipv6") !== undefined) return undefined;
  return ofSix.every(({ isLinkLocal }) => isLinkLocal)
    ? "has only a link-local IPv6 address (fe80::), which flannel would announce to the other hosts, and no IPv6 " +
        "would pass between pods; give it a routable one, or set public-ipv6"
    : undefined;
}

/** A drop-in may set it as well, so that this can only be a warning. */
function findNodeName({ variables }: HostDemand): readonly Lack[] {
  const isKnown = ["NODE_NAME", "POD_NAME"].some((name) => Object.hasOwn(variables, name));
  if (isKnown) return [];
  return [
    minor(
      "environment: NODE_NAME: not set, and with kube-subnet-mgr flannel exits without it unless it runs as a pod; " +
        "set it to the name that kubectl get nodes shows for this host",
    ),
  ];
}

function nameOf(version: FlannelVersion | undefined): string {
  return version === undefined ? "flannel" : `flannel ${tagOf(version)}`;
}
