// Keeps secrets out of everything a module prints.

import { isRecord } from "../base/json";
import { MASK } from "../base/secrets";

/** Collects secret values and replaces them, in every string of any structure, by `MASK`. */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  /** Adds a secret and the forms it takes in URLs, headers, JSON and shell-like text. */
  add(secret: unknown): void {
    if (typeof secret === "number") this.add(String(secret));
    if (Array.isArray(secret))
      secret.forEach((item) => {
        this.add(item);
      });
    if (isRecord(secret))
      Object.values(secret).forEach((item) => {
        this.add(item);
      });
    if (typeof secret !== "string" || secret.trim() === "") return;
    for (const form of formsOf(secret)) this.#secrets.add(form);
    this.#pattern = undefined;
  }

  redact(value: string): string;
  redact(value: unknown): unknown;
  redact(value: unknown): unknown {
    if (this.#secrets.size === 0) return value;
    if (typeof value === "string") return value.replace(this.#compiled(), MASK);
    // A numeric secret (a PIN given as an integer) would otherwise leave as a JSON number.
    if (typeof value === "number") return this.#secrets.has(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map((item) => this.redact(item as unknown));
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.redact(key), this.redact(item)]),
    );
  }

  #compiled(): RegExp {
    this.#pattern ??= new RegExp(alternativesOf(this.#secrets), "g");
    return this.#pattern;
  }
}

/** Longest first: a secret that contains another must not leave its tail behind. */
function alternativesOf(secrets: ReadonlySet<string>): string {
  const sorted = [...secrets].sort((a, b) => b.length - a.length);
  return sorted.map(escapePattern).join("|");
}

function formsOf(secret: string): string[] {
  const quoted = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, secret.trim(), quoted, JSON.stringify(quoted).slice(1, -1)];
  forms.push(tryEncodeUri(secret) ?? secret);
  // Short values in base64 would match by chance; a password of any worth is longer.
  if (secret.length >= 6) forms.push(Buffer.from(secret).toString("base64"));
  return forms.filter((form) => form !== "");
}

function tryEncodeUri(text: string): string | undefined {
  try {
    return encodeURIComponent(text);
  } catch {
    return undefined; // a lone surrogate has no URI form
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
