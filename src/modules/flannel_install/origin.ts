// What is written down of files that were taken from an archive or verified by a checksum. An
// installed file cannot be compared with the checksum of the archive it came from, nor with what a
// list said that is down today, and only this tells whether a mk-docker-opts.sh was put there by
// this module. An entry counts only while the file's own digest is still the one in it.

import { isRecord, tryParseRecord } from "../../base/json";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { tryReadFile } from "../../host/atomic-file";

export interface Origin {
  readonly sha256: string;
  readonly version: string;
  /** Of the archive it was in; missing for a bare binary. */
  readonly archive_sha256?: string;
  /** The digest that verified it, as it was declared or in a list ("sha512:HEX"). */
  readonly checksum?: string;
  /** The address of that list, without secrets. */
  readonly list?: string;
}

export type Origins = Readonly<Partial<Record<ReleaseFile, Origin>>>;

/** Reads the record; one that is missing or damaged knows nothing. */
export function readOrigins(path: string): Origins {
  const file = tryReadFile(path);
  const known = (file && tryParseRecord(file.content)) ?? {};
  const origins: Partial<Record<ReleaseFile, Origin>> = {};
  for (const name of [DAEMON, MK_DOCKER_OPTS] as const) {
    const entry = known[name];
    if (isOrigin(entry)) origins[name] = entry;
  }
  return origins;
}

export function renderOrigins(origins: Origins): string {
  return `${JSON.stringify(origins, undefined, 2)}\n`;
}

function isOrigin(value: unknown): value is Origin {
  if (!isRecord(value)) return false;
  const isText = (key: string): boolean => typeof value[key] === "string";
  const isTextIfAny = (key: string): boolean => value[key] === undefined || isText(key);
  return (
    ["sha256", "version"].every(isText) && ["archive_sha256", "checksum", "list"].every(isTextIfAny)
  );
}
