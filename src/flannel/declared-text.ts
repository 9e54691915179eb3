// JSON5 that somebody wrote by hand: what its parser passes over in silence, and what it is too loud about.

import { presentName } from "./secret-text";

/** Strings, comments, punctuation, blanks, and what else there is. */
const TOKEN =
  /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/|[{}[\]:,]|\s+|[^\s"'{}[\]:,/]+|./gu;

/** Text that means the same, without the separators in strings of which the parser warns on standard error. */
export function escapeSeparators(text: string): string {
  if (!/[\u2028\u2029]/.test(text)) return text;
  return text.replace(TOKEN, (token) =>
    /^["']/.test(token) ? token.replace(/\\[\s\S]|[\u2028\u2029]/g, escapeSeparator) : token,
  );
}

function escapeSeparator(found: string): string {
  return found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16)}`;
}

/** An object or list that is open. */
interface Level {
  /** As it may be shown: "Backend.". */
  readonly path: string;
  /** Undefined in a list. */
  readonly keys: Set<string> | undefined;
  /** What may be a key: the last token before a colon. */
  last: string;
}

/** The keys that one object has twice ("Backend.VNI"), as they may be shown. */
export function findTwins(text: string): readonly string[] {
  const twins = new Set<string>();
  const levels: Level[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    if (/^(?:\s|\/[/*])/.test(token)) continue;
    const level = levels.at(-1);
    if (token === "{" || token === "[") levels.push(openLevel(level, token));
    else if (token === "}" || token === "]") levels.pop();
    else if (token === ":") enterKey(level, twins);
    else if (level !== undefined) level.last = nameOf(token);
  }
  return [...twins];
}

function openLevel(outer: Level | undefined, bracket: string): Level {
  const isNamed = outer?.keys !== undefined && outer.last !== "";
  const path = isNamed ? `${outer.path}${presentName(outer.last)}.` : (outer?.path ?? "");
  return { path, keys: bracket === "{" ? new Set() : undefined, last: "" };
}

function enterKey(level: Level | undefined, twins: Set<string>): void {
  if (level?.keys === undefined) return;
  if (level.keys.has(level.last)) twins.add(`${level.path}${presentName(level.last)}`);
  level.keys.add(level.last);
}

/** A key without its quotes and escapes. */
function nameOf(token: string): string {
  const bare = /^["']/.test(token) ? token.slice(1, -1) : token;
  return bare.replace(/\\(?:u([\da-fA-F]{4})|([\s\S]))/g, (_, code?: string, other?: string) =>
    code === undefined ? (other ?? "") : String.fromCharCode(parseInt(code, 16)),
  );
}
