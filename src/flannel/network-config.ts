// The network configuration at <prefix>/config, read with the eyes of one flannel version.

import { messageOf } from "../base/errors";
import { NestingError } from "../base/json";
import { RawJson, readRawJson } from "../base/raw-json";
import { type Setting } from "./backend-table";
import { type BackendReading, readBackend } from "./backends";
import { Findings } from "./findings";
import { entriesOf } from "./go-value";
import { type Cidr, type Family, formatAddress, formatCidr } from "./address";
import {
  FAMILIES,
  type FamilyKeys,
  type SubnetRange,
  chooseRange,
  readFamilyKeys,
} from "./subnet-range";
import { type SubnetManager, checkLimits } from "./limits";
import { KEYS, spellKeys } from "./network-keys";
import { show } from "./secret-text";
import { type FlannelVersion, isAtLeast } from "./version";

type Document = Readonly<Record<string, unknown>>;

export interface NetworkConfig {
  /** What was given, in flannel's own spelling and order; what is to be written. */
  readonly document: Document;
  /** Every setting flannel acts on ("Network", "Backend.VNI"), defaults filled in. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly ranges: readonly SubnetRange[];
}

export interface ConfigReading {
  /** Undefined when flannel of this version could not use it. */
  readonly config: NetworkConfig | undefined;
  readonly findings: Findings;
}

/** For whom a configuration is read. */
export interface Reader {
  readonly version: FlannelVersion;
  /** flannel's release names ("amd64") of the CPUs of the hosts. */
  readonly architectures: readonly string[];
  /** Who keeps the leases; etcd by default. */
  readonly manager?: SubnetManager;
}

/** Reads text as flannel does, with the rules of Go's encoding/json; never throws. */
export function readNetworkText(text: string, reader: Reader): ConfigReading {
  try {
    return readNetworkConfig(readRawJson(text), reader);
  } catch (error) {
    const findings = new Findings();
    findings.refused(`expected a JSON object, got ${describeBadJson(text, error)}`);
    return { config: undefined, findings };
  }
}

/** What the parser minds, without the piece of the text that it quotes: that may be a secret. */
function describeBadJson(text: string, error: unknown): string {
  const message = messageOf(error);
  if (error instanceof NestingError) return `text that is ${message}`;
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  const isCut = /unexpected end/i.test(message) || Number(position) >= text.length;
  if (isCut) return "text that ends too early";
  return `text that is not JSON${position === undefined ? "" : ` (at character ${position})`}`;
}

/** Reads a parsed document, or one as it is written; never throws, all faults are in `findings`. */
export function readNetworkConfig(value: unknown, reader: Reader): ConfigReading {
  const findings = new Findings();
  const members = isNullText(value) ? [] : entriesOf(value);
  if (members === undefined) {
    findings.refused(`expected a JSON object, got ${show(value)}`);
    return { config: undefined, findings };
  }
  const document = spellKeys(members, reader.version, findings);
  const switches = readSwitches(document, reader.version, findings);
  const ranges = readRanges(document, switches, reader.version, findings);
  const backend = readBackendKey(document["Backend"], reader, findings);
  if (backend === undefined) return { config: undefined, findings };
  const { version, manager = "etcd" } = reader;
  const settings = new Map<string, Setting>([
    ...switches,
    ...ranges.flatMap(settingsOfRange),
    ...backend.settings,
  ]);
  checkLimits({ settings, version, manager }, findings);
  if (findings.refusals.length > 0) return { config: undefined, findings };
  const written = { ...documentOf(document, ranges), Backend: backend.document };
  return { config: { document: written, settings, ranges }, findings };
}

/** Go reads the null of a text as "leave everything as it is". */
function isNullText(value: unknown): boolean {
  return value instanceof RawJson && value.isNull;
}

function readSwitches(
  document: Document,
  version: FlannelVersion,
  findings: Findings,
): Map<string, boolean> {
  const read = (key: string, otherwise: boolean): [string, boolean][] => {
    if (!isAtLeast(version, KEYS[key]?.since ?? "0.0.0")) return [];
    const value = document[key];
    if (typeof value === "boolean") return [[key, value]];
    if (value !== undefined && value !== null) {
      findings.refused(`${key}: expected true or false, got ${show(value)}`);
    }
    return [[key, otherwise]];
  };
  return new Map([
    ...read("EnableIPv4", true),
    ...read("EnableIPv6", false),
    ...read("EnableNFTables", false),
  ]);
}

