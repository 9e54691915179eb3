// What it means that an overlay carries some packets and others not, in sentences with the way out.
// The table below is read from the top; the first row that fits a trial explains it.

import { type RouteKind } from "./route-kind";

/** How a TCP connection went: `stalled` opened and then carried no full segments. */
export type TcpOutcome = "ok" | "refused" | "unreachable" | "no_answer" | "stalled" | "garbled";

/** Where a packet of a trial begins or ends: in a namespace like a pod's, or on the host itself. */
export type Place = "pod" | "host";

/** One trial, from a place on this host to the echo of another. */
export interface Trial {
  readonly host: string;
  readonly address: string;
  readonly from: Place;
  readonly to: Place;
  /** null where the host has no program `ping`, or one that cannot do this. */
  readonly ping: boolean | null;
  /** The same with packets as large as the overlay promises, not to be cut up on the way. */
  readonly fullPing: boolean | null;
  /** Whether the host of the echo answers at its own address; null, too, where it has none. */
  readonly ownPing: boolean | null;
  readonly udp: boolean;
  readonly tcp: TcpOutcome;
  /** Bytes of the largest packet that came back, where those as large as promised did not. */
  readonly largest: number | null;
  /** The address under which the other side saw this one. */
  readonly seenAs: string | null;
  /** The address that this side has itself. */
  readonly source: string | null;
  /** Looked at only where nothing was reached. */
  readonly route: RouteKind | null;
}

/** What is known beside the trials themselves. */
export interface Circumstances {
  /** The MTU that flanneld promises to pods. */
  readonly mtu: number;
  /** The backend's type, where it is known. */
  readonly backend?: string | undefined;
  /** `InCsumErrors`: segments and datagrams that arrived here with a wrong checksum. */
  readonly checksumErrors: Readonly<Record<Place, number>>;
  /** Addresses that this host itself has reached. */
  readonly reachedByHost: ReadonlySet<string>;
}

/** Why a trial failed, or what is odd about one that did not. */
export interface Finding {
  readonly cause: string;
  /** True where TCP does not get through. */
  readonly isFailure: boolean;
  /** Goes on behind "worker-2 (10.200.2.254): ". */
  readonly sentence: string;
  readonly remedy: string;
  /** For a table of hosts: "no", "ping only", ... */
  readonly word: string;
  /** True where wrong checksums are the likely cause. */
  readonly isSuspect: boolean;
}

interface Row {
  readonly cause: string;
  readonly fits: (trial: Trial, known: Circumstances) => boolean;
  readonly sentence: (trial: Trial, known: Circumstances) => string;
  readonly remedy: (known: Circumstances) => string;
  readonly word?: string;
  readonly isFailure?: false;
  readonly isSuspect?: true;
}

const MTU_REMEDY =
  "The network between the hosts carries smaller packets than flanneld assumes: give its MTU (with vxlan 50 bytes more than gets through " +
  "here) in flannel_network_config: {Backend: {MTU: ...}} (vxlan and wireguard from v0.21.3), or set it on the hosts' " +
  "interface; pods keep the MTU that they were made with.";

const CHECKSUM_REMEDY =
  "Ping without TCP is what broken TX checksum offload of the vxlan device looks like: set " +
  "flannel_tx_checksum_offload: false.";

const FIREWALL_REMEDY =
  "Look on both hosts for a packet filter that drops forwarded packets: iptables -S FORWARD, nft list ruleset; " +
  "allow the pods' network by its addresses.";

const FORWARD_REMEDY =
  "Look at what both hosts forward: iptables -S FORWARD (Docker sets its policy to DROP; flanneld's own rules need " +
  "iptables-forward-rules and the program iptables), nft list ruleset, sysctl net.ipv4.ip_forward " +
  "(flannel_ip_forward: true). Rules that match the pods' bridge by name do not match this trial's interface " +
  "flannel-try.";

const ROUTE_REMEDY =
  "flanneld on this host has not picked up the other one's lease: compare ip route with the leases (flannel_etcd_config, " +
  "state: query), read both journals (journalctl -u flanneld), and restart flanneld on the host that lacks the route.";

