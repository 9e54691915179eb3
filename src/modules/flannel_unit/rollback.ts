// When the daemon does not come up: says why, and puts back what carried pods before.

import { link, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

import { ModuleError, messageOf } from "../../base/errors";
import { type Cause, recogniseCauses } from "../../flannel/causes";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type FileState, removeFile, replaceFile, syncDirectory } from "../../host/atomic-file";
import { monotonicUs } from "../../host/clock";
import { readJournal } from "../../host/journal";
import { listPreviousVersions } from "../../host/previous-versions";
import { tryIdentify } from "../../host/proc";
import { stagedPath } from "../../host/staging";
import { systemctl, tryShowUnit } from "../../host/systemd";
import { type Observation } from "./observe";
import { withoutNetworkMark } from "./render-unit";
import { findRestartReasons } from "./restart-reasons";
import { type Verdict, awaitReady, expectationOf } from "./ready";

type Failure = Exclude<Verdict, { kind: "ready" }>;

/** Pods depend on the way back, so it is given time even where the way forward was not. */
const SHORTEST_WAIT_MS = 30_000;
const SHOWN_LINES = 30;
/** Causes are looked for in more: a usage text alone is longer than what is shown. */
const SEARCHED_LINES = 500;

/** The error of a start that failed, after the way back has been gone (or found not to exist). */
export async function explainAndRollBack(
  options: FlannelUnitOptions,
  observation: Observation,
  failure: Failure,
): Promise<ModuleError> {
  const { unitName } = observation.declaration;
  const wholeJournal = await readJournal(failure.unit?.invocationId ?? "", SEARCHED_LINES);
  const causes = recogniseCauses(wholeJournal);
  const journal = wholeJournal.slice(-SHOWN_LINES);
  const rollback = await rollBack(options, observation);
  const unit = tryShowUnit(unitName);
  const message = [
    describeFailure(options, unitName, failure),
    ...describeCauses(causes),
    rollback.sentence,
    `last journal lines:\n${journal.join("\n")}`,
  ].join("; ");
  return new ModuleError("service", message, {
    result: {
      changed: true,
      unit_path: observation.declaration.unitPath,
      restart_reasons: findRestartReasons(options, observation),
      journal,
      causes,
      rolled_back: rollback.done,
      active_state: unit?.activeState ?? "unknown",
      sub_state: unit?.subState ?? "unknown",
      main_pid: unit?.mainPid ?? 0,
    },
  });
}

function describeFailure(options: FlannelUnitOptions, unitName: string, failure: Failure): string {
  const { unit } = failure;
  const last =
    unit === undefined || unit.exitKind === ""
      ? ""
      : `, last run: result ${unit.result}, ${unit.exitKind} with ${unit.exitStatus}`;
  const limit = failure.kind === "timeout" ? ` within ${options.wait_timeout} s` : "";
  return `${unitName}: did not become ready${limit}: waited for ${failure.waitingFor}${last}`;
}

function describeCauses(causes: readonly Cause[]): readonly string[] {
  if (causes.length === 0) return ["no known cause recognised in its journal"];
  return causes.map(({ cause, remedy }) => `cause: ${cause}; remedy: ${remedy}`);
}

interface Rollback {
  readonly done: boolean;
  readonly sentence: string;
}

async function rollBack(options: FlannelUnitOptions, observation: Observation): Promise<Rollback> {
  if (!options.rollback) return { done: false, sentence: "not rolled back (rollback: false)" };
  if (observation.unit?.activeState !== "active" || observation.process === undefined) {
    return { done: false, sentence: "not rolled back: the daemon did not run before" };
  }
  try {
    const restored = await restore(options, observation);
    if (restored.length === 0) {
      return { done: false, sentence: "not rolled back: neither unit nor binary was changed" };
    }
    return await restart(options, observation, restored);
  } catch (error) {
    return { done: false, sentence: `the rollback failed too: ${messageOf(error)}` };
  }
}

/** Puts previous files back; returns what it put back, for the message. */
async function restore(
  options: FlannelUnitOptions,
  observation: Observation,
): Promise<readonly string[]> {
  const { declaration, unitFile, environmentFile } = observation;
  const restored: string[] = [];
  // With the mark of the network configuration alone, the daemon would be no other than it is now.
  const isSame = (text: string) =>
    withoutNetworkMark(text) === withoutNetworkMark(declaration.unit.text);
  if (unitFile !== undefined && !isSame(unitFile.content)) {
    await replaceFile(declaration.unitPath, unitFile.content, unitFile);
    restored.push("unit");
  }
  if (environmentFile?.content !== declaration.environmentText) {
    await restoreEnvironment(declaration.environmentPath, environmentFile);
    restored.push("environment file");
  }
  const kept = await findKeptBinary(options, observation);
  if (kept !== undefined) {
    await putBack(kept, options.binary);
    restored.push("binary");
  }
  return restored;
}

async function restoreEnvironment(path: string, before: FileState | undefined): Promise<void> {
  if (before === undefined) await removeFile(path);
  else await replaceFile(path, before.content, before);
}

/**
 * The file the previous process ran, if flannel_install kept it: a replaced binary is renamed, so
 * it is still the inode that was executed. undefined when the binary was not replaced.
 */
async function findKeptBinary(
  options: FlannelUnitOptions,
  { process, binary }: Observation,
): Promise<string | undefined> {
  const ran = process?.executable;
  if (ran === undefined || ran.inode === binary?.inode) return undefined;
  const kept = (await listPreviousVersions(options.binary)).map(({ path }) => path);
  const candidates =
    options.previous_binary === undefined ? kept : [options.previous_binary, ...kept];
  for (const candidate of candidates) {
    const identity = tryIdentify(candidate);
    if (identity?.inode === ran.inode && identity.device === ran.device) return candidate;
  }
  return options.previous_binary;
}

/** Puts a kept file in place by a second name and a rename, so that it is there at any moment. */
async function putBack(kept: string, binary: string): Promise<void> {
  const staged = stagedPath(binary);
  await rm(staged, { force: true });
  await link(kept, staged);
  await rename(staged, binary);
  await syncDirectory(dirname(binary));
}

async function restart(
  options: FlannelUnitOptions,
  observation: Observation,
  restored: readonly string[],
): Promise<Rollback> {
  const { unitName } = observation.declaration;
  const what = `the previous ${restored.join(" and ")}`;
  const sinceUs = monotonicUs();
  await systemctl(["daemon-reload"]);
  await systemctl(["restart", "--no-block", unitName]);
  // What the previous unit is to bring about is not declared any more: it must run, and keep to it.
  const { timeoutMs: declaredMs, settleMs } = expectationOf(options, observation.declaration);
  const timeoutMs = Math.max(declaredMs, SHORTEST_WAIT_MS);
  const verdict = await awaitReady({ unitName, timeoutMs, settleMs }, sinceUs);
  if (verdict.kind === "ready") {
    return { done: true, sentence: `rolled back: ${what} was put back and runs` };
  }
  return {
    done: true,
    sentence: `rolled back: ${what} was put back, but is not ready either: waited for ${verdict.waitingFor}`,
  };
}
