// What text of unknown origin may hold that nothing can be done with.

import { isRecord } from "./json";

/** Half of a UTF-16 pair: no file, no URL and no UTF-8 can hold it. True if any string in `value`, or key, has one. */
export function holdsLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return /\p{Surrogate}/u.test(value);
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
