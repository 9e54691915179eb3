// `state: absent`: everything the module put on the host, and with `purge` what the daemon made.

import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type Observation } from "./observe";
import { type UnitChange, type UnitPlan, diffOf } from "./plan";
import { hideSecretFlags, maskValues } from "./secrets";

/** Plans stop, disable and removal, in the order in which a killed run can be taken up again. */
export function planRemoval(options: FlannelUnitOptions, observation: Observation): UnitPlan {
  const { unit, unitFile, environmentFile, ownDropIns, links, declaration } = observation;
  const { unitName, unitPath, environmentPath } = declaration;
  const isStopped = unit === undefined || ["inactive", "failed"].includes(unit.activeState);
  const hide = (text: string) => hideSecretFlags(text, options);
  const removals: readonly UnitChange[] = [
    ...ownDropIns.map((path): UnitChange => removal(path)),
    ...(unitFile === undefined
      ? []
      : [{ ...removal(unitPath), diff: diffOf(unitPath, unitFile, undefined, hide) }]),
    ...(environmentFile === undefined
      ? []
      : [
          {
            ...removal(environmentPath),
            diff: diffOf(environmentPath, environmentFile, undefined, maskValues),
          },
        ]),
  ];
  const mustReload = removals.length > 0 || unit?.needsReload === true;
  return {
    changes: [
      ...(isStopped ? [] : [command(`stop ${unitName}`, ["stop", unitName])]),
      ...(links.length === 0 ? [] : [command(`disable ${unitName}`, ["disable", unitName])]),
      ...removals,
      ...(mustReload ? [command("reload systemd", ["daemon-reload"])] : []),
      ...(unit?.activeState === "failed"
        ? [command(`forget the failure of ${unitName}`, ["reset-failed", unitName])]
        : []),
    ],
    restartReasons: [],
    obstacles: [],
  };
}

function removal(path: string): UnitChange {
  return { summary: `remove ${path}`, action: { kind: "remove", path } };
}

function command(summary: string, args: readonly string[]): UnitChange {
  return { summary, action: { kind: "run", args } };
}
