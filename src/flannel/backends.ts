// Reads the Backend object of a network configuration as flannel does, and stricter.

import { didYouMean } from "../base/nearest";
import {
  BACKENDS,
  SHORTEST_IPSEC_PSK,
  type BackendKind,
  type BackendOption,
  type Kind,
  type Setting,
  isSecretName,
} from "./backend-table";
import { type Findings } from "./findings";
import { presentName, show } from "./secret-text";
import { type FlannelVersion, isAtLeast, tagOf } from "./version";

export interface BackendReading {
  /** With flannel's own spelling of names and type; what is to be written. */
  readonly document: Readonly<Record<string, unknown>>;
  /** "Backend.Type", "Backend.VNI", ...: every option of the type, defaults filled in. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** Reads the Backend object as flannel `version` does; `architectures` are release names (amd64). */
export function readBackend(
  raw: Readonly<Record<string, unknown>>,
  version: FlannelVersion,
  architectures: readonly string[],
  findings: Findings,
): BackendReading | undefined {
  const type = readType(raw, findings);
  if (type === undefined) return undefined;
  const backend = findBackend(type, version, findings);
  if (backend === undefined) return undefined;
  if (type === "udp") checkUdp(version, architectures, findings);
  const options = readOptions(type, backend, raw, version, findings);
  checkSecrets(type, options, findings);
  return {
    document: { Type: type, ...options },
    settings: settingsOf(type, backend, options, version),
  };
}

function readType(raw: Readonly<Record<string, unknown>>, findings: Findings): string | undefined {
  const names = Object.keys(raw).filter((name) => name.toLowerCase() === "type");
  const type = names.length === 0 ? undefined : raw[names.at(-1) ?? ""];
  if (names.length > 1)
    findings.harmful(`Backend: ${names.join(" and ")} are the same key, give one`);
  if (typeof type === "string" && type !== "") return type.toLowerCase();
  const known = `expected one of ${Object.keys(BACKENDS).join(", ")}`;
  findings.refused(`Backend.Type: ${type === undefined ? "missing" : show(type)}, ${known}`);
  return undefined;
}

function findBackend(
  type: string,
  version: FlannelVersion,
  findings: Findings,
): BackendKind | undefined {
  const available = Object.keys(BACKENDS).filter((name) => isAvailable(BACKENDS[name], version));
  if (available.includes(type)) return BACKENDS[type];
  const known = Object.hasOwn(BACKENDS, type) ? BACKENDS[type] : undefined;
  const reason =
    known === undefined
      ? `no backend of flannel${didYouMean(type, available)}`
      : describeAvailability(known, version);
  findings.refused(`Backend.Type: ${show(type)}: ${reason} (available: ${available.join(", ")})`);
  return undefined;
}

function isAvailable(backend: BackendKind | undefined, version: FlannelVersion): boolean {
  if (backend === undefined) return false;
  if (backend.since !== undefined && !isAtLeast(version, backend.since)) return false;
  return backend.removed === undefined || !isAtLeast(version, backend.removed);
}

function describeAvailability(backend: BackendKind, version: FlannelVersion): string {
  const removed = backend.removed !== undefined && isAtLeast(version, backend.removed);
  return removed
    ? `was removed in flannel v${backend.removed}, this is ${tagOf(version)}`
    : `needs flannel v${backend.since ?? "0.0.0"} or newer, this is ${tagOf(version)}`;
}

/** udp.go is built for amd64 only since v0.10.0. */
function checkUdp(
  version: FlannelVersion,
  architectures: readonly string[],
  findings: Findings,
): void {
  const others = architectures.filter((architecture) => architecture !== "amd64");
  if (others.length === 0 || !isAtLeast(version, "0.10.0")) return;
  findings.refused(
    `Backend.Type: "udp": flannel ${tagOf(version)} has it on amd64 only, there are hosts with ${others.join(", ")}`,
  );
}

function readOptions(
  type: string,
  backend: BackendKind,
  raw: Readonly<Record<string, unknown>>,
  version: FlannelVersion,
  findings: Findings,
): Readonly<Record<string, Setting>> {
  const options: Record<string, Setting> = {};
  for (const [key, value] of Object.entries(raw)) {
    if (key.toLowerCase() === "type") continue;
    const name = Object.keys(backend.options).find((n) => n.toLowerCase() === key.toLowerCase());
    const option = backend.options[name ?? ""];
    if (name === undefined || option === undefined) {
      findings.harmful(describeUnknownOption(key, type, backend));
    } else if (option.since !== undefined && !isAtLeast(version, option.since)) {
      findings.harmful(
        `Backend.${name}: needs flannel v${option.since} or newer, ${tagOf(version)} ignores it`,
      );
    } else if (name in options) {
      findings.harmful(`Backend.${name}: given twice, also as ${key}`);
    } else if (value !== null && checkOption(name, option, value, findings)) {
      options[name] = value;
    }
  }
  return options;
}

function describeUnknownOption(key: string, type: string, backend: BackendKind): string {
  const names = Object.keys(backend.options);
  const owners = Object.keys(BACKENDS).filter((owner) =>
    Object.keys(BACKENDS[owner]?.options ?? {}).some((n) => n.toLowerCase() === key.toLowerCase()),
  );
  const hint = didYouMean(key, names);
  if (hint !== "") return `Backend.${key}: unknown option of backend ${type}${hint}`;
  const known = names.length === 0 ? "it has none" : `known: ${names.join(", ")}`;
  const owned = owners.length === 0 ? "" : `, it belongs to ${owners.join(", ")}`;
  return `Backend.${presentName(key)}: unknown option of backend ${type}${owned} (${known})`;
}

function checkOption(
  name: string,
  option: BackendOption,
  value: unknown,
  findings: Findings,
): value is Setting {
  const shown = isSecretName(name) ? "the value given" : show(value);
  if (!hasKind(option.kind, value)) {
    findings.refused(`Backend.${name}: expected ${KIND_WORDS[option.kind]}, got ${shown}`);
    return false;
  }
  const { range, choices } = option;
  if (range !== undefined && (Number(value) < range[0] || Number(value) > range[1])) {
    findings.harmful(`Backend.${name}: expected ${range[0]} to ${range[1]}, got ${shown}`);
  }
  if (choices !== undefined && !choices.includes(String(value))) {
    findings.refused(`Backend.${name}: expected one of ${choices.join(", ")}, got ${shown}`);
  }
  return true;
}

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  any: "a value",
  bool: "true or false",
  int: "a whole number",
  string: "text",
};

