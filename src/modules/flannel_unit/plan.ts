// What has to be done, as a pure function of what is declared and what is observed.

import type * as contract from "../../ansible/module";
import { OFFLINE } from "../../host/systemd";
import {
  type Enablement,
  type Change,
  enablement,
  planRemove,
  planWrite,
  reload,
  restart,
  start,
  systemctlStep,
} from "./changes";
import { type Declared } from "./declare";
import { renderEnvironmentFile } from "./environment";
import { planHostSettings, planOffload } from "./host-settings";
import { type Observed, wantedMark } from "./observe";
import { planPurge } from "./residue";
import { type RestartReason, findRestartReasons } from "./restart-reasons";
import { hideSecretFlags, maskValues } from "./secrets";
import { renderUnit } from "./unit-text";

export interface Plan extends contract.Plan<Change> {
  readonly restartReasons: readonly RestartReason[];
  /** The unit file and the environment file as they are to be; undefined: there is to be none. */
  readonly texts: { readonly unit: string; readonly environment: string | undefined };
}

/** What applying a plan has to do with. */
export type Run = contract.Run<Declared, Observed, Plan>;

const UNIT_MODE = 0o644;
const SECRET_MODE = 0o600;

/** Plans the way from what is to what is declared. */
export function plan(declared: Declared, observed: Observed): Plan {
  const texts = textsOf(declared, observed);
  if (declared.state === "absent") {
    const changes = planRemoval(declared, observed);
    const obstacles = changes.length > 0 ? findOffline(observed) : [];
    return { changes, restartReasons: [], obstacles, warnings: [], texts };
  }
  const wantsRunning = declared.state !== "stopped";
  const restartReasons = wantsRunning ? reasonsOf(declared, observed) : [];
  const last = wantsRunning
    ? planStart(declared, observed, restartReasons)
    : planStop(declared, observed);
  const changes = planPresence(declared, observed, texts, last);
  const starts = wantsRunning && last.length > 0;
  return {
    changes,
    restartReasons,
    obstacles: [
      ...(changes.length > 0 ? [...findOffline(observed), ...findMask(declared, observed)] : []),
      ...(starts ? lacksOf(observed) : []),
    ],
    warnings: [...(wantsRunning && !starts ? observed.lacks : []), ...findWarnings(observed)],
    texts,
  };
}

function textsOf(declared: Declared, { files }: Observed): Plan["texts"] {
  const { unit, environmentPath, variables } = declared;
  const mark = wantedMark(declared, files);
  return {
    unit: renderUnit(unit, mark, environmentPath),
    environment: renderEnvironmentFile(variables.secret, mark),
  };
}

function reasonsOf(declared: Declared, observed: Observed): readonly RestartReason[] {
  const reasons = findRestartReasons(declared, observed);
  if (declared.state !== "restarted" || observed.daemon === undefined) return reasons;
  return ["requested: state is restarted", ...reasons];
}

function planPresence(
  declared: Declared,
  observed: Observed,
  texts: Plan["texts"],
  last: readonly Change[],
): readonly Change[] {
  const { state, environmentPath, ready } = declared;
  const { environment } = observed.files;
  const writes = planWrites(declared, observed, texts);
  // A start that is not waited for has made no device yet; there the .link file has to do.
  const makesDevices = state !== "stopped" && last.length > 0 && ready.timeoutMs > 0;
  return [
    ...planHostSettings(observed.settings),
    ...writes,
    ...planReload(declared, observed, writes),
    // Only when systemd knows that the unit no longer names the environment file may it go.
    ...(texts.environment === undefined
      ? planRemove({ path: environmentPath }, environment, maskValues)
      : []),
    ...planEnablement(declared, observed),
    ...last,
    ...planOffload(observed.settings, makesDevices),
  ];
}

function planWrites(
  { unitPath, environmentPath, secretNames }: Declared,
  { files }: Observed,
  { unit, environment }: Plan["texts"],
): readonly Change[] {
  const hide = (text: string) => hideSecretFlags(text, secretNames);
  const secrets = { path: environmentPath, content: environment ?? "", mode: SECRET_MODE };
  return [
    ...(environment === undefined ? [] : planWrite(secrets, files.environment, maskValues)),
    ...planWrite({ path: unitPath, content: unit, mode: UNIT_MODE }, files.unit, hide),
  ];
}

