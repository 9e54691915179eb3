// Reads the Backend object of a network configuration as flannel does, and stricter.

import { didYouMean } from "../base/nearest";
import { RawJson } from "../base/raw-json";
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
import { asGo, isSameField, toGoLower } from "./go-value";
import { presentName, show } from "./secret-text";
import { type FlannelVersion, isAtLeast, tagOf } from "./version";

export interface BackendReading {
  /** With flannel's own spelling of names and type; what is to be written. */
  readonly document: Readonly<Record<string, unknown>>;
  /** "Backend.Type", "Backend.VNI", ...: every option of the type, defaults filled in. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** The members of the Backend object, twins included. */
type Members = readonly (readonly [name: string, value: unknown])[];

/** Reads the Backend object as flannel `version` does; `architectures` are release names (amd64). */
export function readBackend(
  members: Members,
  version: FlannelVersion,
  architectures: readonly string[],
  findings: Findings,
): BackendReading | undefined {
  const type = readType(members, findings);
  if (type === undefined) return undefined;
  const backend = findBackend(type, version, findings);
  if (backend === undefined) return undefined;
  if (type === "udp") checkUdp(version, architectures, findings);
  const options = readOptions(type, backend, members, version, findings);
  checkSecrets(type, options, findings);
  return {
    document: { Type: type, ...options },
    settings: settingsOf(type, backend, options, version),
  };
}

function readType(members: Members, findings: Findings): string | undefined {
  const given = members.filter(([name]) => isSameField(name, "Type"));
  if (given.length > 1) {
    const names = [...new Set(given.map(([name]) => name))].join(" and ");
    findings.harmful(`Backend: ${names} are the same key, give one`);
  }
  const values = given.map(([, value]) => asGo("string", value)).filter((value) => value !== null);
  const type = values.find((value) => typeof value !== "string") ?? values.at(-1);
  if (typeof type === "string" && type !== "") return toGoLower(type);
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
      ? `not a flannel backend${didYouMean(type, available)}`
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
    `Backend.Type: "udp": flannel ${tagOf(version)} supports it on amd64 only, but there are hosts with ${others.join(", ")}`,
  );
}

/** The last of twins counts, and a null leaves what was there. */
function readOptions(
  type: string,
  backend: BackendKind,
  members: Members,
  version: FlannelVersion,
  findings: Findings,
): Readonly<Record<string, Setting>> {
  const options: Record<string, Setting> = {};
  const given = new Set<string>();
  for (const [key, raw] of members) {
    if (isSameField(key, "Type")) continue;
    const name = Object.keys(backend.options).find((known) => isSameField(known, key));
    const option = backend.options[name ?? ""];
    if (name === undefined || option === undefined) {
      findings.unknown(() => describeUnknownOption(key, type, backend));
    } else if (option.since !== undefined && !isAtLeast(version, option.since)) {
      findings.harmful(
        `Backend.${name}: needs flannel v${option.since} or newer, ${tagOf(version)} ignores it`,
      );
    } else {
      if (given.has(name)) {
        findings.harmful(`Backend.${name}: given twice${name === key ? "" : `, also as ${key}`}`);
      }
      given.add(name);
      readOption(options, name, option, asGo(option.kind, raw), findings);
    }
  }
  for (const [name, value] of Object.entries(options)) {
    checkValue(name, backend.options[name] ?? {}, value, findings);
  }
  return options;
}

function readOption(
  options: Record<string, Setting>,
  name: string,
  { kind }: BackendOption,
  value: unknown,
  findings: Findings,
): void {
  if (value === null) {
    if (kind === "any") Reflect.deleteProperty(options, name);
  } else if (hasKind(kind, value)) {
    options[name] = value;
  } else {
    findings.refused(`Backend.${name}: expected ${KIND_WORDS[kind]}, got ${shown(name, value)}`);
  }
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

function checkValue(
  name: string,
  { range, choices }: Pick<BackendOption, "range" | "choices">,
  value: Setting,
  findings: Findings,
): void {
  if (range !== undefined && (Number(value) < range[0] || Number(value) > range[1])) {
    findings.harmful(
      `Backend.${name}: expected ${range[0]} to ${range[1]}, got ${shown(name, value)}`,
    );
  }
  if (choices !== undefined && !choices.includes(String(value))) {
    findings.refused(
      `Backend.${name}: expected one of ${choices.join(", ")}, got ${shown(name, value)}`,
    );
  }
}

function shown(name: string, value: unknown): string {
  return isSecretName(name) ? "the value given" : show(value);
}

const KIND_WORDS: Readonly<Record<Kind, string>> = {
  any: "a value",
  bool: "true or false",
  int: "a whole number",
  string: "text",
};

function hasKind(kind: Kind, value: unknown): value is Setting {
  if (kind === "int") return Number.isInteger(value);
  if (kind === "bool") return typeof value === "boolean";
  if (kind === "string") return typeof value === "string";
  return !(value instanceof RawJson) && (typeof value !== "number" || Number.isFinite(value));
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
