// What has to be done, decided from what is declared and what is there.

import { basename } from "node:path";

import { type Obstacle, type Plan as BasePlan } from "../../ansible/module";
import {
  MK_DOCKER_OPTS,
  PROGRAM,
  type ReleaseFile,
  officialUrlOf,
  whyNotReleased,
} from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { type FileAttributes } from "../../host/atomic-file";
import {
  type AttributesSetting,
  type Change,
  assetDownload,
  attributesSetting,
  directoryCreation,
  installation,
  removal,
} from "./changes";
import { cachePathsFor } from "./cache";
import {
  type Declared,
  type InstallPaths,
  type Wanted,
  type WantedInCache,
  sourceOf,
} from "./declare";
import { type InstalledFile } from "./inspect";
import { isRightBinary } from "./installed-version";
import { type InstalledFiles, type Observed } from "./observe";
import { warnOfMode } from "./origin";
import { type ReleasePage } from "./release-page";
import { type Source } from "./source";
import { type Keeping, tryNameKept } from "./way-back";

export type Plan = BasePlan<Change>;

/** What is declared, for the CPU of the host. */
interface Goal {
  readonly paths: InstallPaths;
  readonly wanted: Wanted;
  readonly source: Source;
}

/** Pure. */
export function plan(declared: Declared, observed: Observed): Plan {
  const { paths, wanted, cache, page } = declared;
  if (page !== undefined) return planPublished(page, observed);
  if (wanted === undefined && cache === undefined) return planAbsent(declared, observed);
  const source = sourceOf(declared, observed);
  if (source === undefined) return { changes: [], obstacles: [foreignCpu(observed)] };
  if (cache !== undefined) return planDownload(cache, source, observed);
  return wanted === undefined ? NOTHING : planPresent({ paths, wanted, source }, observed);
}

const NOTHING: Plan = { changes: [] };

function planDownload(cache: WantedInCache, source: Source, observed: Observed): Plan {
  const { cached } = observed;
  if (cached !== undefined && cached.fault === undefined) return NOTHING;
  return {
    changes: [assetDownload(cachePathsFor(cache.directory, source), source, observed)],
    warnings: isUnverified(source) ? [unverified(source, "downloaded")] : [],
    obstacles: [...unreleased(cache, source), ...missingChecksum(source)],
  };
}

function planPresent(goal: Goal, observed: Observed): Plan {
  const { source, wanted } = goal;
  const files = filesToInstall(source, observed);
  const installs = files.length > 0;
  return {
    changes: [
      ...observed.directory.leftovers.map((path) => removal(path, "left by a run that was killed")),
      ...(installs ? planInstallation(files, goal, observed) : []),
      ...planAttributes(files, goal, observed),
      ...planCleaning(files, goal, observed),
    ],
    warnings: [
      ...(installs && isUnverified(source) ? [unverified(source, "installed")] : []),
      ...(installs ? untrusted(goal, observed) : []),
      ...rememberedList(source, observed),
      ...warnOfMode(source.program, wanted.mode, observed.account.gid),
    ],
    obstacles: [
      ...(installs || !wasVerified(observed) ? missingChecksum(source) : []),
      ...(needsAsset(files, observed) ? unreleased(wanted, source) : []),
      ...missingAccounts(wanted, observed),
    ],
  };
}

/** Nothing to do but to tell what the page says. */
function planPublished({ isRequired, title }: ReleasePage, { published }: Observed): Plan {
  const fault = published?.fault;
  if (fault === undefined) return NOTHING;
  const message = `the release page does not say what ${title} must be: ${fault.message}`;
  if (!isRequired) return { changes: [], warnings: [message] };
  return { changes: [], obstacles: [{ code: fault.code, message, lasting: true }] };
}

function isUnverified({ checksum, policy }: Source): boolean {
  return checksum === undefined && !policy.isWaived;
}

