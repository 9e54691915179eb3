// The overlay's network as one thing, whether it is declared or told by a daemon: the networks, the
// backend, the packet filter. What a daemon was started for travels as the mark its process carries,
// words such as "Backend.Type=vxlan Backend.VNI=7 Network=10.200.0.0/16".

import { ModuleError } from "../base/errors";
import { fingerprintOfSecret } from "../base/hash";
import { isRecord } from "../base/json";
import { type Family, tryParseCidr } from "./address";
import { isSecretName } from "./backend-table";
import { tryRevisionOf } from "./masked-secret";
import { type PodNetworks } from "./subnet-env";

type Document = Readonly<Record<string, unknown>>;

/** The `Backend` of a network configuration, as far as a host's devices and ports go. */
export interface Backend {
  readonly Type?: unknown;
  readonly VNI?: unknown;
  readonly Mode?: unknown;
  readonly Port?: unknown;
  readonly ListenPort?: unknown;
  readonly ListenPortV6?: unknown;
}

/** A network configuration as far as a host has to do with it; empty where nothing is known. */
export interface OverlayNetwork {
  readonly networks: PodNetworks;
  readonly backend: Backend;
  /** `EnableNFTables`. */
  readonly nftables: boolean;
}

/** The words of a configuration. Everybody may read those of `open`; `hidden` is for root alone. */
export interface NetworkMark {
  readonly open: string;
  /** Fingerprints of secrets, and of what might be one: commands, long texts. */
  readonly hidden: string;
}

const OPTIONS = { Network: "network", IPv6Network: "ipv6_network" } as const;

/** What may stand in the open: no word of a sentence, and short. */
const PLAIN = /^[\w.:/+-]{0,64}$/;

/** Before the number of a fingerprint, and before the revision of a masked secret. */
const [FINGERPRINT, REVISION] = ["#", "@"];

/** The network of a document. Throws ModuleError `invalid_arguments` for a network that is no CIDR. */
export function ofDocument(document: Document): OverlayNetwork {
  const { Backend: backend, EnableNFTables: nftables } = document;
  return {
    networks: {
      ...readNetwork("Network", document, 4),
      ...readNetwork("IPv6Network", document, 6),
    },
    backend: isRecord(backend) ? backend : {},
    nftables: String(nftables).toLowerCase() === "true",
  };
}

/** The network that a mark tells of. */
export function ofMark(mark: NetworkMark): OverlayNetwork {
  const words = wordsOf(mark);
  const pick = (name: string, word: string) => {
    const value = words.get(word);
    return value === undefined ? {} : { [name]: value };
  };
  return {
    networks: { ...pick("network", "Network"), ...pick("ipv6Network", "IPv6Network") },
    backend: {
      ...pick("Type", "Backend.Type"),
      ...pick("VNI", "Backend.VNI"),
      ...pick("Mode", "Backend.Mode"),
      ...pick("Port", "Backend.Port"),
      ...pick("ListenPort", "Backend.ListenPort"),
      ...pick("ListenPortV6", "Backend.ListenPortV6"),
    },
    nftables: words.get("EnableNFTables")?.toLowerCase() === "true",
  };
}

/** The mark of a document; the order of its keys does not matter, null is as not given. */
export function markOf(document: Document): NetworkMark {
  return joinMark(new Map(settingsOf("", document)));
}

/** A mark as it is found; each word goes where it belongs, wherever it has been until now. */
export function readMark(open: string, hidden: string): NetworkMark {
  return joinMark(new Map([...parseWords(open), ...parseWords(hidden)]));
}

/** What differs, in words: "Backend.VNI was 1, is 7"; empty when nothing does. */
export function describeMarkChange(before: NetworkMark, after: NetworkMark): string {
  const [old, next] = [wordsOf(before), wordsOf(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  return names
    .filter((name) => old.get(name) !== next.get(name))
    .map((name) => describeSetting(name, old.get(name), next.get(name)))
    .join("; ");
}

function readNetwork(
  key: keyof typeof OPTIONS,
  { [key]: value }: Document,
  family: Family,
): PodNetworks {
  if (value === undefined || value === null) return {};
  if (typeof value === "string" && tryParseCidr(value)?.family === family) {
    return family === 4 ? { network: value } : { ipv6Network: value };
  }
  const message = `${OPTIONS[key]}: ${JSON.stringify(value)}: expected an IPv${family} CIDR`;
  throw new ModuleError("invalid_arguments", message);
}

function joinMark(words: ReadonlyMap<string, string>): NetworkMark {
  const entries = [...words].map(([name, value]) => `${name}=${value}`).sort();
  return {
    open: entries.filter((word) => !word.includes(FINGERPRINT)).join(" "),
    hidden: entries.filter((word) => word.includes(FINGERPRINT)).join(" "),
  };
}

function wordsOf({ open, hidden }: NetworkMark): ReadonlyMap<string, string> {
  return new Map([...parseWords(open), ...parseWords(hidden)]);
}

function parseWords(text: string): readonly (readonly [string, string])[] {
  const words = text.split(" ").filter((word) => word.includes("="));
  return words.map((word) => {
    const equals = word.indexOf("=");
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function settingsOf(path: string, value: unknown): readonly (readonly [string, string])[] {
  if (value === null || value === undefined) return [];
  if (!isRecord(value)) return [[path, wordOf(path, value)]];
  return Object.entries(value).flatMap(([name, item]) => {
    const known = PLAIN.test(name) ? name : hide(name);
    return settingsOf(path === "" ? known : `${path}.${known}`, item);
  });
}

function wordOf(path: string, value: unknown): string {
  // Whatever was masked: what may hide a secret need not have the name of one.
  const revision = tryRevisionOf(value);
  if (revision !== undefined) return `${REVISION}${revision}`;
  const isSecret = path.split(".").some(isSecretName);
  // Templates turn numbers and truth values into text, which is no difference.
  const text = ["string", "number", "boolean"].includes(typeof value) ? String(value) : undefined;
  return !isSecret && text !== undefined && PLAIN.test(text) ? text : hide(value);
}

function hide(value: unknown): string {
  return `${FINGERPRINT}${fingerprintOfSecret(value)}`;
}

function describeSetting(name: string, before: string | undefined, after: string | undefined) {
  if (!isHidden(before) || !isHidden(after))
    return `${name} was ${show(before)}, is ${show(after)}`;
  if (before[0] !== after[0]) return `${name} may be different`;
  return before.startsWith(REVISION) ? `${name} was rewritten` : `${name} was different`;
}

function show(word: string | undefined): string {
  if (word === undefined) return "not set";
  return isHidden(word) ? "a hidden value" : word;
}

function isHidden(word: string | undefined): word is string {
  return word !== undefined && (word.startsWith(FINGERPRINT) || word.startsWith(REVISION));
}
