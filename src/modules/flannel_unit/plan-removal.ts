// `state: absent`: everything the module put on the host, and with `purge` what the daemon made.

import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { planRemove, systemctlStep } from "./changes";
import { type Observation } from "./observe";
import { type UnitPlan } from "./plan";
import { planPrerequisites } from "./prerequisites";
import { planPurge } from "./residue";
import { hideSecretFlags, maskValues } from "./secrets";

/** Plans stop, disable and removal, in the order in which a killed run can be taken up again. */
export function planRemoval(options: FlannelUnitOptions, observation: Observation): UnitPlan {
  const { unit, unitFile, environmentFile, ownDropIns, links, declaration } = observation;
  const { unitName, unitPath, environmentPath, subnetFile } = declaration;
  const isStopped = unit === undefined || ["inactive", "failed"].includes(unit.activeState);
  const hide = (text: string) => hideSecretFlags(text, options);
  const removals = [
    ...ownDropIns.flatMap(({ path, file }) => planRemove(path, file, hide)),
    ...planRemove(unitPath, unitFile, hide),
    ...planRemove(environmentPath, environmentFile, maskValues),
  ];
  const mustReload = removals.length > 0 || unit?.needsReload === true;
  const { prerequisites, host, residue, subnetState } = observation;
  return {
    changes: [
      ...(isStopped ? [] : [systemctlStep(`stop ${unitName}`, "stop", unitName)]),
      ...(links.length === 0 ? [] : [systemctlStep(`disable ${unitName}`, "disable", unitName)]),
      ...removals,
      ...(mustReload ? [systemctlStep("reload systemd", "daemon-reload")] : []),
      ...(unit?.activeState === "failed"
        ? [systemctlStep(`forget the failure of ${unitName}`, "reset-failed", unitName)]
        : []),
      ...planPrerequisites(prerequisites, host),
      ...(residue === undefined ? [] : planPurge(residue, subnetFile, subnetState)),
    ],
    restartReasons: [],
    obstacles: [],
  };
}
