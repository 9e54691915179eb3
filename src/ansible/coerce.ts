// Ansible's coercions (module_utils/common/validation.py): templated values arrive as strings.
// A value that cannot be converted is returned as it is; the validator is the only judge.

import { homedir } from "node:os";
import { join } from "node:path";

import { tryParseRecord } from "../base/json";
import { type OptionType } from "./spec";

const TRUE_WORDS = new Set(["1", "on", "t", "true", "y", "yes"]);
const FALSE_WORDS = new Set(["0", "f", "false", "n", "no", "off"]);

const COERCIONS: Readonly<Record<OptionType, (value: unknown) => unknown>> = {
  bool: toBoolean,
  dict: toDict,
  float: toFloat,
  int: toInteger,
  list: toList,
  path: toPath,
  raw: (value) => value,
  str: toText,
};

/** Converts one value as Ansible does for an option of this type. */
export function coerce(type: OptionType, value: unknown): unknown {
  return COERCIONS[type](value);
}

function toBoolean(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  const word = String(value).trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : value;
}

function toInteger(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  const number = Number(text);
  return /^[+-]?\d+(\.0+)?$/.test(text) && Number.isSafeInteger(number) ? number : value;
}

function toFloat(value: unknown): unknown {
  if (typeof value !== "string" || value.trim() === "") return value;
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}

function toText(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  // Python's words, because that is what a Jinja template of the same value would print.
  if (typeof value === "boolean") return value ? "True" : "False";
  return value;
}

function toPath(value: unknown): unknown {
  const text = toText(value);
  if (typeof text !== "string") return value;
  const expanded = text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced?: string, bare?: string) => process.env[braced ?? bare ?? ""] ?? whole,
  );
  return /^~(\/|$)/.test(expanded) ? join(homedir(), expanded.slice(1)) : expanded;
}

/** Comma text or a scalar becomes a list; blanks around commas are dropped, "" is the empty list. */
function toList(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return [value];
  if (typeof value !== "string") return value;
  return value.trim() === "" ? [] : value.split(",").map((item) => item.trim());
}

function toDict(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text.startsWith("{")) return tryParseRecord(text) ?? value;
  if (text === "") return {};
  return tryParsePairs(text) ?? value;
}

/** `k=v, k2="v w"`: pairs parted by commas or blanks, quotes and backslashes as in a shell. */
function tryParsePairs(text: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = {};
  for (const word of splitWords(text)) {
    const equals = word.indexOf("=");
    if (equals < 1) return undefined;
    pairs[word.slice(0, equals)] = word.slice(equals + 1);
  }
  return pairs;
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /(?:[^\s,"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g;
  for (const [word] of text.matchAll(pattern)) {
    words.push(
      word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, escaped, double, single) =>
        String(escaped ?? (double as string | undefined)?.replace(/\\(.)/g, "$1") ?? single),
      ),
    );
  }
  return words;
}