/** Nobody but the user can say what is not known. */
function missingChecksum({ checksum, policy, asset, version }: Source): readonly Obstacle[] {
  if (checksum !== undefined || !policy.isRequired) return [];
  const message =
    `checksum: none is known for ${asset} of ${tagOf(version)}, and require_checksum demands one; ` +
    `declare it, or allow the release page to be read`;
  return [{ code: "verification", message, lasting: true }];
}

/** The installed binary is one that was verified when it came. */
function wasVerified({ installed: { binary, origins } }: Observed): boolean {
  const origin = origins[PROGRAM];
  return origin?.checksum !== undefined && origin.sha256 === binary?.sha256;
}

function rememberedList({ program }: Source, { digest }: Observed): readonly string[] {
  if (digest.kind !== "known" || digest.fault === undefined) return [];
  return [
    `checksum: the list cannot be read, so what it said when ${program.title} was installed counts: ${digest.fault}`,
  ];
}

function unverified({ program }: Source, done: "downloaded" | "installed"): string {
  return (
    `${program.title} is ${done} unverified, because no checksum is declared; ` +
    "declare checksum to be sure that it is the file you mean"
  );
}

/** A file that others may have written is not asked for its version, and that may be a surprise. */
function untrusted({ paths }: Goal, { installed: { binary } }: Observed): readonly string[] {
  if (binary?.distrust === undefined || binary.version !== undefined) return [];
  return [`${paths.binary} was not run to learn its version, and is not kept: ${binary.distrust}`];
}

/** Whether something has to be obtained that is not on the host yet. */
function needsAsset(files: readonly ReleaseFile[], { wayBack }: Observed): boolean {
  return files.includes(MK_DOCKER_OPTS) || (files.includes(PROGRAM) && wayBack === undefined);
}

function foreignCpu({ cpu }: Observed): Obstacle {
  const message =
    `the host's CPU is ${cpu.machine}, for which flannel is not released; ` +
    `declare arch if one of flannel's binaries runs on it`;
  return { code: "unsupported", message, lasting: true };
}

function unreleased(
  wanted: Pick<Wanted, "source">,
  { program, version, arch, src }: Source,
): readonly Obstacle[] {
  const onlyOfficial = wanted.source.urls.every((url) => url === officialUrlOf(program));
  const reason = whyNotReleased(program, version, arch);
  if (src !== undefined || !onlyOfficial || reason === undefined) return [];
  const message = `${reason}; choose another version, or give url or src`;
  return [{ code: "unsupported", message, lasting: true }];
}

/** An earlier task of the play may be about to create them. */
function missingAccounts(
  { owner, group }: Wanted,
  { account: { uid, gid } }: Observed,
): readonly Obstacle[] {
  const faults = [
    ...(uid === undefined ? [`owner: ${owner}: there is no such user`] : []),
    ...(gid === undefined ? [`group: ${group}: there is no such group`] : []),
  ];
  return faults.map((fault) => ({
    code: "not_found",
    message: `${fault} on this host yet, create it first`,
  }));
}

function filesToInstall(source: Source, { installed, digest }: Observed): readonly ReleaseFile[] {
  const isRight = isRightBinary(installed.binary, source, installed.origins, digest);
  const files: ReleaseFile[] = isRight ? [] : [PROGRAM];
  const needsScript = !isRight || !isScriptRight(source, installed);
  if (source.withScript && needsScript) files.push(MK_DOCKER_OPTS);
  return files;
}

/** The script tells no version, so only one whose origin is known can be the right one. */
function isScriptRight({ version }: Source, { script, origins }: InstalledFiles): boolean {
  const origin = origins[MK_DOCKER_OPTS];
  return (
    origin?.version === tagOf(version) && script !== undefined && script.sha256 === origin.sha256
  );
}

