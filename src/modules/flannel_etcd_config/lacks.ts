// What hosts lack for the configuration that is to be written, as each of them has told.

import { type Obstacle } from "../../ansible/module";
import { ModuleError } from "../../base/errors";
import { showJson } from "../../base/json";

/** Sentences by host. */
export type Lacks = ReadonlyMap<string, readonly string[]>;

/** Of so many hosts, more need not be named. */
const NAMED_HOSTS = 10;

/** Reads the option. Throws `invalid_arguments` for what is no list of sentences. */
export function readLacks(given: Readonly<Record<string, unknown>>): Lacks {
  return new Map(Object.entries(given).map(([host, value]) => [host, readSentences(host, value)]));
}

function readSentences(host: string, value: unknown): readonly string[] {
  if (value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new ModuleError(
    "invalid_arguments",
    `lacks: ${host}: ${showJson(value)}: expected a list of sentences, as network_lacks of flannel_unit`,
  );
}

/** Why a configuration must not be written for these hosts; none where they lack nothing. */
export function findLackingHosts(key: string, lacks: Lacks): readonly Obstacle[] {
  const lacking = [...lacks].filter(([, sentences]) => sentences.length > 0);
  if (lacking.length === 0) return [];
  const named = lacking
    .slice(0, NAMED_HOSTS)
    .map(([host, sentences]) => `${host}: ${sentences.join(", ")}`);
  const more = lacking.length - named.length;
  const rest = more > 0 ? `; and ${more} more hosts` : "";
  const message = `${key}: was not written, because flanneld could not start with it: ${named.join("; ")}${rest}`;
  return [{ code: "unsupported", message, lasting: true }];
}
