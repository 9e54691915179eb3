// What Go's encoding/json, with which flannel reads its configuration, makes of a value for a field.

import { isRecord } from "../base/json";
import { RawJson } from "../base/raw-json";
import { asFamily, tryParseAddress, tryParseCidr } from "./address";

/**
 * The type of a field: of Go itself, or of flannel's ip package. "ip6" is a pointer; "any" is
 * interface{}; "raw" is json.RawMessage.
 */
export type GoType =
  "bool" | "int" | "uint" | "string" | "any" | "raw" | "ip4" | "ip6" | "net4" | "net6";

type Entry = readonly [name: string, value: unknown];

/** The members of an object in their order, twins included; undefined for other values. */
export function entriesOf(value: unknown): readonly Entry[] | undefined {
  if (value instanceof RawJson) return value.isObject ? value.members() : undefined;
  return isRecord(value) ? Object.entries(value) : undefined;
}

/** True for two names that are the same field to Go: it knows of the Kelvin sign and the long s. */
export function isSameField(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("\u017f", "s");
}

/** Go's strings.ToLower: a dotted capital I is an i. */
export function toGoLower(text: string): string {
  return text.replaceAll("\u0130", "i").toLowerCase();
}

/**
 * A value as the field takes it. What stays a RawJson is refused by Go. Values that are not RawJson
 * come from this side and stay as they are.
 */
export function asGo(type: GoType, given: unknown): unknown {
  if (!(given instanceof RawJson) || type === "raw") return given;
  return READERS[type](given) ?? (takesNull(type) && given.isNull ? null : given);
}

/** True where null means "leave it as it is"; "any" and pointers become nothing, the rest refuses it. */
export function keepsOnNull(type: GoType): boolean {
  return type === "bool" || type === "int" || type === "uint" || type === "string";
}

function takesNull(type: GoType): boolean {
  return keepsOnNull(type) || type === "any" || type === "ip6";
}

/** True if what `asGo` gave is no reason for Go to refuse the text. */
export function isTaken(type: GoType, value: unknown): boolean {
  if (value instanceof RawJson) return type === "raw";
  return typeof value !== "string" || (CHECKS[type]?.(value) ?? true);
}

/** By type: the value, or undefined for what it does not take. */
const READERS: Readonly<Record<Exclude<GoType, "raw">, (given: RawJson) => unknown>> = {
  bool: ({ raw }) => (raw === "true" ? true : raw === "false" ? false : undefined),
  int: ({ raw }) => tryWhole(raw, /^-?\d+$/, -(2n ** 63n), 2n ** 63n - 1n),
  uint: ({ raw }) => tryWhole(raw, /^\d+$/, 0n, 2n ** 64n - 1n),
  string: (given) => (given.isString ? given.value : undefined),
  any: tryAny,
  ip4: tryText,
  ip6: tryText,
  net4: tryText,
  net6: tryText,
};

/** flannel's ip package reads addresses of both families for IPv6, mapped ones (::ffff:0:0/96) for IPv4. */
const CHECKS: Readonly<Partial<Record<GoType, (text: string) => boolean>>> = {
  ip4: (text) => asFamily(4, tryParseAddress(text)) !== undefined,
  ip6: (text) => tryParseAddress(text) !== undefined,
  net4: (text) => asFamily(4, tryParseCidr(text)) !== undefined,
  net6: (text) => tryParseCidr(text) !== undefined,
};

/** Go reads the digits, so 24.0, 2.4e1 and, without a sign, -0 are no whole numbers. */
function tryWhole(raw: string, pattern: RegExp, min: bigint, max: bigint): number | undefined {
  if (!pattern.test(raw)) return undefined;
  const value = BigInt(raw);
  return value < min || value > max ? undefined : Number(value);
}

/** The ip package sees the text between the quotes before its escapes are resolved. */
function tryText(given: RawJson): string | undefined {
  return given.isString ? given.raw.slice(1, -1) : undefined;
}

/** A number in interface{} is a float64, and must fit it. */
function tryAny(given: RawJson): unknown {
  const numbers = given.withoutStrings().match(/-?\d[\d.eE+-]*/g) ?? [];
  return numbers.every((number) => Number.isFinite(Number(number))) ? given.value : undefined;
}
