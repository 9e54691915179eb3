// Guards, reading and printing for JSON of unknown origin.

/** Deeper than anything meant; what walks over values level by level can do without a bound of its own. */
export const MAX_DEPTH = 100;

/** Thrown for text that is nested deeper than so many levels. */
export class NestingError extends Error {
  override readonly name = "NestingError";

  constructor(levels = MAX_DEPTH) {
    super(`nested deeper than ${levels} levels`);
  }
}

/** True for a JSON object (not null, not an array). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON.parse with a bound for depth. Throws NestingError and SyntaxError. */
export function parseJson(text: string): unknown {
  checkDepth(splitAtStrings(text));
  return JSON.parse(text);
}

/**
 * The same, but whole numbers that a double cannot hold keep their digits, as text: a numeric
 * password must not be rounded, neither where it is used nor where it is looked for to be hidden.
 */
export function parseExactJson(text: string): unknown {
  const parts = splitAtStrings(text);
  checkDepth(parts);
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(
    parts.map((part, index) => (index % 2 === 1 ? part : quoteLong(part))).join(""),
  );
}

/** What JSON says; undefined when `text` is something else, or is nested too deep. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** The JSON object in `text`; undefined when it holds anything else. */
export function tryParseRecord(text: string): Record<string, unknown> | undefined {
  const parsed = tryParseJson(text);
  return isRecord(parsed) ? parsed : undefined;
}

/** A value as JSON, at most `limit` characters of it, for messages. Never for secrets. */
export function showJson(value: unknown, limit = 60): string {
  // JSON has no word for what 1e400 is read as.
  const isInfinite = typeof value === "number" && !Number.isFinite(value);
  const text = isInfinite ? String(value) : (JSON.stringify(value) as string | undefined);
  if (text === undefined) return "nothing";
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

/**
 * JSON on one line of pure ASCII. Ansible splits output as Python's splitlines does, so a raw
 * U+2028, U+0085 or form feed inside a string would end the line in the middle of the result. Half a
 * character (a lone surrogate) becomes U+FFFD: ansible-core takes a result that has one for none.
 */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value)
    .replace(/\\(\\|ud[\da-f]{3})/g, (whole, what) => (what === "\\" ? whole : "\\ufffd"))
    .replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
}

/** The JSON type of a value in Ansible's words, for messages. */
export function describeType(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return "dict";
}

/** What stands between strings (even positions), and the strings themselves (odd ones). */
export function splitAtStrings(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf('"', from);
    if (open < 0) break;
    const end = endOfString(text, open);
    parts.push(text.slice(from, open), text.slice(open, end));
    from = end;
  }
  parts.push(text.slice(from));
  return parts;
}

/** Behind the string that opens at `open`. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close > 0 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close < 0 ? text.length : close + 1;
}

function isEscaped(text: string, index: number): boolean {
  let start = index;
  while (text[start - 1] === "\\") start--;
  return (index - start) % 2 === 1;
}

function checkDepth(parts: readonly string[]): void {
  if (deepest(parts) > MAX_DEPTH) throw new NestingError();
}

/** How many levels of objects and arrays JSON has, or seems to have. */
export function depthOf(text: string): number {
  return deepest(splitAtStrings(text));
}

function deepest(parts: readonly string[]): number {
  let depth = 0;
  let most = 0;
  for (let index = 0; index < parts.length; index += 2) {
    for (const [bracket] of parts[index]?.matchAll(/[[\]{}]/g) ?? []) {
      depth += bracket === "[" || bracket === "{" ? 1 : -1;
      most = Math.max(most, depth);
    }
  }
  return most;
}

function quoteLong(text: string): string {
  return text.replace(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (number) =>
    /[.eE]/.test(number) || Number.isSafeInteger(Number(number)) ? number : `"${number}"`,
  );
}
