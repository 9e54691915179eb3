// The kept binaries: under which name one is kept, in which order they were replaced, and whether one
// of them is what is wanted now, so that nothing has to be downloaded.

import { basename } from "node:path";

import { PROGRAM } from "../../flannel/release-assets";
import { satisfies, tagOf, tryParseVersion } from "../../flannel/version";
import { type PreviousVersion, previousPath } from "../../host/previous-versions";
import { type ExpectedDigest, isExpected } from "./expected-digest";
import { type InstalledBinary, tryInspectProgram } from "./inspect";
import { type Origin, type Origins, tryFindOrigin } from "./origin";
import { type Source } from "./source";

/** A kept binary that was looked at, and is the wanted one. */
export interface WayBack {
  readonly path: string;
  readonly sha256: string;
  /** What was written down of it; undefined when its digest is the declared one. */
  readonly origin: Origin | undefined;
}

/** What a binary is to be kept as; all that is said of one that was kept. */
export type Keeping = Pick<PreviousVersion, "path" | "version">;

/**
 * Under which name a binary is kept that another one replaces: its version, and the beginning of its
 * digest where that does not tell it from others. Undefined when it is none that could be gone back to.
 */
export function tryNameKept(
  program: string,
  binary: InstalledBinary | undefined,
  { version, arch }: Source,
  digest: ExpectedDigest,
): Keeping | undefined {
  // What anybody could have written is nothing to go back to; a link's file stays where it is.
  if (binary?.arch !== arch || binary.isLink || binary.distrust !== undefined) return undefined;
  const tag = binary.version && tagOf(binary.version);
  // It was asked, and does not tell, so it does not work either.
  if (tag === undefined && isExpected(binary, {}, digest) === undefined) return undefined;
  const isClear = tag !== undefined && tag !== tagOf(version);
  const name = isClear ? tag : `${tag ?? "unknown"}.${binary.sha256.slice(0, 12)}`;
  return { version: name, path: previousPath(program, name) };
}

/** The one replaced last first, as it was written down; the clock tells of others. */
export function orderKept(
  kept: readonly PreviousVersion[],
  { kept: recorded = [] }: Origins,
): readonly PreviousVersion[] {
  const names = recorded.map(({ name }) => name);
  const rank = ({ path }: PreviousVersion): number => {
    const index = names.indexOf(basename(path));
    return index < 0 ? names.length : index;
  };
  return [...kept].sort((a, b) => rank(a) - rank(b));
}

/** Whether one of them is said to be of the wanted version: whether it is, is known by its digest. */
export function mayLeadBack(kept: readonly PreviousVersion[], wanted: Source): boolean {
  return kept.some(({ version }) => {
    const told = tryParseVersion(version);
    return told !== undefined && satisfies(told, wanted.version);
  });
}

/** Looks for the wanted binary among those that are kept. */
export async function tryFindWayBack(
  kept: readonly PreviousVersion[],
  source: Source,
  origins: Origins,
  digest: ExpectedDigest,
): Promise<WayBack | undefined> {
  for (const { path } of kept) {
    const program = await tryInspectProgram(path).catch(() => undefined);
    if (program?.arch !== source.arch) continue;
    const { sha256 } = program;
    const origin = tryFindOrigin(origins, sha256);
    if (isWanted(sha256, origin, source, digest)) return { path, sha256, origin };
  }
  return undefined;
}

function isWanted(
  sha256: string,
  origin: Origin | undefined,
  { version }: Source,
  digest: ExpectedDigest,
): boolean {
  const told = tryParseVersion(origin?.version ?? "");
  if (told !== undefined && !satisfies(told, version)) return false;
  const asInstalled = origin === undefined ? {} : { [PROGRAM]: origin };
  return isExpected({ sha256 }, asInstalled, digest) ?? told !== undefined;
}