function planReload(
  { unitPath }: Declared,
  { systemd, files }: Observed,
  writes: readonly Change[],
): readonly Change[] {
  const isUnknown = files.unit !== undefined && systemd?.loadState === "not-found";
  const isWritten = writes.some((change) => change.kind === "write" && change.path === unitPath);
  return isWritten || isUnknown || systemd?.needsReload === true ? [reload()] : [];
}

function planEnablement(
  { isEnabled, unit, unitName }: Declared,
  { links }: Observed,
): readonly Change[] {
  const wanted = isEnabled ? unit.links : [];
  if (links.join() === wanted.join()) return [];
  // reenable also takes away the links that an older [Install] section made.
  const present: Enablement = links.length === 0 ? "enable" : "reenable";
  return [enablement(wanted.length === 0 ? "disable" : present, unitName, links, wanted)];
}

function planStart(
  { unitName }: Declared,
  { systemd, daemon }: Observed,
  reasons: readonly RestartReason[],
): readonly Change[] {
  if (reasons.length > 0) return [restart(unitName, reasons)];
  const isRunning = systemd?.activeState === "active" && daemon !== undefined;
  return isRunning ? [] : [start(unitName)];
}

function planStop({ unitName }: Declared, { systemd }: Observed): readonly Change[] {
  if (systemd === undefined || ["inactive", "failed"].includes(systemd.activeState)) return [];
  return [systemctlStep(`stop ${unitName}`, "stop", unitName)];
}

/** Stop, disable and removal, in the order in which a killed run can be taken up again. */
function planRemoval(declared: Declared, observed: Observed): readonly Change[] {
  const { unitName, unitPath, environmentPath, subnetFile, secretNames } = declared;
  const { systemd, files, links, settings, residue } = observed;
  const hide = (text: string) => hideSecretFlags(text, secretNames);
  const removals = [
    ...files.dropIns.flatMap(({ path, file }) => planRemove({ path, folderToo: true }, file, hide)),
    ...planRemove({ path: unitPath }, files.unit, hide),
    ...planRemove({ path: environmentPath }, files.environment, maskValues),
  ];
  const mustReload = removals.length > 0 || systemd?.needsReload === true;
  return [
    ...planStop(declared, observed),
    ...(links.length === 0 ? [] : [enablement("disable", unitName, links, [])]),
    ...removals,
    ...(mustReload ? [reload()] : []),
    ...(systemd?.activeState === "failed"
      ? [systemctlStep(`forget the failure of ${unitName}`, "reset-failed", unitName)]
      : []),
    ...planHostSettings(settings),
    ...(residue === undefined ? [] : planPurge(residue, subnetFile, files.subnet)),
  ];
}

/** Nothing but systemd can run the daemon. */
function findOffline({ systemd }: Observed): readonly contract.Obstacle[] {
  return systemd === undefined ? [{ code: "host", message: OFFLINE }] : [];
}

/** Writing the unit file would silently undo a mask, which somebody set for a reason. */
function findMask({ unitName }: Declared, { systemd }: Observed): readonly contract.Obstacle[] {
  if (systemd?.loadState !== "masked") return [];
  const message = `${unitName} is masked, unmask it with: systemctl unmask ${unitName}`;
  return [{ code: "refused", message }];
}

function lacksOf({ lacks }: Observed): readonly contract.Obstacle[] {
  return lacks.map((message) => ({ code: "not_found", message }));
}

function findWarnings({ touched: { files, nowMs } }: Observed): readonly string[] {
  return files.flatMap(({ path, changedAtMs }) => {
    if (changedAtMs === undefined) return [`restart_on: ${path}: no such file`];
    if (changedAtMs <= nowMs) return [];
    return [`restart_on: ${path}: its date lies in the future, so a change cannot be seen`];
  });
}
