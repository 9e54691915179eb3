// Ansible's coercions (module_utils/common/validation.py): templated values arrive as strings.
// A value that cannot be converted is returned as it is; the validator is the only judge.

import { existsSync, readFileSync } from "node:fs";
import type * as os from "node:os";

import { isRecord, parseExactJson } from "../base/json";
import { tryParsePythonLiteral } from "./python-literal";
import { type OptionType } from "./spec";

const TRUE_WORDS = new Set(["1", "on", "t", "true", "y", "yes"]);
const FALSE_WORDS = new Set(["0", "f", "false", "n", "no", "off"]);

const USERS = "/etc/passwd";

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

/** As decimal.Decimal reads it: `5.0`, `1e3` and `1_000` are whole, `5.5` is not. */
function toInteger(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim().replace(/_/g, "");
  const match = /^([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) return value;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  if (/^0*$/.test(digits)) return 0;
  const point = whole.length + Number(exponent);
  // Beyond this, a number is none that JavaScript could hold, or it is not whole.
  if (point < 0 || point > digits.length + 16 || /[1-9]/.test(digits.slice(point))) return value;
  const number = Number(sign + digits.slice(0, point).padEnd(point, "0"));
  return Number.isSafeInteger(number) ? number : value;
}

/** As float() reads it, without the infinite ones: JSON has no word for them. */
function toFloat(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  const digits = "\\d+(?:_\\d+)*";
  const pattern = `^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[+-]?${digits})?$`;
  if (!new RegExp(pattern, "i").test(text)) return value;
  const number = Number(text.replace(/_/g, ""));
  return Number.isFinite(number) ? number : value;
}

function toText(value: unknown): unknown {
  if (typeof value === "number") return printNumber(value);
  // Python's words, because that is what a Jinja template of the same value would print.
  if (typeof value === "boolean") return value ? "True" : "False";
  return value;
}

/** As Python prints it: with an exponent from 1e16 on and below 0.0001, and that with two digits. */
function printNumber(value: number): string {
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  if (Number.isSafeInteger(value) || (Number(exponent) >= -4 && Number(exponent) < 16))
    return String(value);
  return `${mantissa}e${exponent.replace(/\d+/, (digits) => digits.padStart(2, "0"))}`;
}

/** os.path.expandvars, then os.path.expanduser. */
function toPath(value: unknown): unknown {
  const text = toText(value);
  if (typeof text !== "string") return value;
  const expanded = text.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (whole, bare?: string, braced?: string) => process.env[bare ?? braced ?? ""] ?? whole,
  );
  const [user] = /^~[^/]*/.exec(expanded) ?? [];
  if (user === undefined) return expanded;
  const home = user === "~" ? loadOs().homedir() : tryHomeOf(user.slice(1));
  return home === undefined
    ? expanded
    : home.replace(/\/+$/, "") + expanded.slice(user.length) || "/";
}

/** Few paths begin with `~`, and on Node.js 18 it takes 4 ms. */
function loadOs(): typeof os {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() has no synchronous form
  return require("node:os") as typeof os;
}

/** The home of a local user; a directory server is not asked. */
function tryHomeOf(user: string): string | undefined {
  if (!existsSync(USERS)) return undefined;
  const lines = readFileSync(USERS, "utf8").split("\n");
  return lines.map((line) => line.split(":")).find(([name]) => name === user)?.[5];
}

/** Comma text or a scalar becomes a list; blanks around commas are dropped, "" is the empty list. */
function toList(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return [toText(value)];
  if (typeof value !== "string") return value;
  return value.trim() === "" ? [] : value.split(",").map((item) => item.trim());
}

/** JSON, or what Python prints for a dict, or pairs; "" is the empty dict. */
function toDict(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (text === "") return {};
  const dict = text.startsWith("{") ? tryParseDict(text) : tryParsePairs(text);
  return dict ?? value;
}

function tryParseDict(text: string): Record<string, unknown> | undefined {
  try {
    return parseExactJson(text) as Record<string, unknown>; // it begins with a brace
  } catch {
    const parsed = tryParsePythonLiteral(text);
    return isRecord(parsed) ? parsed : undefined;
  }
}

/** `k=v, k2="v w"`: pairs parted by commas or blanks, quotes and backslashes as in a shell. */
function tryParsePairs(text: string): Record<string, string> | undefined {
  const pairs = splitWords(text).map((word) => [word, word.indexOf("=")] as const);
  if (!text.includes("=") || pairs.some(([, equals]) => equals < 0)) return undefined;
  return Object.fromEntries(
    pairs.map(([word, equals]) => [word.slice(0, equals), word.slice(equals + 1)]),
  );
}

/** Letter by letter, as check_type_dict does it: a quote may open and close within a word. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  let escaped = false;
  for (const letter of text) {
    if (!escaped && letter === "\\") escaped = true;
    else if (!escaped && quote === "" && /["']/.test(letter)) quote = letter;
    else if (!escaped && quote === letter) quote = "";
    else if (!escaped && quote === "" && /[ ,]/.test(letter)) {
      words.push(word);
      word = "";
    } else {
      word += letter;
      escaped = false;
    }
  }
  return [...words, word].filter((each) => each !== "");
}