const ROWS: readonly Row[] = [
  {
    cause: "seen_as_another",
    fits: ({ from, tcp, seenAs, source }) => from === "pod" && tcp === "ok" && seenAs !== source,
    sentence: ({ seenAs }) =>
      `is reached, but sees this host's pods as ${seenAs ?? "?"}: their packets are masqueraded on the way`,
    remedy: () =>
      "Pods must see each other's addresses: look for a MASQUERADE rule that covers the pods' network " +
      "(iptables -t nat -S POSTROUTING); Docker on flannel's subnet needs --ip-masq=false.",
    isFailure: false,
  },
  {
    cause: "mtu",
    fits: ({ tcp, fullPing }) => tcp === "ok" && fullPing === false,
    sentence: (_trial, { mtu }) =>
      `is reached, but packets of ${mtu} bytes have to be fragmented on the way`,
    remedy: () => MTU_REMEDY,
    isFailure: false,
  },
  {
    cause: "reached",
    fits: ({ tcp }) => tcp === "ok",
    sentence: () => "is reached",
    remedy: () => "",
    word: "ok",
    isFailure: false,
  },
  {
    cause: "mtu",
    fits: ({ tcp, fullPing, largest }) =>
      tcp === "stalled" && (fullPing === false || largest !== null),
    sentence: (trial, { mtu }) =>
      `small packets get through, those of ${mtu} bytes, which pods may send, do not${largestOf(trial)}`,
    remedy: () => MTU_REMEDY,
    word: "small packets only",
  },
  {
    cause: "stalled",
    fits: ({ tcp }) => tcp === "stalled" || tcp === "garbled",
    sentence: ({ tcp }) =>
      tcp === "garbled"
        ? "TCP opens, but other bytes come back than were sent"
        : "TCP opens, then nothing comes back, although full packets do get through",
    remedy: () =>
      "Look for something on the way that tracks connections: a packet filter that sees one direction only, or a proxy.",
  },
  {
    cause: "firewall",
    fits: ({ tcp }) => tcp === "refused",
    sentence: () => "TCP is refused",
    remedy: () => `${FIREWALL_REMEDY} A REJECT rule refuses; so does an echo that has stopped.`,
  },
  {
    cause: "firewall",
    fits: ({ tcp, ping }) => tcp === "unreachable" && ping === true,
    sentence: () => "ping works, TCP is rejected",
    remedy: () => FIREWALL_REMEDY,
    word: "no TCP",
  },
  {
    cause: "checksum",
    fits: (trial, { checksumErrors }) =>
      trial.tcp === "no_answer" &&
      !trial.udp &&
      trial.ping !== false &&
      checksumErrors[trial.from] > 0,
    sentence: ({ ping, from }, { checksumErrors }) =>
      `${ping === true ? "ping works, TCP does not" : "TCP does not work"}, and ${checksumErrors[from]} packets ` +
      `arrived here with a wrong checksum (InCsumErrors in /proc/net/snmp)`,
    remedy: () => CHECKSUM_REMEDY,
    word: "ping only",
    isSuspect: true,
  },
  {
    cause: "firewall",
    fits: ({ tcp, udp }) => tcp !== "ok" && udp,
    sentence: ({ ping }) =>
      `${ping === false ? "UDP works, ping and TCP do not" : "ping works, TCP does not"}; as UDP works, it is not ` +
      `the checksums`,
    remedy: () => FIREWALL_REMEDY,
    word: "no TCP",
  },
  {
    cause: "firewall",
    fits: ({ address, from, ping }, { reachedByHost }) =>
      ping === true && from === "pod" && reachedByHost.has(address),
    sentence: () =>
      "ping works, TCP does not; as this host itself gets through, it is not the checksums",
    remedy: () => FIREWALL_REMEDY,
    word: "no TCP",
  },
  {
    cause: "checksum_or_firewall",
    fits: ({ ping }) => ping === true,
    sentence: () => "ping works, TCP does not",
    remedy: () =>
      `${CHECKSUM_REMEDY} Otherwise look for a firewall that lets nothing but ping through.`,
    word: "ping only",
    isSuspect: true,
  },
  {
    cause: "no_route",
    fits: ({ route }) => route === "none" || route === "default",
    sentence: ({ route }) =>
      route === "default"
        ? "not reached over the overlay: this host has no route for its lease and sends to the default gateway"
        : "not reached over the overlay: this host has no route for its lease",
    remedy: () => ROUTE_REMEDY,
  },
  {
    cause: "forward",
    fits: ({ to, ownPing }) => to === "pod" && ownPing === true,
    sentence: () => "the host answers over the overlay, its pods do not",
    remedy: () => FORWARD_REMEDY,
  },
  {
    cause: "forward",
    fits: ({ address, from }, { reachedByHost }) => from === "pod" && reachedByHost.has(address),
    sentence: () => "this host reaches it over the overlay, its pods do not",
    remedy: () => FORWARD_REMEDY,
  },
  {
    cause: "underlay",
    fits: () => true,
    sentence: () => "not reached over the overlay",
    remedy: ({ backend }) =>
      `If flanneld runs on both hosts, look for a firewall between them: ${portsOf(backend)}. ` +
      "And on the hosts: what iptables -S FORWARD drops.",
  },
];

/** What explains a trial. */
export function explain(trial: Trial, known: Circumstances): Finding {
  const row = ROWS.find(({ fits }) => fits(trial, known));
  if (row === undefined) throw new Error("the last row fits every trial");
  return {
    cause: row.cause,
    isFailure: row.isFailure ?? true,
    sentence: row.sentence(trial, known),
    remedy: row.remedy(known),
    word: row.word ?? (row.isFailure === false ? "ok" : "no"),
    isSuspect: row.isSuspect ?? false,
  };
}

function largestOf({ largest }: Trial): string {
  return largest === null ? "" : `; one of ${largest} bytes does`;
}

function portsOf(backend: string | undefined): string {
  const ports: Readonly<Record<string, string>> = {
    vxlan: "UDP 8472 for vxlan",
    udp: "UDP 8285 for udp",
    wireguard: "UDP 51820 (51821 for IPv6) for wireguard",
    ipip: "protocol 4 (IP in IP) for ipip",
    ipsec: "UDP 500 and 4500, and protocol 50 (ESP) for ipsec",
  };
  const layer2 = "host-gw needs all hosts in one layer 2 network";
  if (backend === "host-gw") return layer2;
  const known = backend === undefined ? undefined : ports[backend];
  const listed = known ?? "UDP 8472 for vxlan, 8285 for udp, 51820 for wireguard";
  const unless = " (unless the network configuration names another port)";
  return `${listed}${unless}${known === undefined ? `; ${layer2}` : ""}`;
}
