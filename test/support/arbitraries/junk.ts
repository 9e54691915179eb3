// Values that nobody expects.

import fc from "fast-check";

/** Stands for lists in dicts in lists, so many levels deep; whoever prints a case prints no more than this. */
const DEEP = /^@DEEP (\d+)@$/;

const deep = fc.integer({ min: 2, max: 3_000 }).map((levels) => `@DEEP ${levels}@`);

/** The value that such a text stands for; other values as they are. */
export function unfold(value: unknown): unknown {
  const levels = typeof value === "string" ? DEEP.exec(value)?.[1] : undefined;
  if (levels === undefined) return value;
  let nested: unknown = "bottom";
  for (let level = 0; level < Number(levels); level++)
    nested = level % 2 === 0 ? [nested] : { a: nested };
  return nested;
}

/** Text with control characters, lone surrogates, NUL, all scripts, or very long. */
export const junkText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "\ud800",
    "\udfff\u0000",
    "a\nb",
    "\u2028",
    "\u0085",
    "-",
    "~",
    "$HOME",
  ),
  fc.constantFrom("__proto__", "constructor", "toString", "x".repeat(3_000), "{{ x }}", "[]", "{}"),
);

/** A value of any type. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  junkText,
  fc.constantFrom(null, true, false, 0, -1, 1e308, 0.1, 2 ** 53, 42),
  fc.constantFrom<unknown>([], {}, [[]], [{}], { "": "" }, ["a", 1, null], { a: { b: [1] } }),
  fc.dictionary(junkText, fc.oneof(junkText, fc.integer()), { maxKeys: 3 }),
  fc.array(junkText, { maxLength: 3 }),
  { weight: 1, arbitrary: deep },
);
