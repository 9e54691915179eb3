// Guards and printing for JSON of unknown origin.

/** True for a JSON object (not null, not an array). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What JSON says; undefined when `text` is something else. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
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
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return "nothing";
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

/**
 * JSON on one line of pure ASCII. Ansible splits output as Python's splitlines does, so a raw
 * U+2028, U+0085 or form feed inside a string would end the line in the middle of the result.
 */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
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
