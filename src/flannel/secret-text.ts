// Finds the secrets of a network configuration and hides them, also where it is no JSON, or is JSON
// inside of a string. Whatever cannot be understood is not shown.

import { isRecord, showJson } from "../base/json";
import { RawJson, readRawJson } from "../base/raw-json";
import { MASK } from "../base/secrets";
import { isSecretName } from "./backend-table";

/** flannel's documents have two levels; what has more than this is none. */
const MAX_DEPTH = 64;

/** A name that is, or may have been meant as, that of a secret. */
const SECRET_WORD = /psk|pre.?shared|access.?key|secret|passw|token/i;

/** JSON inside of a string, at its beginning or anywhere in it, however often it was escaped. */
const NESTED_JSON = /^[\s\uFEFF]*["'{[]|["']\s*:/;

/** The name of a secret in text of any kind, with what stands between it and the value. */
const NAMED_SECRET =
  /(?:psk|pre.?shared.?key|access.?key.?(?:id|secret)|secret|passw(?:or)?d|token)\w*\\*["']?\s*[:=]\s*/gi;

/** More than these in one text are not looked for, and longer ones only as far as this. */
const MAX_NAMED_SECRETS = 200;
const MAX_LENGTH = 8192;

const TOO_DEEP = "something nested too deeply";

/** What stands in place of a secret; `before`: what stood there in another document. */
export type Hide = (secret: unknown, before: unknown) => string;

const hideAll: Hide = () => MASK;

/** The JSON in `text`; undefined for other text, and for what is nested too deeply to be walked. */
export function tryParseDocument(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return isTooDeep(parsed) ? undefined : parsed;
  } catch {
    return undefined;
  }
}

/** True for what no configuration can be, and what a walk from level to level might not survive. */
export function isTooDeep(value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isTooDeep(item, levels - 1));
}

/** Text from etcd, which held `old` before, as it may be shown: without secrets, or only its length. */
export function presentText(text: string, hide = hideAll, old?: string): unknown {
  const document = tryParseDocument(text);
  if (isRecord(document)) return hideSecrets(document, hide, tryParseDocument(old ?? ""));
  const size = Buffer.byteLength(text);
  return `(${size} ${size === 1 ? "byte that is not a JSON object" : "bytes that are not a JSON object"}; not shown, because they may hold secrets)`;
}

/**
 * The same with indentation, and for the rest as it is written: 24.0, "\/" and twins are what flannel
 * may stumble over.
 */
export function layOutText(text: string, hide = hideAll, old?: string): string {
  const shown = presentText(text, hide, old);
  return typeof shown === "string"
    ? shown
    : print(readRawJson(text), hide, tryParseDocument(old ?? ""));
}

function print(given: RawJson, hide: Hide, old: unknown, indent = "\n"): string {
  const inner = `${indent}  `;
  const before = isRecord(old) ? old : {};
  const members = given.members().map(([name, value]) => {
    const shown = isSecretLike(name)
      ? JSON.stringify(hide(value.value, before[name]))
      : print(value, hide, before[name], inner);
    return `${inner}${JSON.stringify(presentName(name))}: ${shown}`;
  });
  if (members.length > 0) return `{${members.join(",")}${indent}}`;
  const items = given.items().map((item) => inner + print(item, hide, undefined, inner));
  if (items.length > 0) return `[${items.join(",")}${indent}]`;
  const isHidden = given.isString && mayHideSecrets(String(given.value));
  return isHidden ? JSON.stringify(hide(given.value, old)) : given.raw;
}

/** A copy in which no secret can be read, by its name or inside of a string. */
export function hideSecrets(value: unknown, hide = hideAll, old?: unknown): unknown {
  if (typeof value === "string") return mayHideSecrets(value) ? hide(value, old) : value;
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, hide));
  if (!isRecord(value)) return value;
  const before = isRecord(old) ? old : {};
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      presentName(name),
      isSecretLike(name) ? hide(item, before[name]) : hideSecrets(item, hide, before[name]),
    ]),
  );
}

/** A value as it looks in JSON, shortened, for messages; what may hide a secret is masked. */
export function show(value: unknown): string {
  if (value instanceof RawJson) return showRaw(value);
  return isTooDeep(value) ? TOO_DEEP : showJson(hideSecrets(value));
}

