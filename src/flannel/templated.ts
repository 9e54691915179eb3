// A network configuration as templates make it: text where flannel wants a number or a truth value.

import { isRecord } from "../base/json";
import { optionKind } from "./backend-table";

/** Reads text as a value of this kind; what it cannot read stays as it is. */
export type Coerce = (kind: "bool" | "int", text: string) => unknown;

/** A document with the values that flannel could read; nulls are left out, as they mean "not given". */
export function convertTemplated(value: unknown, coerce: Coerce): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const kind = optionKind(key);
      if (isRecord(item)) return [key, convertTemplated(item, coerce)];
      const converts = typeof item === "string" && (kind === "int" || kind === "bool");
      return [key, converts ? coerce(kind, item) : item];
    }),
  );
}
