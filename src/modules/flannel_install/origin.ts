// What is written down of the files that this module has installed: which release they are, and which
// archive they came out of. So neither has to be asked of the files themselves, and only this tells
// whether a mk-docker-opts.sh was put there by this module. An entry counts only while the file's
// own digest is still the one in it.

import { isRecord, tryParseRecord } from "../../base/json";
import { MK_DOCKER_OPTS, PROGRAM, type ReleasedProgram } from "../../flannel/release-assets";
import { type FileState, tryReadFile } from "../../host/atomic-file";
import { formatMode } from "../../host/file-mode";

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

/** A binary that was replaced, under the name by which it is kept. */
export interface KeptOrigin extends Partial<Origin> {
  readonly sha256: string;
  readonly name: string;
}

export interface Origins {
  readonly [PROGRAM]?: Origin;
  readonly [MK_DOCKER_OPTS]?: Origin;
  /** The one replaced last first. */
  readonly kept?: readonly KeptOrigin[] | undefined;
}

/** Reads the record; one that is missing, damaged or anybody's to write knows nothing. */
export function readOrigins(path: string, program: ReleasedProgram): Origins {
  const file = tryRead(path);
  if (file === undefined || whyNotTrusted(file) !== undefined) return {};
  const known = tryParseRecord(file.content) ?? {};
  const kept = Array.isArray(known["kept"]) ? known["kept"].filter(isKeptOrigin) : [];
  return {
    ...originOf(PROGRAM, known[program.file]),
    ...originOf(MK_DOCKER_OPTS, known[MK_DOCKER_OPTS]),
    ...(kept.length > 0 ? { kept } : {}),
  };
}

/** The text of the record, in which the program has its own name. */
export function renderOrigins(
  { [PROGRAM]: installed, ...others }: Origins,
  { file }: ReleasedProgram,
): string {
  return `${JSON.stringify({ [file]: installed, ...others }, undefined, 2)}\n`;
}

/** What is known of a binary with this digest, under whichever name it was written down. */
export function tryFindOrigin(
  { [PROGRAM]: installed, kept = [] }: Origins,
  sha256: string,
): Origin | undefined {
  const entries = [installed, ...kept].filter((entry) => entry?.version !== undefined);
  return entries.filter(isOrigin).find((entry) => entry.sha256 === sha256);
}

/** Why somebody else than root, or the user of this run, could have written a file. */
export function whyNotTrusted({
  mode,
  uid,
  gid,
}: Pick<FileState, "gid" | "mode" | "uid">): string | undefined {
  if (![0, process.geteuid?.()].includes(uid)) return `it belongs to the user ${uid}`;
  const isWritable = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0);
  return isWritable ? `its mode ${formatMode(mode)} lets others write to it` : undefined;
}

/**
 * A declared mode by which others than root decide what root runs; the owner is somebody's choice, and a group
 * that is not known may be anybody's.
 */
export function warnOfMode(
  { title }: ReleasedProgram,
  mode: number,
  gid: number | undefined,
): readonly string[] {
  if (whyNotTrusted({ mode, uid: 0, gid: gid ?? -1 }) === undefined) return [];
  return [
    `mode: "${formatMode(mode)}" lets others than root write to ${title}, and so decide what root runs; ` +
      'take write permission from them, as "0750" does',
  ];
}

/** What is in the way of the record is told by whoever has to write it. */
function tryRead(path: string): FileState | undefined {
  try {
    return tryReadFile(path);
  } catch {
    return undefined;
  }
}

function originOf<K extends keyof Origins>(file: K, entry: unknown): Partial<Record<K, Origin>> {
  return isOrigin(entry) ? ({ [file]: entry } as Partial<Record<K, Origin>>) : {};
}

const EXTRAS = ["archive_sha256", "checksum", "list"];

function isOrigin(value: unknown): value is Origin {
  return hasTexts(value, ["sha256", "version"]) && hasTextsIfAny(value, EXTRAS);
}

function isKeptOrigin(value: unknown): value is KeptOrigin {
  return hasTexts(value, ["name", "sha256"]) && hasTextsIfAny(value, ["version", ...EXTRAS]);
}

type TextRecord = Readonly<Record<string, unknown>>;

function hasTexts(value: unknown, keys: readonly string[]): value is TextRecord {
  return isRecord(value) && keys.every((key) => typeof value[key] === "string");
}

function hasTextsIfAny(value: TextRecord, keys: readonly string[]): boolean {
  return keys.every((key) => ["string", "undefined"].includes(typeof value[key]));
}
