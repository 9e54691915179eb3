// When the daemon does not come up: puts back what carried pods before, and enters it into the journal.

import { messageOf } from "../../base/errors";
import { monotonicUs } from "../../host/clock";
import { systemctl } from "../../host/systemd";
import { putBack, startAgain } from "./changes";
import { type Run } from "./plan";
import { carryOut, findSteps } from "./put-back";
import { type Step } from "./put-back-script";
import { awaitReady } from "./ready";

/** Pods depend on the way back, so it is given time even where the way forward was not. */
const SHORTEST_WAIT_MS = 30_000;

/** Why there is no way back; undefined: there is one, if there is anything to put back. */
export function findNoWayBack({ declared, observed }: Run): string | undefined {
  if (!declared.wayBack.isWanted) return "not rolled back (rollback: false)";
  const ranBefore = observed.systemd?.activeState === "active" && observed.daemon !== undefined;
  return ranBefore ? undefined : "not rolled back: the daemon did not run before";
}

/** Goes back to what ran before, where there is a way; returns what became of it, as a sentence. */
export async function rollBack(run: Run): Promise<string> {
  const obstacle = findNoWayBack(run);
  if (obstacle !== undefined) return obstacle;
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
  const names = [...new Set(steps.map((step) => step.what))];
  const what = `the previous ${names.join(" and ")}`;
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
  for (const step of steps) {
    await carryOut(step);
    run.record(putBack(step.what));
  }
}
