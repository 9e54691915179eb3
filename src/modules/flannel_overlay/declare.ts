// What the options mean: an echo to serve, or the echoes of other hosts to try.

import { ModuleError } from "../../base/errors";
import { describeType, isRecord } from "../../base/json";
import { tryParseAddress } from "../../flannel/address";
import { type Place } from "../../flannel/reach";
import { type FlannelOverlayOptions } from "../../generated/flannel_overlay";
import { type ServedAt } from "../../host/reach-protocol";

/** An echo, and whether it is in a namespace like a pod's. */
export interface Echo extends ServedAt {
  readonly place: Place;
  /** The address that the host itself has in its subnet. */
  readonly own?: string;
}

export interface Peer {
  readonly host: string;
  /** Empty for a host that serves nothing. */
  readonly echoes: readonly Echo[];
}

export interface Declared {
  readonly state: "serving" | "tried" | "silent";
  readonly subnetFile: string;
  readonly lifetimeMs: number;
  /** The other hosts. */
  readonly peers: readonly Peer[];
  readonly backend: string | undefined;
}

const FAMILIES = ["ipv4", "ipv6"];

/** Throws `invalid_arguments` for peers that are no results of `state: serving`. */
export function declare(options: FlannelOverlayOptions): Declared {
  const peers = Object.entries(options.peers ?? {});
  return {
    state: options.state,
    subnetFile: options.subnet_file,
    lifetimeMs: options.lifetime * 1000,
    peers: peers.filter(([host]) => host !== options.host).map(readPeer),
    backend: options.backend?.toLowerCase(),
  };
}

function readPeer([host, echo]: readonly [string, unknown]): Peer {
  // Templates turn null into an empty text.
  if (echo === null || echo === "") return { host, echoes: [] };
  if (!isRecord(echo)) throw refusal(host, `${describeType(echo)} is not an echo`);
  const unknown = Object.keys(echo).find((family) => !FAMILIES.includes(family));
  if (unknown !== undefined) throw refusal(host, `unknown key ${unknown}`);
  const found = FAMILIES.map((family) => echo[family] ?? null);
  return { host, echoes: found.flatMap((one) => (one === null ? [] : [readEcho(host, one)])) };
}

function readEcho(host: string, value: unknown): Echo {
  const { address, port, udp_port: udpPort, place, own } = isRecord(value) ? value : {};
  const ports = [Number(port), Number(udpPort)] as const;
  if (
    typeof address !== "string" ||
    tryParseAddress(address) === undefined ||
    !ports.every(isPort)
  ) {
    throw refusal(host, `${JSON.stringify(value)} has no address and ports`);
  }
  const known = typeof own === "string" && tryParseAddress(own) !== undefined ? { own } : {};
  return {
    address,
    port: ports[0],
    udp_port: ports[1],
    place: place === "host" ? "host" : "pod",
    ...known,
  };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 65_536;
}

function refusal(host: string, fault: string): ModuleError {
  const expected = "expected the key echo of that host's result of state: serving, or null";
  return new ModuleError("invalid_arguments", `peers: ${host}: ${fault}: ${expected}`);
}
