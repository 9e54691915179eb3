// What is written down of files that were taken from an archive. An installed file cannot be
// compared with the checksum of the archive it came from, and only this tells whether a
// mk-docker-opts.sh was put there by this module. An entry counts only while the file's own digest
// is still the one in it.

import { isRecord, tryParseRecord } from "../../base/json";
import { DAEMON, MK_DOCKER_OPTS, type ReleaseFile } from "../../flannel/release-assets";
import { tryReadFile } from "../../host/atomic-file";

export interface Origin {
  readonly sha256: string;
  readonly version: string;
  readonly archive_sha256: string;
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
  const keys = ["sha256", "version", "archive_sha256"];
  return isRecord(value) && keys.every((key) => typeof value[key] === "string");
}