function hasKind(kind: Kind, value: unknown): value is Setting {
  if (kind === "int") return Number.isSafeInteger(value);
  if (kind === "bool") return typeof value === "boolean";
  return kind === "any" || typeof value === "string";
}

function checkSecrets(
  type: string,
  options: Readonly<Record<string, Setting>>,
  findings: Findings,
): void {
  const psk = String(options["PSK"] ?? "");
  if (type === "ipsec" && Buffer.byteLength(psk) < SHORTEST_IPSEC_PSK) {
    findings.refused(
      `Backend.PSK: ipsec needs at least ${SHORTEST_IPSEC_PSK} characters, got ${Buffer.byteLength(psk)}`,
    );
  }
  if (type === "wireguard" && psk !== "" && !/^[A-Za-z0-9+/]{43}=$/.test(psk)) {
    findings.refused("Backend.PSK: wireguard needs 32 bytes in base64, as `wg genpsk` makes them");
  }
}

function settingsOf(
  type: string,
  backend: BackendKind,
  options: Readonly<Record<string, Setting>>,
  version: FlannelVersion,
): Map<string, Setting> {
  const settings = new Map<string, Setting>([["Backend.Type", type]]);
  for (const [name, option] of Object.entries(backend.options)) {
    if (option.since !== undefined && !isAtLeast(version, option.since)) continue;
    const given = options[name] === 0 && option.zeroIsDefault === true ? undefined : options[name];
    const value = given ?? option.default;
    if (value !== undefined) settings.set(`Backend.${name}`, value);
  }
  return settings;
}
