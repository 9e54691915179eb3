// What speaks against a plan for the daemon, whatever the plan is.

import { type Obstacle } from "../../ansible/module";
import { compareVersions } from "../../flannel/version";
import { OFFLINE } from "../../host/systemd";
import { findConflict, warnOfDependents } from "./adoption";
import { type Declared } from "./declare";
import { type Lack } from "./lacks";
import { type Observed } from "./observe";

/** What speaks against any plan for this daemon. */
export function findRefusals(declared: Declared, observed: Observed): readonly Obstacle[] {
  return [
    ...findConflict(declared.takeover, observed.stranger),
    ...findNoAddress(declared, observed),
  ];
}

/** Nothing but systemd can run the daemon. */
export function findOffline({ systemd }: Observed): readonly Obstacle[] {
  return systemd === undefined ? [{ code: "host", message: OFFLINE }] : [];
}

/** Writing the unit file would silently undo a mask, which somebody set for a reason. */
export function findMask({ unitName }: Declared, { systemd }: Observed): readonly Obstacle[] {
  if (systemd?.loadState !== "masked") return [];
  const message = `${unitName} is masked, unmask it with: systemctl unmask ${unitName} (with --runtime, if it was masked so)`;
  return [{ code: "refused", message }];
}

/** Two runs that try a daemon at one time would each take the other's for the one of before. */
export function findOtherTrial({ switch: left }: Observed): readonly Obstacle[] {
  if (left?.kind !== "armed") return [];
  const message = `another run of flannel_unit (process ${left.pid}) is trying out a new daemon on this host, wait for it`;
  return [{ code: "conflict", message }];
}

/** The host has helped itself, which somebody should know. */
export function warnOfSwitch(left: Observed["switch"]): readonly string[] {
  if (left?.kind !== "fired") return [];
  return [
    `an earlier run ended while it was trying out a new daemon; on ${left.at} this host put back what ran before`,
  ];
}

/** What a start that is planned must not go without. */
export function refuseVital(lacks: readonly Lack[]): readonly Obstacle[] {
  return lacks
    .filter(({ isVital }) => isVital)
    .map(({ message }) => ({ code: "not_found", message }));
}

/** What a start goes without, or the next one would. */
export function warnOfLacks(lacks: readonly Lack[], starts: boolean): readonly string[] {
  return lacks.filter(({ isVital }) => !starts || !isVital).map(({ message }) => message);
}

/**
 * What must be known before anything of the host is touched. What the play brings later is no lack yet, and a
 * daemon that runs as its release has what it needs.
 */
export function judgeQuery(
  declared: Declared,
  observed: Observed,
): { readonly obstacles: readonly Obstacle[]; readonly warnings: readonly string[] } {
  const lacks = observed.lacks.filter(({ isBroughtLater }) => !isBroughtLater);
  const isVital = (lack: Lack) => lack.isVital && !runsAsDeclared(declared, observed);
  return {
    obstacles: [...findRefusals(declared, observed), ...refuseVital(lacks.filter(isVital))],
    warnings: [
      ...lacks.filter((lack) => !isVital(lack)).map(({ message }) => message),
      ...warnOfDependents(declared.unitName, observed.stranger),
    ],
  };
}

function runsAsDeclared(
  { takeover: { version } }: Declared,
  { daemon, runningVersion }: Observed,
): boolean {
  if (daemon === undefined) return false;
  const isKnown = version !== undefined && runningVersion !== undefined;
  return !isKnown || compareVersions(version, runningVersion) === 0;
}

/** Without an address of its own to tell, flanneld would take whichever it finds first. */
function findNoAddress(
  { addressOf }: Declared,
  { network: { address, interfaces } }: Observed,
): readonly Obstacle[] {
  if (addressOf === undefined || address !== undefined) return [];
  const message =
    `interface ${addressOf} has no IPv4 address, or there is no such interface. ` +
    `The host has ${[...interfaces].sort().join(", ")}. Set k8s_interface to the interface that the ` +
    "cluster communicates on, or give public-ip in flannel_settings_user";
  return [{ code: "not_found", message }];
}
