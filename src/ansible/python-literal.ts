// Reads what Python prints for plain data, as ast.literal_eval does: `{'Type': 'vxlan', 'VNI': 1}` is
// what a template makes of a dict. Left out: what JSON has no words for (bytes, sets, complex
// numbers, keys that are not text) and \N{names}.

import { MAX_DEPTH } from "../base/json";

const SPACE = /(?:[ \t\f\r\n]|#[^\n]*|\\\r?\n)*/y;
const WORD = /[A-Za-z_]\w*/y;
const SIGN = /[+-]?/y;
const DIGITS = "\\d(?:_?\\d)*";
const NUMBER = new RegExp(
  [
    "0[xX](?:_?[\\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+",
    `(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.?)(?:[eE][+-]?${DIGITS})?`,
  ].join("|"),
  "y",
);
const OPENING_QUOTE = /([rRuU]?)('''|"""|'|")/y;
const ESCAPE = /\\(\r?\n|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|[^])/g;
const CONSTANTS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["True", true],
  ["False", false],
  ["None", null],
]);
const LETTERS: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["a", "\u0007"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

/** Thrown and caught in here: the text is no literal, wherever that shows. */
const NO_LITERAL = new Error("not a Python literal");

/** The value that is written in `text`; undefined when it is none, or one that JSON cannot hold. */
export function tryParsePythonLiteral(text: string): unknown {
  // Python compiles no text with these in it, not even in a comment.
  if (/\0|[\ud800-\udfff]/u.test(text)) return undefined;
  try {
    return new Reader(text).readAll();
  } catch {
    return undefined;
  }
}

class Reader {
  #position = 0;
  #depth = 0;

  constructor(private readonly text: string) {}

  readAll(): unknown {
    const value = this.#readValue();
    this.#take(SPACE);
    if (this.#position !== this.text.length) throw NO_LITERAL;
    return value;
  }

  #readValue(): unknown {
    if (++this.#depth > MAX_DEPTH) throw NO_LITERAL;
    this.#take(SPACE);
    const value = this.#readAtom();
    this.#depth--;
    return value;
  }

  #readAtom(): unknown {
    if (this.#skip("{")) return this.#readDict();
    if (this.#skip("[")) return this.#readItems("]").items;
    if (this.#skip("(")) return this.#readParentheses();
    const string = this.#readStrings();
    if (string !== undefined) return string;
    const word = this.#take(WORD);
    if (word === "") return this.#readNumber();
    const constant = CONSTANTS.get(word);
    if (constant === undefined) throw NO_LITERAL;
    return constant;
  }

  #readDict(): unknown {
    const entries: [string, unknown][] = [];
    this.#take(SPACE);
    while (!this.#skip("}")) {
      const key = this.#readValue();
      this.#take(SPACE);
      if (typeof key !== "string" || !this.#skip(":")) throw NO_LITERAL;
      entries.push([key, this.#readValue()]);
      this.#readSeparator("}");
    }
    return Object.fromEntries(entries);
  }

  #readItems(end: string): { items: unknown[]; commas: number } {
    const items: unknown[] = [];
    let commas = 0;
    this.#take(SPACE);
    while (!this.#skip(end)) {
      items.push(this.#readValue());
      if (this.#readSeparator(end)) commas++;
    }
    return { items, commas };
  }

  /** A tuple becomes a list; one value without a comma is only put in brackets. */
  #readParentheses(): unknown {
    const { items, commas } = this.#readItems(")");
    return items.length === 1 && commas === 0 ? items[0] : items;
  }

  /** True when there was a comma; without one, the end must follow. */
  #readSeparator(end: string): boolean {
    this.#take(SPACE);
    const comma = this.#skip(",");
    this.#take(SPACE);
    if (!comma && this.text[this.#position] !== end) throw NO_LITERAL;
    return comma;
  }

  /** Strings that stand side by side are one. */
  #readStrings(): string | undefined {
    let whole: string | undefined;
    for (;;) {
      OPENING_QUOTE.lastIndex = this.#position;
      const [opening = "", prefix = "", quote = ""] = OPENING_QUOTE.exec(this.text) ?? [];
      if (opening === "") return whole;
      this.#position += opening.length;
      const body = this.#readBody(quote);
      whole = (whole ?? "") + (/r/i.test(prefix) ? body : unescape(body));
      this.#take(SPACE);
    }
  }

  #readBody(quote: string): string {
    const { text } = this;
    const start = this.#position;
    let end = start;
    while (!text.startsWith(quote, end)) {
      if (end >= text.length || (quote.length === 1 && /[\r\n]/.test(text.charAt(end))))
        throw NO_LITERAL;
      end += text[end] === "\\" ? (text.startsWith("\r\n", end + 1) ? 3 : 2) : 1;
    }
    this.#position = end + quote.length;
    return text.slice(start, end).replace(/\r\n?/g, "\n");
  }

  #readNumber(): number | string {
    const sign = this.#take(SIGN);
    this.#take(SPACE);
    const digits = this.#take(NUMBER).replace(/_/g, "");
    if (digits === "" || /[\w.]/.test(this.text.charAt(this.#position))) throw NO_LITERAL;
    if (/^\d+$/.test(digits) && /^0+[1-9]/.test(digits)) throw NO_LITERAL;
    const value = Number(digits) * (sign === "-" ? -1 : 1);
    if (!Number.isFinite(value)) throw NO_LITERAL;
    const isWhole = /^(?:\d+|0[xob].*)$/i.test(digits);
    if (!isWhole) return value;
    // As in JSON (parseExactJson): no digit is lost.
    return Number.isSafeInteger(value) ? value + 0 : `${sign.replace("+", "")}${BigInt(digits)}`;
  }

  #skip(text: string): boolean {
    const found = this.text.startsWith(text, this.#position);
    if (found) this.#position += text.length;
    return found;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.text)?.[0] ?? "";
    this.#position += taken.length;
    return taken;
  }
}

function unescape(body: string): string {
  return body.replace(ESCAPE, (whole, escape: string) => {
    if (escape === "\n") return "";
    if (/^[xuU]./.test(escape)) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    if (/^[0-7]/.test(escape)) return String.fromCodePoint(Number.parseInt(escape, 8));
    // Cut short, or a name: Python takes neither for text.
    if (/^[xuUN]/.test(escape)) throw NO_LITERAL;
    return LETTERS.get(escape) ?? whole;
  });
}
