// Starts the daemon, waits for it, and says why it does not come up.

import { ModuleError } from "../../base/errors";
import { type Cause, recogniseCauses } from "../../flannel/causes";
import { type SubnetEnv, parseSubnetEnv } from "../../flannel/subnet-env";
import { tryReadFile } from "../../host/atomic-file";
import { monotonicUs } from "../../host/clock";
import { readJournal } from "../../host/journal";
import { type UnitState, systemctl, tryShowUnit } from "../../host/systemd";
import { type Change } from "./changes";
import { type Run } from "./plan";
import { type Failure, awaitReady } from "./ready";
import { rollBack } from "./rollback";
import { beginTrial, passTrial } from "./trial";

/** What a start has brought about. */
export interface Started {
  readonly systemd: UnitState | undefined;
  readonly subnet?: SubnetEnv;
}

const SHOWN_LINES = 30;
/** Causes are looked for in more: a usage text alone is longer than what is shown. */
const SEARCHED_LINES = 500;

/** Starts or restarts, waits, and on failure explains, rolls back and throws. */
export async function startDaemon(change: Change, run: Run): Promise<Started> {
  const { declared, observed } = run;
  const { unitName, ready } = declared;
  const sinceUs = monotonicUs();
  const armed = change.kind === "restart" ? await beginTrial(run) : undefined;
  if (observed.systemd?.activeState === "failed") await systemctl(["reset-failed", unitName]);
  // `restart` also starts what does not run, and unlike `start` it does not sit out RestartSec.
  await systemctl(["restart", "--no-block", unitName]);
  run.record(change);
  if (ready.timeoutMs === 0) return { systemd: tryShowUnit(unitName) };
  const runs = new Set<string>();
  const verdict = await awaitReady(ready, sinceUs, runs);
  if (verdict.kind !== "ready") {
    runs.delete(observed.systemd?.invocationId ?? "");
    const failure = await explainAndRollBack(verdict, [...runs], run);
    await armed?.disarm();
    throw failure;
  }
  await passTrial(armed, declared);
  const subnet = parseSubnetEnv(tryReadFile(declared.subnetFile)?.content ?? "");
  return { systemd: verdict.unit, subnet };
}

/** The error of a start that failed, after the way back has been gone (or found not to exist). */
async function explainAndRollBack(
  failure: Failure,
  runs: readonly string[],
  run: Run,
): Promise<ModuleError> {
  const { unitName, ready } = run.declared;
  // Now, while the journal's last lines are those of the start that failed; and of all that were tried meanwhile, as
  // the time may be up while the latest has nothing to say yet.
  const wholeJournal = await readJournal(runs, SEARCHED_LINES);
  const causes = recogniseCauses(wholeJournal);
  const journal = wholeJournal.slice(-SHOWN_LINES);
  const wayBack = await rollBack(run);
  const unit = tryShowUnit(unitName);
  const message = [
    describeFailure(unitName, ready.timeoutMs, failure),
    ...describeCauses(causes),
    wayBack,
    `last journal lines:\n${journal.join("\n")}`,
  ].join("; ");
  return new ModuleError("service", message, {
    result: {
      journal,
      causes,
      active_state: unit?.activeState ?? "unknown",
      sub_state: unit?.subState ?? "unknown",
      main_pid: unit?.mainPid ?? 0,
    },
  });
}

function describeFailure(
  unitName: string,
  timeoutMs: number,
  { kind, unit, waitingFor }: Failure,
): string {
  const last =
    unit === undefined || unit.exitKind === ""
      ? ""
      : `, last run: result ${unit.result}, ${unit.exitKind} with ${unit.exitStatus}`;
  const limit = kind === "timeout" ? ` within ${timeoutMs / 1000} s` : "";
  return `${unitName}: did not become ready${limit}: waited for ${waitingFor}${last}`;
}

function describeCauses(causes: readonly Cause[]): readonly string[] {
  if (causes.length === 0) return ["no known cause recognised in its journal"];
  return causes.map(({ cause, remedy }) => `cause: ${cause}; remedy: ${remedy}`);
}
