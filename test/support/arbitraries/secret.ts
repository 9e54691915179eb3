// Secrets for property tests, and the ways in which people write them down.

import fc from "fast-check";

/** What is not to be shown. */
export interface Secret {
  readonly text: string;
  /** Shorter than eight characters: hidden where people read, see src/ansible/redact.ts. */
  readonly isShort: boolean;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Characters that mean something to one of the languages a secret passes through. */
const SPICES = [
  ...["", "", "", "", '"', "'", "\\", "/", "@", ":", "%", "%41", "#", "?", "&", "=", ",", ";", " "],
  ...["$", "`", "<", "{", "}", "[", "+", "*", "é", "ß", "密", "😀", "\t", "\n", "\u0007", "\u2028"],
];

/** At least eight random characters, so that none of its parts occurs anywhere by chance. */
export const longSecret: fc.Arbitrary<Secret> = fc
  .tuple(fc.nat(), fc.integer({ min: 8, max: 40 }), fc.nat(), fc.constantFrom(...SPICES))
  .map(([seed, length, place, spice]) => {
    const word = wordOf(seed, length);
    const cut = place % (length + 1);
    return { text: word.slice(0, cut) + spice + word.slice(cut), isShort: false };
  });

/** Four to seven characters that are no word of anybody's. */
const shortSecret: fc.Arbitrary<Secret> = fc
  .tuple(fc.nat(), fc.integer({ min: 4, max: 7 }))
  .map(([seed, length]) => ({ text: wordOf(seed, length), isShort: true }));

export const anySecret = fc.oneof({ weight: 5, arbitrary: longSecret }, shortSecret);

/** Secrets that spell keys, words and values of the contract itself. */
export const nastySecret = fc.constantFrom(
  ...["failed", "changed", "msg", "e", "a", "1", "0", "true", "null", "changes", "error_code"],
  ...["invalid_arguments", "present", "/", '"', "{", "\\", "diff", "warnings", "invocation"],
  ...["module_args", "v0.28.9", "********", "*", "false", "internal", "10.200.0.0/16", "vxlan"],
);

/** A word that looks random, and is the same for the same seed. */
function wordOf(seed: number, length: number): string {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  let word = "";
  while (word.length < length) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    state = (Math.imul(state ^ (state >>> 12), 0x297a2d39) + 0x6d2b79f5) >>> 0;
    word += LETTERS[(state >>> 7) % LETTERS.length] ?? "";
  }
  return word;
}

type Dict = Readonly<Record<string, unknown>>;

/** Ways to give a dict: as it is, or as text that Ansible, JSON5 or nobody can read. */
const SPELLINGS: Readonly<Record<string, (dict: Dict) => unknown>> = {
  dict: (dict) => dict,
  json: (dict) => JSON.stringify(dict),
  "json with blanks": (dict) => `  ${JSON.stringify(dict, undefined, 2)}\n`,
  "json in json": (dict) => {
    const text = JSON.stringify(dict);
    // With "=" in it, Ansible reads it as a pair, and what it takes for a key is no secret.
    return text.includes("=") ? text : JSON.stringify(text);
  },
  json5: (dict) => json5Of(dict),
  python: (dict) => pythonOf(dict),
  pairs: (dict) => pairsOf(dict),
  "json cut off": (dict) => JSON.stringify(dict).slice(0, -1),
  "json with a comma too many": (dict) => JSON.stringify(dict).replace(/}$/, ",}"),
  "python cut off": (dict) => pythonOf(dict).slice(0, -1),
  yaml: (dict) => yamlOf(dict, ""),
  "values in json": (dict) =>
    Object.fromEntries(Object.entries(dict).map(([key, item]) => [key, JSON.stringify(item)])),
  "in a list": (dict) => [dict],
  "json in a list": (dict) => [JSON.stringify(dict)],
};

/** Read by Ansible, so that whoever reads a value knows where it begins and ends. */
const CLEAR = ["dict", "json", "json with blanks", "python"];

/** A dict in one of its spellings; in a clear one for a secret that is too short to be found in a text. */
export function spelling(dict: fc.Arbitrary<Dict>, isClear = false): fc.Arbitrary<unknown> {
  const names = isClear ? CLEAR : Object.keys(SPELLINGS);
  return fc.tuple(dict, fc.constantFrom(...names)).map(([value, name]) => SPELLINGS[name]?.(value));
}

function json5Of(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${keyOf(key)}: ${json5Of(item)}`);
  return `{ // as people write it\n ${members.join(",\n ")},\n}`;
}

function keyOf(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
}

function pythonOf(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return pythonText(value);
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, item]) => `${pythonText(key)}: ${pythonOf(item)}`,
  );
  return `{${members.join(", ")}}`;
}

function pythonText(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replace(/\\"/g, '"').replace(/'/g, "\\'");
  return `'${inner}'`;
}

function pairsOf(dict: Dict): string {
  const pairs = Object.entries(dict).map(([key, item]) => {
    const text = typeof item === "string" ? item : JSON.stringify(item);
    return /^[\w./:-]*$/.test(text) ? `${key}=${text}` : `${key}=${JSON.stringify(text)}`;
  });
  return pairs.join(" ");
}

function yamlOf(dict: Dict, indent: string): string {
  return Object.entries(dict)
    .map(([key, item]) =>
      typeof item === "object" && item !== null
        ? `${indent}${key}:\n${yamlOf(item as Dict, `${indent}  `)}`
        : `${indent}${key}: ${typeof item === "string" ? item : JSON.stringify(item)}\n`,
    )
    .join("");
}
