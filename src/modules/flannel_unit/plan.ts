// What has to be done, as a pure function of options and observation.

import { type Diff, type Plan } from "../../ansible/module";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import {
  type Action,
  type UnitChange,
  isWriteOf,
  planRemove,
  planWrite,
  systemctlStep,
} from "./changes";
import { type Observation } from "./observe";
import { planRemoval } from "./plan-removal";
import { planOffload, planPrerequisites } from "./prerequisites";
import { type RestartReason, findRestartReasons } from "./restart-reasons";
import { hideSecretFlags, maskValues } from "./secrets";

export interface UnitPlan extends Plan<UnitChange> {
  readonly restartReasons: readonly RestartReason[];
  /** What would make the changes fail; a warning in check mode, where an earlier task may mend it. */
  readonly obstacles: readonly string[];
}

const UNIT_MODE = 0o644;
const SECRET_MODE = 0o600;

/** Plans the way from what is to what is declared. */
export function planUnit(options: FlannelUnitOptions, observation: Observation): UnitPlan {
  if (options.state === "absent") return planRemoval(options, observation);
  const wantsRunning = options.state !== "stopped";
  const reasons = wantsRunning ? restartReasons(options, observation) : [];
  const files = planFiles(options, observation);
  const start = wantsRunning ? planStart(observation, reasons) : planStop(observation);
  // A start that is not waited for has made no device yet; there the .link file has to do.
  const makesDevices = wantsRunning && start.length > 0 && options.wait_timeout > 0;
  const changes = [
    ...planPrerequisites(observation.prerequisites, observation.host),
    ...files.filter((change) => change.action.kind === "write"),
    ...planReload(observation, files),
    // Only when systemd knows that the unit no longer names the environment file may it go.
    ...files.filter((change) => change.action.kind === "remove"),
    ...planEnablement(options, observation),
    ...start,
    ...planOffload(observation.host, makesDevices),
  ];
  const lacks = wantsRunning ? findLacks(options, observation) : [];
  const obstacles = [
    ...(changes.length > 0 ? findMask(observation) : []),
    ...(wantsRunning && start.length > 0 ? lacks : []),
  ];
  return {
    changes,
    restartReasons: reasons,
    obstacles,
    warnings: [...new Set([...obstacles, ...lacks, ...findWarnings(observation)])],
  };
}

function restartReasons(
  options: FlannelUnitOptions,
  observation: Observation,
): readonly RestartReason[] {
  const reasons = findRestartReasons(options, observation);
  if (options.state !== "restarted" || observation.process === undefined) return reasons;
  return ["requested: state is restarted", ...reasons];
}

function planFiles(options: FlannelUnitOptions, observation: Observation): readonly UnitChange[] {
  const { declaration, environmentFile, unitFile } = observation;
  const { environmentPath, environmentText, unitPath, unit } = declaration;
  const hide = (text: string) => hideSecretFlags(text, options);
  return [
    ...(environmentText === undefined
      ? planRemove(environmentPath, environmentFile, maskValues)
      : planWrite(environmentPath, environmentText, SECRET_MODE, environmentFile, maskValues)),
    ...planWrite(unitPath, unit.text, UNIT_MODE, unitFile, hide),
  ];
}

function planReload(
  { unit, unitFile, declaration }: Observation,
  files: readonly UnitChange[],
): readonly UnitChange[] {
  const isUnknown = unitFile !== undefined && unit?.loadState === "not-found";
  const isWritten = files.some((change) => isWriteOf(declaration.unitPath, change));
  if (!isWritten && !isUnknown && unit?.needsReload !== true) return [];
  return [systemctlStep("reload systemd", "daemon-reload")];
}

function planEnablement(
  options: FlannelUnitOptions,
  { links, declaration }: Observation,
): readonly UnitChange[] {
  const { unitName } = declaration;
  const wanted = options.enabled ? declaration.unit.links : [];
  if (links.join() === wanted.join()) return [];
  // reenable also takes away the links that an older [Install] section made.
  const verb = wanted.length === 0 ? "disable" : links.length === 0 ? "enable" : "reenable";
  const diff: Diff = {
    before_header: `${unitName} links`,
    after_header: `${unitName} links`,
    before: links.map((link) => `${link}\n`).join(""),
    after: wanted.map((link) => `${link}\n`).join(""),
  };
  const action: Action = { kind: "systemctl", args: [verb, unitName] };
  return [{ summary: `${verb.replace("re", "re-")} ${unitName}`, diff, action }];
}

function planStart(
  { unit, process, declaration }: Observation,
  reasons: readonly RestartReason[],
): readonly UnitChange[] {
  const { unitName } = declaration;
  const isActive = unit?.activeState === "active";
  if (reasons.length > 0) {
    const diff = describeRestart(unitName, reasons);
    return [{ summary: `restart ${unitName}`, diff, action: { kind: "restart" } }];
  }
  if (isActive && process !== undefined) return [];
  return [{ summary: `start ${unitName}`, action: { kind: "start" } }];
}

/** A restart is no file, but whoever looks with --diff wants to see it, and why. */
function describeRestart(unitName: string, reasons: readonly RestartReason[]): Diff {
  const after = ["restarted:", ...reasons.map((reason) => `  ${reason}`)];
  const header = `${unitName} process`;
  return {
    before_header: header,
    after_header: header,
    before: "",
    after: after.map((line) => `${line}\n`).join(""),
  };
}

function planStop({ unit, declaration }: Observation): readonly UnitChange[] {
  if (unit === undefined || ["inactive", "failed"].includes(unit.activeState)) return [];
  const { unitName } = declaration;
  return [systemctlStep(`stop ${unitName}`, "stop", unitName)];
}

/** Writing the unit file would silently undo a mask, which somebody set for a reason. */
function findMask({ unit, declaration }: Observation): readonly string[] {
  const { unitName } = declaration;
  if (unit?.loadState !== "masked") return [];
  return [`${unitName} is masked, unmask it with: systemctl unmask ${unitName}`];
}

/** What a start of the daemon would lack. */
function findLacks(options: FlannelUnitOptions, observation: Observation): readonly string[] {
  const { binary, missingFiles, missingInterfaces } = observation;
  return [
    ...(binary === undefined
      ? [`binary: ${options.binary}: does not exist, install it first (flannel_install)`]
      : []),
    ...missingFiles.map((file) => `settings: ${file}: no such file on this host`),
    ...missingInterfaces.map(
      (name) => `settings: iface: ${name}: no such interface or address on this host`,
    ),
  ];
}

function findWarnings({ restartOn, nowMs }: Observation): readonly string[] {
  return restartOn.flatMap(({ path, changedAtMs }) => {
    if (changedAtMs === undefined) return [`restart_on: ${path}: no such file`];
    if (changedAtMs <= nowMs) return [];
    return [`restart_on: ${path}: its date lies in the future, so a change cannot be seen`];
  });
}
