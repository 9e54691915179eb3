// json5 brings tables of the letters of all scripts, 16 KB, from the time when JavaScript had no names for
// them. The oldest Node.js that runs the bundles knows these sets itself.

import { ID_Continue, ID_Start } from "json5/lib/unicode";

/** What stands in the bundle instead of each table: the categories that ECMAScript 5 names. */
export const SETS = [
  [ID_Start, /[\p{L}\p{Nl}]/u],
  [ID_Continue, /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]/u],
] as const;

/** The same code, with the names of the sets in place of their tables. */
export function shortenUnicode(code: string): string {
  return SETS.reduce(
    (text, [table, set]) => text.replaceAll(String(table), () => String(set)),
    code,
  );
}