function readRanges(
  document: Document,
  switches: ReadonlyMap<string, boolean>,
  version: FlannelVersion,
  findings: Findings,
): SubnetRange[] {
  const ipv4 = switches.get("EnableIPv4") ?? true;
  const ipv6 = switches.get("EnableIPv6") ?? false;
  if (!ipv4 && !ipv6) {
    findings.refused(
      'EnableIPv4: both families are off, and flanneld exits with "none defined stack"; enable one',
    );
  } else if (!ipv4) {
    findings.noted(
      "EnableIPv4: false: flannel tells hosts apart by their IPv4 address, so without IPv4 all hosts get the same subnet from etcd (seen with v0.28.9); use dual stack for more than one host",
    );
  }
  return ([4, 6] as const).flatMap((family) => {
    const given = readFamilyKeys(family, document, findings);
    if (!(family === 4 ? ipv4 : ipv6)) checkDisabled(family, document, findings);
    else return chooseFor(given, version, findings) ?? [];
    return [];
  });
}

function chooseFor(
  given: FamilyKeys,
  version: FlannelVersion,
  findings: Findings,
): SubnetRange | undefined {
  const network = networkOf(given, version, findings);
  return chooseRange({ ...given, network }, version, findings);
}

/** flannel before v0.19.2 took all addresses for a missing network, and crashed where it was IPv6's. */
function networkOf(
  { network, family }: FamilyKeys,
  version: FlannelVersion,
  findings: Findings,
): Cidr | undefined {
  if (network !== undefined && (network.length > 0 || network.base > 0n)) return network;
  const { keys, example } = FAMILIES[family];
  const problem =
    network === undefined
      ? `missing, give the IPv${family} network of all pods, such as ${example}`
      : `${formatCidr(network)} is the whole address space, give a part of it, such as ${example}`;
  const crashes = family === 6 && network === undefined;
  if (crashes || isAtLeast(version, "0.19.2")) {
    findings.refused(`${keys.network}: ${problem}`);
    return undefined;
  }
  findings.harmful(`${keys.network}: ${problem}`);
  return { family, base: 0n, length: 0 };
}

/** Keys of a family that is off have no effect, but flannel's lease takes its length and first address. */
function checkDisabled(family: Family, document: Document, findings: Findings): void {
  const { network, ...others } = FAMILIES[family].keys;
  const given = [network, ...Object.values(others)].filter((key) => isGiven(document[key]));
  if (given.length === 0) return;
  const told = `${given.join(", ")}: without effect while EnableIPv${family} is false`;
  if (family === 6 || given.every((key) => key === network)) findings.noted(told);
  else findings.harmful(`${given.join(", ")}: leave them out where EnableIPv4 is false`);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readBackendKey(
  value: unknown,
  { version, architectures }: Reader,
  findings: Findings,
): BackendReading | undefined {
  const members = entriesOf(value);
  if (members !== undefined) return readBackend(members, version, architectures, findings);
  if (value !== undefined) {
    findings.refused(`Backend: expected an object such as {"Type": "vxlan"}, got ${show(value)}`);
    return undefined;
  }
  findings.noted(
    'Backend: not given, so flannel uses {"Type": "udp"}, which is slow and meant for tests; name the backend you want',
  );
  return readBackend([["Type", "udp"]], version, architectures, findings);
}

function settingsOfRange(range: SubnetRange): [string, Setting][] {
  const { family, network, subnetLen, min, max } = range;
  const { keys } = FAMILIES[family];
  return [
    [keys.network, formatCidr(network)],
    [keys.subnetLen, subnetLen],
    [keys.subnetMin, formatAddress({ family, value: min })],
    [keys.subnetMax, formatAddress({ family, value: max })],
  ];
}

/** The given keys in flannel's order, networks without host bits, nulls left out. */
function documentOf(document: Document, ranges: readonly SubnetRange[]): Document {
  const networks = new Map(
    ranges.map(({ family, network }) => [FAMILIES[family].keys.network, formatCidr(network)]),
  );
  const given = Object.keys(KEYS).filter(
    (key) => document[key] !== undefined && document[key] !== null,
  );
  return Object.fromEntries(given.map((key) => [key, networks.get(key) ?? document[key]]));
}
