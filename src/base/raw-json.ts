// JSON as it stands in a text: no number rounded, no key merged with its twin, no escape resolved.
// Whoever asks what a program of another language makes of a text needs what JSON.parse forgets.

import { NestingError, depthOf, endOfString, splitAtStrings } from "./json";

/** Go's limit (encoding/json, maxNestingDepth). */
const MAX_DEPTH = 10_000;

/** Deeper values are known by their text alone: what walks over them would not survive. */
const MAX_LEVELS = 64;

/** A member of an object: its name with escapes resolved, its value as written. */
export type Member = readonly [name: string, value: RawJson];

/** One JSON value, known by its text. */
export class RawJson {
  /** `raw` must be JSON without blanks around it. */
  constructor(readonly raw: string) {}

  get isNull(): boolean {
    return this.raw === "null";
  }

  get isObject(): boolean {
    return this.raw.startsWith("{");
  }

  get isArray(): boolean {
    return this.raw.startsWith("[");
  }

  get isString(): boolean {
    return this.raw.startsWith('"');
  }

  get isNumber(): boolean {
    return /^[-\d]/.test(this.raw);
  }

  /** What JSON.parse makes of it, without halves of characters; undefined where it is very deep. */
  get value(): unknown {
    if (depthOf(this.raw) > MAX_LEVELS) return undefined;
    return JSON.parse(this.raw, (_, item: unknown) =>
      typeof item === "string" ? replaceHalves(item) : item,
    ) as unknown;
  }

  /** All but its strings. */
  withoutStrings(): string {
    return splitAtStrings(this.raw)
      .filter((_, index) => index % 2 === 0)
      .join('""');
  }

  /** The members of an object in their order, twins included; none for other values. */
  members(): readonly Member[] {
    return this.isObject ? readItems(this.raw, readMember) : [];
  }

  /** The items of an array; none for other values. */
  items(): readonly RawJson[] {
    return this.isArray ? readItems(this.raw, readValue) : [];
  }
}

/** The value in `text`, by JSON's grammar. Throws SyntaxError and NestingError. */
export function readRawJson(text: string): RawJson {
  JSON.parse(text);
  if (depthOf(text) > MAX_DEPTH) throw new NestingError(MAX_DEPTH);
  return new RawJson(text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ""));
}

interface Read<T> {
  readonly item: T;
  readonly end: number;
}

/** What stands between the brackets of an object or array. */
function readItems<T>(raw: string, readItem: (raw: string, start: number) => Read<T>): T[] {
  const items: T[] = [];
  let index = skipBlanks(raw, 1);
  while (index < raw.length - 1) {
    const { item, end } = readItem(raw, index);
    items.push(item);
    const comma = skipBlanks(raw, end);
    index = skipBlanks(raw, comma + 1);
  }
  return items;
}

function readMember(raw: string, start: number): Read<Member> {
  const nameEnd = endOfString(raw, start);
  const colon = skipBlanks(raw, nameEnd);
  const { item, end } = readValue(raw, skipBlanks(raw, colon + 1));
  const name = replaceHalves(String(JSON.parse(raw.slice(start, nameEnd))));
  return { item: [name, item], end };
}

function readValue(raw: string, start: number): Read<RawJson> {
  const end = endOfValue(raw, start);
  return { item: new RawJson(raw.slice(start, end)), end };
}

function endOfValue(raw: string, start: number): number {
  if (raw[start] === '"') return endOfString(raw, start);
  if (raw[start] === "{" || raw[start] === "[") return endOfBrackets(raw, start);
  let end = start;
  while (end < raw.length && !/[,\]}\s]/.test(raw.charAt(end))) end++;
  return end;
}

function endOfBrackets(raw: string, start: number): number {
  let depth = 0;
  let index = start;
  do {
    const character = raw.charAt(index);
    if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    index = character === '"' ? endOfString(raw, index) : index + 1;
  } while (depth > 0 && index < raw.length);
  return index;
}

function skipBlanks(raw: string, start: number): number {
  let index = start;
  while (/^[ \t\r\n]$/.test(raw.charAt(index))) index++;
  return index;
}

/** Half a character, which UTF-8 cannot write, is read as U+FFFD by most. */
function replaceHalves(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
