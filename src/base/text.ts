// What text of unknown origin may hold that nothing can be done with.

import { isRecord } from "./json";

/** Half of a UTF-16 pair: no file, no URL and no UTF-8 can hold it. True if any string in `value`, or key, has one. */
export function holdsLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return /[\ud800-\udfff]/u.test(value);
  if (Array.isArray(value)) return value.some(holdsLoneSurrogate);
  if (!isRecord(value)) return false;
  return Object.entries(value).some((entry) => entry.some(holdsLoneSurrogate));
}

/** At most `length` characters of a text, an ellipsis included, and no half of a pair. */
export function shorten(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text.slice(0, length - 3).replace(/[\ud800-\udbff]$/, "")}...`;
}

/** What a text says where JSON or Python is in it: `\n` is a line end, `\"` a quote. */
export function withoutEscapes(text: string): string {
  const meanings: Readonly<Record<string, string>> = {
    n: "\n",
    t: "\t",
    r: "\r",
    b: "\b",
    f: "\f",
  };
  return text.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, code?: string, one?: string) =>
    code === undefined
      ? (meanings[one ?? ""] ?? one ?? "")
      : String.fromCharCode(parseInt(code, 16)),
  );
}
