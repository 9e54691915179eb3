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
  const hosts = new Map<string, string[]>();
  for (const [host, sentences] of lacks) {
    const told = sentences.join(", ");
    if (told !== "") hosts.set(told, [...(hosts.get(told) ?? []), host]);
  }
  if (hosts.size === 0) return [];
  const reasons = [...hosts].map(([told, names]) => `${nameSome(names)}: ${told}`).join("; ");
  const message = `${key}: was not written, because flanneld could not start with it: ${reasons}`;
  return [{ code: "unsupported", message, lasting: true }];
}

function nameSome(hosts: readonly string[]): string {
  const more = hosts.length - NAMED_HOSTS;
  const named = hosts.slice(0, NAMED_HOSTS).join(", ");
  return more > 0 ? `${named} and ${more} more hosts` : named;
}