/** Numbers and text without secrets as they are written, for that may be what is wrong with them. */
function showRaw(given: RawJson): string {
  const { raw, value } = given;
  if (value === undefined) return TOO_DEEP;
  const isPlain = given.isNumber || (given.isString && !mayHideSecrets(raw.slice(1, -1)));
  return isPlain && raw.length <= 60 ? raw : show(value);
}

/** A key as it may be shown. */
export function presentName(name: string): string {
  return /^[\w.-]{0,40}$/.test(name) || !mayHideSecrets(name) ? name : MASK;
}

/** Every value under the name of a secret, at any depth, also in text inside of the document. */
export function secretsIn(value: unknown, readText = secretsInText): unknown[] {
  const secrets: unknown[] = [];
  // The loop sees what is appended while it runs; how deep it goes is up to whoever wrote the value.
  const places: Place[] = [{ value, isSecret: false }];
  for (const { value: item, isSecret } of places) {
    if (typeof item === "object") for (const inner of placesIn(item, isSecret)) places.push(inner);
    else if (isSecret) secrets.push(item);
    else if (typeof item === "string") for (const secret of readText(item)) secrets.push(secret);
  }
  return secrets;
}

/** A value in a document, and whether it stands below the name of a secret. */
interface Place {
  readonly value: unknown;
  readonly isSecret: boolean;
}

function placesIn(value: object | null, isSecret: boolean): Place[] {
  if (Array.isArray(value)) return value.map((item: unknown) => ({ value: item, isSecret }));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => [
    { value: item, isSecret: isSecret || isSecretLike(name) },
    ...(presentName(name) === name ? [] : [{ value: name, isSecret: false }]),
  ]);
}

/** The secrets in text of any kind: JSON, JSON that is not quite right or was cut, JSON in JSON. */
export function secretsInText(text: string): unknown[] {
  if (!mayHideSecrets(text)) return [];
  const inner = tryParseDocument(text);
  return [...(inner === undefined ? [] : secretsIn(inner)), ...namedSecretsIn(text)];
}

/**
 * As `secretsIn`, for a value that is shown as it was given (`invocation`): where text inside of it
 * cannot be read, all that stands behind the name of a secret, for its end may be anywhere.
 */
export function allSecretsIn(value: unknown): unknown[] {
  return secretsIn(value, (text) => {
    if (!mayHideSecrets(text)) return [];
    const inner = tryParseDocument(text);
    if (inner !== undefined) return [...allSecretsIn(inner), ...namedSecretsIn(text)];
    const [first] = text.matchAll(NAMED_SECRET);
    const behind = first === undefined ? [] : [text.slice(first.index + first[0].length)];
    return [...behind, ...namedSecretsIn(text)];
  });
}

/** What stands behind the names of secrets. */
function namedSecretsIn(text: string): string[] {
  const names = [...text.matchAll(NAMED_SECRET)].slice(0, MAX_NAMED_SECRETS);
  return names.flatMap(({ 0: name, index }) => {
    const start = index + name.length;
    return readings(text.slice(start, start + MAX_LENGTH));
  });
}

/** Text in quotes up to their end, as it stands there and as it is meant; else the first word. */
function readings(text: string): string[] {
  const quote = /^\\*["'`]/.exec(text)?.[0];
  if (quote === undefined) return /^[^\s,}\]]+/.exec(text) ?? [];
  const rest = text.slice(quote.length);
  // Where a secret has quotes in it, the one before a comma or bracket ends it, or else the first.
  const ends = [rest.indexOf(quote), rest.search(endOf(quote))].filter((end) => end >= 0);
  const values = ends.length === 0 ? [rest] : ends.map((end) => rest.slice(0, end));
  return values.flatMap((value) => [value, unescape(value), unescape(unescape(value))]);
}

function endOf(quote: string): RegExp {
  return new RegExp(`${quote.replaceAll("\\", "\\\\")}\\s*(?:[,}\\]]|$)`);
}

function unescape(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

function isSecretLike(name: string): boolean {
  return isSecretName(name) || SECRET_WORD.test(name);
}

function mayHideSecrets(text: string): boolean {
  return NESTED_JSON.test(text) || SECRET_WORD.test(text);
}
