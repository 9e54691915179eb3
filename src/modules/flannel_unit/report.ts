// The module's own result keys, the same on success and on failure.

import { flagValue } from "../../flannel/flags";
import { type Told } from "../../ansible/module";
import { parseSubnetEnv } from "../../flannel/subnet-env";
import { type Outcome } from "./apply";
import { type Change } from "./changes";
import { type Declared } from "./declare";
import { dateOf } from "./expiry";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { reportAnswers } from "./query";
import { renderFiles } from "./rendered";

/** What the host is like after the changes that are told. */
export function report(
  declared: Declared,
  observed: Observed,
  plan: Plan,
  { changes, outcome }: Told<Change, Outcome>,
): Readonly<Record<string, unknown>> {
  const unit = outcome.systemd ?? observed.systemd;
  const isPresent = declared.state !== "absent";
  const found = parseSubnetEnv(observed.files.subnet?.content ?? "");
  const { score } = outcome;
  return {
    unit_path: declared.unitPath,
    restarted: changes.some(({ kind }) => kind === "restart"),
    restart_reasons: plan.restartReasons,
    active_state: unit?.activeState ?? "unknown",
    sub_state: unit?.subState ?? "unknown",
    main_pid: unit?.mainPid ?? 0,
    enabled: isEnabled(declared, observed, plan, changes),
    flags: isPresent ? plan.argv.slice(1) : [],
    subnet: isPresent ? (outcome.subnet ?? found) : {},
    rolled_back: changes.some((change) => change.kind === "restore" && change.what === "daemon"),
    ...(observed.expiry === undefined ? {} : { certificate_expires: dateOf(observed.expiry) }),
    ...(declared.state === "rendered" ? { rendered: renderFiles(declared, plan.texts) } : {}),
    ...(score?.after === undefined ? {} : { security_score: score }),
    ...(declared.query === undefined || observed.answers === undefined
      ? {}
      : reportAnswers(
          declared.query,
          observed.answers,
          observed.network,
          flagValue(declared.flags, "public-ip"),
          observed.runningVersion,
          observed.lacks,
        )),
  };
}

/** As declared, unless the run ended before it came to that. */
function isEnabled(
  { state, isEnabled: isWanted }: Declared,
  { links }: Observed,
  plan: Plan,
  told: readonly Change[],
): boolean {
  const isPending = plan.changes.some((change) => change.kind === "enablement");
  const isDone = told.some((change) => change.kind === "enablement");
  const isLeftAlone = ["present", "query", "rendered"].includes(state);
  return isLeftAlone || (isPending && !isDone) ? links.length > 0 : state !== "absent" && isWanted;
}
