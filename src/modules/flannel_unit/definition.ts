// The module as the contract wants it: observe, plan, apply, report.

import { type ModuleDefinition } from "../../ansible/module";
import { type FlannelUnitOptions, spec } from "../../generated/flannel_unit";
import { type Outcome, applyUnit } from "./apply";
import { type Observation, observe } from "./observe";
import { type UnitPlan, planUnit } from "./plan";
import { secretsOf } from "./secrets";

export const definition: ModuleDefinition<FlannelUnitOptions, Observation, UnitPlan, Outcome> = {
  spec,
  secretsOf,
  observe,
  plan: planUnit,
  apply: applyUnit,
  report,
};

function report(
  options: FlannelUnitOptions,
  observation: Observation,
  plan: UnitPlan,
  outcome: Outcome | undefined,
): Readonly<Record<string, unknown>> {
  const { declaration } = observation;
  const unit = outcome === undefined ? observation.unit : outcome.unit;
  const subnet = outcome === undefined ? observation.subnet : outcome.subnet;
  const isPresent = options.state !== "absent";
  return {
    unit_path: declaration.unitPath,
    restarted: plan.changes.some(({ action }) => action.kind === "restart"),
    restart_reasons: plan.restartReasons,
    active_state: unit?.activeState ?? "unknown",
    sub_state: unit?.subState ?? "unknown",
    main_pid: unit?.mainPid ?? 0,
    enabled: isPresent && options.enabled,
    flags: isPresent ? declaration.argv.slice(1) : [],
    subnet: (isPresent ? subnet : undefined) ?? {},
    rolled_back: false,
    ...(outcome?.securityScore === undefined ? {} : { security_score: outcome.securityScore }),
  };
}
