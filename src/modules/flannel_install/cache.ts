// The cache of `state: downloaded`: where a release file is in it, and whether it is the right one.

import { join } from "node:path";

import { isRecord } from "../../base/json";
import { tryReadFile } from "../../host/atomic-file";
import { type Digest, digestOfFile, nameOfAlgorithm } from "../../host/checksum";
import { showUrl } from "../../host/download/address";
import { type ExpectedDigest } from "./expected-digest";
import { tryInspectFile } from "./inspect";
import { findReleaseFault } from "./release-file";
import { type Source } from "./source";

export interface CachePaths {
  readonly directory: string;
  readonly asset: string;
  /** What is known of a file that was downloaded (CacheRecord). */
  readonly record: string;
  /** Of the run that downloads it. */
  readonly lock: string;
  /** Why that run failed, for those that were waiting for it. */
  readonly failure: string;
}

/** Written down beside a file when it was downloaded. */
export interface CacheRecord {
  readonly sha256: string;
  /** The address that had it, without secrets. */
  readonly source: string;
}

/** The file in the cache. */
export interface CachedAsset {
  readonly sha256: string;
  /** Tells this very file from another one that has taken its place meanwhile. */
  readonly inode: number;
  /** Why it is not the one that is wanted. */
  readonly fault: string | undefined;
}

/** Where a release file is in the directory of its version. */
export function cachePathsFor(directory: string, source: Source): CachePaths {
  const name = source.asset;
  return {
    directory,
    asset: join(directory, name),
    record: join(directory, `.${name}.origin.json`),
    lock: join(directory, `.${name}.lock`),
    failure: join(directory, `.${name}.failure.json`),
  };
}

/** Looks at the file in the cache; undefined when there is none. */
export async function tryInspectCache(
  paths: CachePaths,
  source: Source,
  digest: ExpectedDigest,
): Promise<CachedAsset | undefined> {
  const file = await tryInspectFile(paths.asset);
  if (file === undefined) return undefined;
  const { sha256, inode } = file;
  return { sha256, inode, fault: await findFault(paths, sha256, source, digest) };
}

async function findFault(
  paths: CachePaths,
  sha256: string,
  source: Source,
  expected: ExpectedDigest,
): Promise<string | undefined> {
  switch (expected.kind) {
    case "known":
      return whyNotDeclared(sha256, { algorithm: "sha256", hex: expected.sha256 });
    case "other": {
      const actual = await digestOfFile(paths.asset, expected.digest.algorithm);
      return whyNotDeclared(actual, expected.digest);
    }
    case "later":
    case "undeclared":
      return (
        whyNotRecorded(sha256, source, tryReadRecord(paths)) ??
        (await findReleaseFault(paths.asset, source))
      );
  }
}

function whyNotDeclared(actual: string, { algorithm, hex }: Digest): string | undefined {
  if (actual === hex) return undefined;
  return `its ${nameOfAlgorithm(algorithm)} is ${actual}, expected ${hex}`;
}

/** A file without a record was put there by somebody else. */
function whyNotRecorded(
  sha256: string,
  { urls }: Source,
  record: CacheRecord | undefined,
): string | undefined {
  if (record === undefined) return undefined;
  if (record.sha256 !== sha256)
    return "it is no longer what was downloaded, its SHA-256 has changed";
  if (urls.map(showUrl).includes(record.source)) return undefined;
  return `it came from ${record.source}, which url no longer names`;
}

function tryReadRecord({ record }: CachePaths): CacheRecord | undefined {
  const parsed = tryParse(tryReadFile(record)?.content ?? "");
  if (!isRecord(parsed)) return undefined;
  const { sha256, source } = parsed;
  return typeof sha256 === "string" && typeof source === "string" ? { sha256, source } : undefined;
}

export function renderRecord(record: CacheRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