function planInstallation(
  files: readonly ReleaseFile[],
  goal: Goal,
  observed: Observed,
): readonly Change[] {
  const { paths, wanted, source } = goal;
  const { missing } = observed.directory;
  const attributes = attributesOf(wanted, observed);
  const replaced = replacedVersion(files, goal, observed);
  // The script of a kept version is not kept, so both come out of the archive.
  const wayBack = files.includes(MK_DOCKER_OPTS) ? undefined : observed.wayBack;
  return [
    ...(missing.length > 0 ? [directoryCreation(missing)] : []),
    installation(paths, observed, { files, source, attributes, replaced, wayBack }),
  ];
}

function attributesOf({ mode }: Wanted, { account }: Observed): FileAttributes {
  return { mode, ...account };
}

/** The installed binary if it is replaced by another one, and is worth keeping. */
function replacedVersion(
  files: readonly ReleaseFile[],
  { paths, wanted, source }: Goal,
  { installed: { binary }, digest }: Observed,
): Keeping | undefined {
  if (!files.includes(PROGRAM) || wanted.keep === 0) return undefined;
  return tryNameKept(paths.binary, binary, source, digest);
}

/** Files that stay get the declared mode and owner too. */
function planAttributes(
  replaced: readonly ReleaseFile[],
  { paths, wanted, source }: Goal,
  observed: Observed,
): readonly AttributesSetting[] {
  const { binary, script } = observed.installed;
  const attributes = attributesOf(wanted, observed);
  const staying = [
    { file: PROGRAM, path: paths.binary, state: binary },
    { file: MK_DOCKER_OPTS, path: paths.script, state: source.withScript ? script : undefined },
  ] as const;
  return staying.flatMap(({ file, path, state }) => {
    if (state === undefined || replaced.includes(file) || has(state, attributes)) return [];
    return [attributesSetting(path, state, attributes)];
  });
}

function has(state: InstalledFile, { mode, uid, gid }: FileAttributes): boolean {
  return state.mode === mode && state.uid === uid && state.gid === gid;
}

/** Removes kept versions above the declared number; those replaced last stay. */
function planCleaning(
  files: readonly ReleaseFile[],
  goal: Goal,
  observed: Observed,
): readonly Change[] {
  const replaced = replacedVersion(files, goal, observed);
  const { kept } = observed.installed;
  const obsolete = [tagOf(goal.source.version), replaced?.version];
  const older = kept.filter(({ version }) => !obsolete.includes(version));
  const room = goal.wanted.keep - (replaced === undefined ? 0 : 1);
  const staying = [replaced?.path, ...older.slice(0, Math.max(room, 0)).map(({ path }) => path)];
  return kept
    .filter(({ path }) => !staying.includes(path))
    .map(({ path, version, inode }) => removal(path, `${version} is no longer kept`, inode));
}

/** The record goes last: until then it tells the next run what is this module's own. */
function planAbsent({ program, paths }: Declared, { directory, installed }: Observed): Plan {
  const { binary, script, origins, kept } = installed;
  const exists = (path: string): boolean => directory.names.includes(basename(path));
  const recorded = origins[MK_DOCKER_OPTS]?.sha256;
  const isOurs = script !== undefined && script.sha256 === recorded;
  // A plugin may be that of another role or of a package.
  const isForeign = program.isShared && binary?.sha256 !== origins[PROGRAM]?.sha256;
  const files = [
    ...(isForeign ? [] : [paths.binary]),
    ...(isOurs ? [paths.script] : []),
    paths.origin,
  ].filter(exists);
  const obsolete = [
    ...directory.leftovers.map((path) => ({ path, inode: undefined })),
    ...kept,
    ...files.map((path) => ({ path, inode: directory.inodes.get(path) })),
  ];
  const isChanged = script !== undefined && recorded !== undefined && !isOurs;
  return {
    changes: obsolete.map(({ path, inode }) => removal(path, "state is absent", inode)),
    warnings: isChanged
      ? [`${paths.script} stays: it is no longer the file that this module installed`]
      : [],
  };
}
