// Keeps secrets out of everything a module prints, without damage to what is none: keys are never
// touched, and what is too short to be told from a word is hidden only where people read.

import { isRecord } from "../base/json";
import { MASK } from "../base/secrets";
import { withoutEscapes } from "../base/text";
import { SecretFragments } from "./fragments";
import { type Result } from "./result";

/** A result by what its values are. */
export interface ResultParts {
  /** Said by the contract itself. */
  readonly facts: Result;
  /** The module's own keys. */
  readonly data: Result;
  /** For people to read. */
  readonly texts: Result;
}

/** Shorter secrets also occur by chance; in data they would damage paths, versions and counts. */
const LONG = 8;
/** Even in a sentence, a secret as short as a syllable is only hidden where it stands alone. */
const SYLLABLE = 4;

export class Redactor {
  readonly #long = new SecretFragments(LONG);
  readonly #short = new Set<string>();
  #pattern: RegExp | undefined;

  /** Adds a secret and the forms it takes in URLs, headers, JSON and shell-like text. */
  add(secret: unknown): void {
    if (Array.isArray(secret)) for (const item of secret) this.add(item);
    else if (isRecord(secret)) for (const item of Object.values(secret)) this.add(item);
    else if (typeof secret === "string") this.#addText(secret);
    else if (typeof secret === "number" || typeof secret === "bigint")
      this.#addText(String(secret));
  }

  /** Text for people to read: long secrets, fragments of them and short ones become `MASK`. */
  redactText(text: string): string {
    const hidden = this.#long.hide(text);
    return this.#short.size === 0 ? hidden : hidden.replace(this.#compiled(), MASK);
  }

  /** The result to print. Values of `factKeys` stay as they are. */
  redactResult(factKeys: readonly string[], { facts, data, texts }: ResultParts): Result {
    const mapAll = (record: Result, map: (text: string) => string) =>
      mapValues(record, (item, key) => (factKeys.includes(key) ? item : mapText(item, map)));
    const shown = mapAll(data, (text) => this.#long.hide(text));
    const read = mapAll(texts, (text) => this.redactText(text));
    return { ...facts, ...shown, ...read, ...facts };
  }

  #addText(secret: string): void {
    for (const form of formsOf(secret)) {
      if (form.length >= LONG) this.#long.add(form);
      else if (!MASK.includes(form)) this.#short.add(form);
    }
    this.#pattern = undefined;
  }

  #compiled(): RegExp {
    this.#pattern ??= new RegExp(alternativesOf(this.#short), "g");
    return this.#pattern;
  }
}

function mapValues(
  record: Result,
  map: (item: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, map(item, key)]));
}

/** A copy with another text in place of every text and number that is not left as it is. */
function mapText(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (typeof value === "number") {
    const text = String(value);
    const shown = map(text);
    return shown === text ? value : shown;
  }
  if (Array.isArray(value)) return value.map((item) => mapText(item, map));
  return isRecord(value) ? mapValues(value, (item) => mapText(item, map)) : value;
}

/** Longest first: a secret that contains another must not leave its tail behind. */
function alternativesOf(secrets: ReadonlySet<string>): string {
  const sorted = [...secrets].sort((a, b) => b.length - a.length);
  return sorted.map(patternOf).join("|");
}

function patternOf(secret: string): string {
  const pattern = secret.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  return secret.length < SYLLABLE ? `(?<!\\w)${pattern}(?!\\w)` : pattern;
}

function formsOf(secret: string): readonly string[] {
  if (secret.trim() === "") return [];
  const quoted = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, secret.trim(), quoted, JSON.stringify(quoted).slice(1, -1)];
  // It may be JSON itself, or JSON in JSON, with the secret proper in a text of it.
  if (secret.includes("\\")) {
    const plain = withoutEscapes(secret);
    forms.push(plain, withoutEscapes(plain));
  }
  forms.push(tryEncodeUri(secret) ?? secret);
  // Short values in base64 would match by chance; a password of any worth is longer.
  if (secret.length >= 6) forms.push(Buffer.from(secret).toString("base64"));
  return [...new Set(forms)].filter((form) => form !== "");
}

function tryEncodeUri(text: string): string | undefined {
  try {
    return encodeURIComponent(text);
  } catch {
    return undefined; // a lone surrogate has no URI form
  }
}
