// What the way back puts back, file by file: what the daemon that ran before was started from.

import { link, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

import { type FileState, removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { listPreviousVersions } from "../../host/previous-versions";
import { tryIdentify } from "../../host/proc";
import { stagedPath } from "../../host/staging";
import { isSameEnvironment } from "./environment";
import { type Run } from "./plan";
import { type Putting, type Step } from "./put-back-script";
import { withoutMarks } from "./unit-marks";

/** Everything that differs from what the daemon of before was started from; empty: it would be no other. */
export async function findSteps(run: Run): Promise<readonly Step[]> {
  const kept = await findKeptBinary(run);
  const { declared, observed } = run;
  return [
    ...findFileSteps(run),
    ...observed.previousFiles.map(({ path, kept: old }) => ({
      what: "certificate" as const,
      putting: { path, by: "link" as const, kept: old },
    })),
    ...(kept === undefined
      ? []
      : [
          {
            what: "binary" as const,
            putting: { path: declared.binary, by: "link" as const, kept },
          },
        ]),
  ];
}

/** Puts one thing back; each is there whole at any moment. */
export async function carryOut({ putting }: Step): Promise<void> {
  const { path } = putting;
  switch (putting.by) {
    case "content":
      await replaceFile(path, putting.before.content, putting.before);
      return;
    case "link":
      await linkBack(putting.kept, path);
      return;
    case "removal":
      await removeFile(path);
  }
}

/** Unit and environment file go back together, as the one names and the other holds the marks. */
function findFileSteps({ declared, observed, plan: { texts } }: Run): readonly Step[] {
  const { unit, environment } = observed.files;
  const { unitPath, environmentPath } = declared;
  const meaningOf = (text: string) => withoutMarks(text, environmentPath);
  const isOtherUnit = unit !== undefined && meaningOf(unit.content) !== meaningOf(texts.unit);
  const isOtherEnvironment = !isSameEnvironment(environment?.content, texts.environment);
  const confSteps = findConfSteps(observed);
  // With other marks alone, the daemon would be no other than it is now.
  if (!isOtherUnit && !isOtherEnvironment && confSteps.length === 0) return [];
  return [
    ...confSteps,
    ...(unit !== undefined && unit.content !== texts.unit
      ? [{ what: "unit" as const, putting: puttingOf(unitPath, unit) }]
      : []),
    ...(environment?.content === texts.environment
      ? []
      : [
          {
            what: "environment file" as const,
            putting: puttingOf(environmentPath, environment),
            isLate: environment === undefined,
          },
        ]),
  ];
}

/** What the daemon reads of the files beside the unit; a first one had nothing before it. */
function findConfSteps({ confFiles }: Run["observed"]): readonly Step[] {
  return confFiles.flatMap(({ file: { path, content, isForDaemon }, before }) =>
    isForDaemon && before !== undefined && before.content !== content
      ? [{ what: "network configuration" as const, putting: puttingOf(path, before) }]
      : [],
  );
}

function puttingOf(path: string, before: FileState | undefined): Putting {
  return before === undefined ? { path, by: "removal" } : { path, by: "content", before };
}

/**
 * The file the previous process ran, if flannel_install kept it: a replaced binary is renamed, so
 * it is still the inode that was executed. undefined when the binary was not replaced.
 */
async function findKeptBinary({
  declared,
  observed: { daemon, binary },
}: Run): Promise<string | undefined> {
  const { previousBinary } = declared.wayBack;
  const ran = daemon?.executable;
  if (ran === undefined || ran.inode === binary?.inode) return undefined;
  const kept = (await listPreviousVersions(declared.binary)).map(({ path }) => path);
  const candidates = previousBinary === undefined ? kept : [previousBinary, ...kept];
  for (const candidate of candidates) {
    const identity = tryIdentify(candidate);
    if (identity?.inode === ran.inode && identity.device === ran.device) return candidate;
  }
  return previousBinary;
}

/** Puts a kept file in place by a second name and a rename, so that it is there at any moment. */
async function linkBack(kept: string, path: string): Promise<void> {
  const staged = stagedPath(path);
  await rm(staged, { force: true });
  await link(kept, staged);
  await rename(staged, path);
  await syncDirectory(dirname(path));
}
