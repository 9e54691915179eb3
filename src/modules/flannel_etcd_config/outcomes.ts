// How daemons have come up under a configuration, as their hosts have told.

import { ModuleError } from "../../base/errors";
import { showJson } from "../../base/json";

/** By host: empty for a daemon that came up, or else why it did not. */
export type Outcomes = ReadonlyMap<string, string>;

/** Reads the option. Throws `invalid_arguments` for what is no text. */
export function readOutcomes(given: Readonly<Record<string, unknown>>): Outcomes {
  return new Map(Object.entries(given).map(([host, value]) => [host, readWords(host, value)]));
}

function readWords(host: string, value: unknown): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  throw new ModuleError(
    "invalid_arguments",
    `outcomes: ${host}: ${showJson(value)}: expected text, empty where flanneld came up`,
  );
}
