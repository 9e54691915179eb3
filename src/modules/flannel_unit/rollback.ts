// When the daemon does not come up: puts back what carried pods before, and enters it into the journal.

import { link, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

import { messageOf } from "../../base/errors";
import { type FileState, removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { monotonicUs } from "../../host/clock";
import { listPreviousVersions } from "../../host/previous-versions";
import { tryIdentify } from "../../host/proc";
import { stagedPath } from "../../host/staging";
import { systemctl } from "../../host/systemd";
import { type Restored, putBack, startAgain } from "./changes";
import { isSameEnvironment } from "./environment";
import { type Run } from "./plan";
import { awaitReady } from "./ready";
import { withoutMark } from "./unit-marks";

/** Something that is to be put back. */
interface Step {
  readonly what: Exclude<Restored, "daemon">;
  readonly carryOut: () => Promise<void>;
  /** systemd must know the previous unit first: the one it knows until then needs the file. */
  readonly isLate?: boolean;
}

/** Pods depend on the way back, so it is given time even where the way forward was not. */
const SHORTEST_WAIT_MS = 30_000;

/** Goes back to what ran before, where there is a way; returns what became of it, as a sentence. */
export async function rollBack(run: Run): Promise<string> {
  const { declared, observed } = run;
  if (!declared.wayBack.isWanted) return "not rolled back (rollback: false)";
  if (observed.systemd?.activeState !== "active" || observed.daemon === undefined) {
    return "not rolled back: the daemon did not run before";
  }
  try {
    const steps = await findSteps(run);
    if (steps.length === 0) return "not rolled back: neither unit nor binary was changed";
    return await goBack(steps, run);
  } catch (error) {
    return `the rollback failed too: ${messageOf(error)}`;
  }
}

async function goBack(steps: readonly Step[], run: Run): Promise<string> {
  const { unitName, ready } = run.declared;
  const what = `the previous ${steps.map((step) => step.what).join(" and ")}`;
  const sinceUs = monotonicUs();
  await carryOutAll(
    steps.filter(({ isLate }) => isLate !== true),
    run,
  );
  await systemctl(["daemon-reload"]);
  await carryOutAll(
    steps.filter(({ isLate }) => isLate === true),
    run,
  );
  await systemctl(["restart", "--no-block", unitName]);
  run.record(startAgain(unitName));
  // What the previous unit is to bring about is not declared any more: it must run, and keep to it.
  const timeoutMs = Math.max(ready.timeoutMs, SHORTEST_WAIT_MS);
  const verdict = await awaitReady({ unitName, timeoutMs, settleMs: ready.settleMs }, sinceUs);
  return verdict.kind === "ready"
    ? `rolled back: ${what} was put back and runs`
    : `rolled back: ${what} was put back, but is not ready either: waited for ${verdict.waitingFor}`;
}

async function carryOutAll(steps: readonly Step[], run: Run): Promise<void> {
  for (const { what, carryOut } of steps) {
    await carryOut();
    run.record(putBack(what));
  }
}

async function findSteps(run: Run): Promise<readonly Step[]> {
  const kept = await findKeptBinary(run);
  const { binary } = run.declared;
  return [
    ...findFileSteps(run),
    ...(kept === undefined
      ? []
      : [{ what: "binary" as const, carryOut: () => putBinaryBack(kept, binary) }]),
  ];
}

/** Unit and environment file go back together, as the one names and the other holds the marks. */
function findFileSteps({ declared, observed, plan: { texts } }: Run): readonly Step[] {
  const { unit, environment } = observed.files;
  const { unitPath, environmentPath } = declared;
  const withoutMarks = (text: string) => withoutMark(text, environmentPath);
  const isOtherUnit = unit !== undefined && withoutMarks(unit.content) !== withoutMarks(texts.unit);
  const isOtherEnvironment = !isSameEnvironment(environment?.content, texts.environment);
  const confSteps = findConfSteps(observed);
  // With the mark of the network configuration alone, the daemon would be no other than it is now.
  if (!isOtherUnit && !isOtherEnvironment && confSteps.length === 0) return [];
  return [
    ...confSteps,
    ...(unit !== undefined && unit.content !== texts.unit
      ? [{ what: "unit" as const, carryOut: () => replaceFile(unitPath, unit.content, unit) }]
      : []),
    ...(environment?.content === texts.environment
      ? []
      : [
          {
            what: "environment file" as const,
            carryOut: () => putEnvironmentBack(environmentPath, environment),
            isLate: environment === undefined,
          },
        ]),
  ];
}

/** What the daemon reads of the files beside the unit; a first one had nothing before it. */
function findConfSteps({ confFiles }: Run["observed"]): readonly Step[] {
  return confFiles.flatMap(({ file: { path, content, isForDaemon }, before }) =>
    isForDaemon && before !== undefined && before.content !== content
      ? [
          {
            what: "network configuration" as const,
            carryOut: () => replaceFile(path, before.content, before),
          },
        ]
      : [],
  );
}

async function putEnvironmentBack(path: string, before: FileState | undefined): Promise<void> {
  if (before === undefined) await removeFile(path);
  else await replaceFile(path, before.content, before);
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
async function putBinaryBack(kept: string, binary: string): Promise<void> {
  const staged = stagedPath(binary);
  await rm(staged, { force: true });
  await link(kept, staged);
  await rename(staged, binary);
  await syncDirectory(dirname(binary));
}
