// Secret options: they are handed to the redactor before anything is said about any option.

import { coerce } from "./coerce";
import { isRecord } from "../base/json";
import { MASK } from "../base/secrets";
import { userinfoIn } from "../base/userinfo";
import { type Redactor } from "./redact";
import { type OptionSpec, type OptionsSpec } from "./spec";

type Raw = Readonly<Record<string, unknown>>;

/** Shorter keys are words; hiding them would make every message unreadable. */
const MIN_SECRET_KEY = 6;

/** Names and aliases, by option table: looked up for every key of a task, of which there may be many. */
const indexes = new WeakMap<OptionsSpec, ReadonlyMap<string, string>>();

/** The option that a key names, itself or by an alias; undefined when there is none. */
export function optionOf(spec: OptionsSpec, key: string): [string, OptionSpec] | undefined {
  const index = indexes.get(spec) ?? indexOf(spec);
  const name = index.get(key);
  const option = name === undefined ? undefined : spec[name];
  return name === undefined || option === undefined ? undefined : [name, option];
}

function indexOf(spec: OptionsSpec): ReadonlyMap<string, string> {
  const entries = Object.entries(spec);
  const aliases = entries.flatMap(([name, option]) =>
    (option.aliases ?? []).map((alias) => [alias, name] as const),
  );
  const index = new Map([...aliases, ...entries.map(([name]) => [name, name] as const)]);
  indexes.set(spec, index);
  return index;
}

/** Hands all that no_log options hold, of whatever type, to the redactor. */
export function collectSecrets(spec: OptionsSpec, raw: Raw, redactor: Redactor): void {
  for (const [key, value] of Object.entries(raw)) {
    const [, option] = optionOf(spec, key) ?? [];
    if (option?.no_log === true) protectOption(option, value, redactor);
    else if (option?.options !== undefined) {
      const items = itemsOf(option, value).filter(isRecord);
      for (const item of items) collectSecrets(option.options, item, redactor);
    }
  }
}

/**
 * Text that was to be a dict is read without its backslashes, but somebody may show it with them. What is in
 * quotes and has some is hidden as it stands there, as it may be a secret.
 */
export function protectEscaped(spec: OptionsSpec, raw: Raw, redactor: Redactor): void {
  for (const [key, value] of Object.entries(raw)) {
    if (typeof value !== "string" || optionOf(spec, key)?.[1].type !== "dict") continue;
    for (const [quoted] of value.matchAll(/"(?:[^"\\]|\\.)*"/gs)) {
      if (quoted.includes("\\")) redactor.add(quoted.slice(1, -1));
    }
  }
}

/**
 * The value as it was given, and as it is read: text may be JSON, pairs or a list, and what stands
 * around the values in it is no secret.
 */
function protectOption(option: OptionSpec, value: unknown, redactor: Redactor): void {
  if (typeof value !== "string") protect(value, redactor, !["dict", "raw"].includes(option.type));
  // "True" is no secret.
  if (typeof value !== "boolean") protect(itemsOf(option, value), redactor, false);
}

/** Texts in what was refused are secrets only perhaps; shorter ones are words, longer ones no secrets. */
const SUSPECT = { min: 8, max: 20_000 };

/**
 * Options that nobody can read may hold secrets anywhere: those of names that do not exist, of which one
 * may be a secret's, mistyped, and dicts and lists that are none or were given where none belongs.
 */
export function protectRefused(
  spec: OptionsSpec,
  raw: Raw,
  wrong: ReadonlySet<string>,
  redactor: Redactor,
): void {
  for (const [key, value] of Object.entries(raw)) {
    const [name = "", option] = optionOf(spec, key) ?? [];
    const isStructured = typeof value === "object" || /dict|list|raw/.test(option?.type ?? "");
    if (option !== undefined && !(wrong.has(name) && isStructured)) continue;
    const read = option === undefined ? value : coerce(option.type, value);
    const texts = isRecord(read) && option?.type === "dict" ? Object.values(read) : read;
    protectSuspects(texts, redactor);
  }
}

function protectSuspects(value: unknown, redactor: Redactor): void {
  const text = typeof value === "number" ? String(value) : value;
  if (Array.isArray(text)) for (const item of text) protectSuspects(item, redactor);
  else if (isRecord(text)) {
    for (const entry of Object.entries(text)) protectSuspects(entry, redactor);
  } else if (typeof text === "string" && text.length >= SUSPECT.min) {
    const start = text.slice(0, SUSPECT.max);
    for (const secret of [start, ...userinfoIn(start)]) redactor.add(secret);
  }
}

/** `withKeys`: a dict where none belongs has the secret for a key as likely as for a value. */
function protect(value: unknown, redactor: Redactor, withKeys: boolean): void {
  if (typeof value === "string" || typeof value === "number") redactor.add(value);
  else if (Array.isArray(value)) {
    for (const item of value) protect(item, redactor, withKeys);
  } else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (withKeys && key.length >= MIN_SECRET_KEY) redactor.add(key);
      protect(item, redactor, withKeys);
    }
  }
}

function itemsOf({ type, elements = "raw" }: OptionSpec, value: unknown): unknown[] {
  const coerced = coerce(type, value);
  return Array.isArray(coerced) ? coerced.map((item) => coerce(elements, item)) : [coerced];
}

/** True when the value at this place (a JSON pointer of the validator) is secret, or part of one. */
export function isSecretAt(spec: OptionsSpec, pointer: string): boolean {
  let options: OptionsSpec | undefined = spec;
  for (const name of pointer.split("/").filter((part) => part !== "" && !/^\d+$/.test(part))) {
    const option: OptionSpec | undefined = options?.[name];
    if (option?.no_log === true) return true;
    options = option?.options;
  }
  return false;
}

/**
 * The options as `invocation.module_args` shows them: without values of no_log options, of names that no
 * option has, for one of them may be a secret's, mistyped, and without text that should be a dict.
 */
export function describeInvocation(spec: OptionsSpec, raw: Raw): Record<string, unknown> {
  const shown = Object.entries(raw).map(([key, value]) => {
    const [, option] = optionOf(spec, key) ?? [];
    const isShown = value === null || (option !== undefined && isOpen(option, value));
    return [key, isShown ? (option === undefined ? value : shownAs(option, value)) : MASK] as const;
  });
  return Object.fromEntries(shown);
}

/** Text that is a dict is shown as what it is taken for, as Ansible's own modules show it. */
function shownAs({ type }: OptionSpec, value: unknown): unknown {
  return type === "dict" && value !== null ? coerce(type, value) : value;
}

function isOpen({ no_log: isSecret, type }: OptionSpec, value: unknown): boolean {
  return isSecret !== true && (type !== "dict" || isRecord(coerce(type, value)));
}
