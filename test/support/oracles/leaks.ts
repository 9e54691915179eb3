// Finds parts of secrets in what a process has printed, also behind an encoding.

import { isRecord } from "../../../src/base/json";
import { type Secret } from "../arbitraries/secret";

/** So many characters of a secret in a row give it away. */
const WINDOW = 8;

/** Every part of a secret in these texts, with some of its surroundings; empty is good. */
export function leaksIn(streams: readonly string[], secrets: readonly Secret[]): readonly string[] {
  const long = secrets.filter(({ text }) => text.length >= WINDOW);
  const windows = new Set(long.flatMap(({ text }) => windowsOf(text.toLowerCase())));
  return streams.flatMap((stream) => viewsOf(stream).flatMap((view) => hitsIn(view, windows)));
}

/** Short secrets in those values of a result that people read. */
export function shortLeaksIn(
  result: Readonly<Record<string, unknown>>,
  secrets: readonly Secret[],
): readonly string[] {
  const read = ["msg", "changes", "warnings", "diff", "invocation", "exception"];
  const text = textsIn(read.map((key) => result[key])).join("\n");
  return secrets
    .filter((secret) => secret.isShort && text.includes(secret.text))
    .map(({ text: leak }) => leak);
}

function windowsOf(text: string): readonly string[] {
  return Array.from({ length: text.length - WINDOW + 1 }, (_, start) =>
    text.slice(start, start + WINDOW),
  );
}

function hitsIn(view: string, windows: ReadonlySet<string>): readonly string[] {
  const text = view.toLowerCase();
  for (let start = 0; start + WINDOW <= text.length; start++) {
    if (windows.has(text.slice(start, start + WINDOW)))
      return [`...${view.slice(Math.max(0, start - 60), start + 60)}...`];
  }
  return [];
}

/** The text as it is, and as whoever reads it may decode it. */
function viewsOf(stream: string): readonly string[] {
  const texts = textsIn(tryParse(stream));
  const unquoted = texts.map((text) => text.replace(/\\(["'\\/])/g, "$1").replace(/\\\\/g, "\\"));
  const views = [stream, ...texts, ...unquoted];
  return [...new Set([...views, ...views.flatMap(decodingsOf)])];
}

function decodingsOf(text: string): readonly string[] {
  const percent = text.replace(/(?:%[0-9a-f]{2})+/gi, (code) =>
    Buffer.from(code.replaceAll("%", ""), "hex").toString("utf8"),
  );
  const encoded = text.match(/[A-Za-z0-9+/_-]{11,}={0,2}/g) ?? [];
  const decoded = encoded.flatMap((word) =>
    [0, 1, 2, 3].map((skip) => Buffer.from(word.slice(skip), "base64").toString("utf8")),
  );
  return [percent, ...decoded];
}

/** All texts of a value, keys too. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)]);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
