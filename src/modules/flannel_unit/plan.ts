// What has to be done, as a pure function of what is declared and what is observed.

import type * as contract from "../../ansible/module";
import { filesOf } from "../../flannel/flags";
import {
  type Enablement,
  type Change,
  enablement,
  forget,
  planRemove,
  planWrite,
  reload,
  restart,
  start,
} from "./changes";
import { warnOfDependents } from "./adoption";
import { fingerprintsOfProcess, hideFingerprints } from "./certificate-mark";
import { planCertificates } from "./certificates";
import { warnOfRivals } from "./cni-config";
import { warnOfPlugins } from "./cni-plugins";
import { planConfFiles } from "./conf-files";
import { withAddress } from "./daemon";
import { type Declared } from "./declare";
import { renderEnvironmentFile } from "./environment";
import { warnOfExpiry } from "./expiry";
import { planHostSettings, planOffload } from "./host-settings";
import { type Observed, wantedMarks } from "./observe";
import {
  findMask,
  findOffline,
  findOtherTrial,
  findRefusals,
  judgeQuery,
  refuseVital,
  warnOfLacks,
  warnOfSwitch,
} from "./refusals";
import { planRemoval, planStop } from "./removal";
import { type RestartReason, findRestartReasons } from "./restart-reasons";
import { hideSecretFlags, maskValues } from "./secrets";
import { renderUnit } from "./unit-text";

export interface Plan extends contract.Plan<Change> {
  readonly restartReasons: readonly RestartReason[];
  /** The command line of the daemon, with the host's address in it. */
  readonly argv: readonly string[];
  /** The unit file and the environment file as they are to be; undefined: there is to be none. */
  readonly texts: { readonly unit: string; readonly environment: string | undefined };
}

/** What applying a plan has to do with. */
export type Run = contract.Run<Declared, Observed, Plan>;

const UNIT_MODE = 0o644;
const SECRET_MODE = 0o600;

/** Plans the way from what is to what is declared. */
export function plan(wish: Declared, observed: Observed): Plan {
  const declared = withAddress(wish, observed.network.address);
  const texts = textsOf(declared, observed);
  const rest = { restartReasons: [], warnings: [], argv: declared.argv, texts };
  if (declared.state === "absent") {
    const changes = planRemoval(declared, observed);
    const obstacles = changes.length > 0 ? findOffline(observed) : [];
    return { ...rest, changes, obstacles };
  }
  if (declared.state === "present") {
    const { certificates } = declared;
    const changes = [
      ...(certificates && observed.certificates
        ? planCertificates(certificates, observed.certificates)
        : []),
      ...planConfFiles(observed.confFiles),
    ];
    return { ...rest, changes, warnings: warnOfCni(declared, observed) };
  }
  if (declared.state === "rendered") return { ...rest, changes: [] };
  if (declared.state === "query") {
    return { ...rest, changes: [], ...judgeQuery(declared, observed) };
  }
  return { ...rest, ...planDaemon(declared, observed, texts) };
}

function planDaemon(
  declared: Declared,
  observed: Observed,
  texts: Plan["texts"],
): Pick<Plan, "changes" | "obstacles" | "restartReasons" | "warnings"> {
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
      ...findRefusals(declared, observed),
      ...(changes.length > 0
        ? [...findOffline(observed), ...findMask(declared, observed), ...findOtherTrial(observed)]
        : []),
      ...(starts ? refuseVital(observed.lacks) : []),
    ],
    warnings: [
      ...(wantsRunning ? warnOfLacks(observed.lacks, starts) : []),
      ...warnOfExpiry(observed.expiry, declared.replaced, observed.touched.nowMs),
      ...findWarnings(declared, observed),
      ...warnOfSwitch(observed.switch),
      ...warnOfCni(declared, observed),
      ...warnOfDependents(declared.unitName, observed.stranger),
    ],
  };
}

function warnOfCni(declared: Declared, { confFiles, plugins }: Observed): readonly string[] {
  return [...warnOfRivals(confFiles), ...warnOfPlugins(declared, plugins)];
}

function textsOf(declared: Declared, observed: Observed): Plan["texts"] {
  const { unit, environmentPath, variables } = declared;
  const marks = wantedMarks(declared, observed);
  return {
    unit: renderUnit(unit, marks, environmentPath),
    environment: renderEnvironmentFile(variables.secret, marks.network),
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
    ...planConfFiles(observed.confFiles),
    ...writes,
    ...planReload(declared, observed, writes),
    // Only when systemd knows that the unit no longer names the environment file may it go.
    ...(texts.environment === undefined
      ? planRemove({ path: environmentPath }, environment, maskValues)
      : []),
    ...planEnablement(declared, observed),
    ...last,
    ...planOffload(observed.settings, makesDevices),
    ...planForget(declared, observed, last),
  ];
}

/** A restart does it on its own when the new daemon is ready. */
function planForget(
  { unitName }: Declared,
  { previousFiles, switch: left }: Observed,
  last: readonly Change[],
): readonly Change[] {
  const isLeft = left?.kind === "fired" || left?.kind === "spent" || previousFiles.length > 0;
  return isLeft && !last.some(({ kind }) => kind === "restart") ? [forget(unitName)] : [];
}

function planWrites(
  { unitPath, environmentPath, secretNames }: Declared,
  { files }: Observed,
  { unit, environment }: Plan["texts"],
): readonly Change[] {
  const hide = (text: string) => hideFingerprints(hideSecretFlags(text, secretNames));
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

function findWarnings(
  { flags, replaced }: Declared,
  { daemon, touched: { files, nowMs } }: Observed,
): readonly string[] {
  const carried = fingerprintsOfProcess(flags, daemon?.environment);
  // Of a flag whose file is missing, the start has its own to say.
  const known = new Set([...replaced, ...filesOf(flags).map(({ value }) => value)]);
  return files.flatMap(({ path, changedAtMs }) => {
    if (changedAtMs === undefined && known.has(path)) return [];
    if (changedAtMs === undefined) return [`restart_on: ${path}: no such file`];
    if (changedAtMs <= nowMs || carried.has(path)) return [];
    return [
      `restart_on: ${path}: its modification time lies in the future, so a change cannot be detected`,
    ];
  });
}
