// Why the running daemon is not the declared one: convergence by looking, not by handlers.

import { describeMarkChange } from "../../flannel/overlay-network";
import { findSubnetFault, missingSubnets, parseSubnetEnv } from "../../flannel/subnet-env";
import { fingerprintsOfProcess } from "./certificate-mark";
import { planConfFiles } from "./conf-files";
import { type Declared } from "./declare";
import { findUnrouted } from "./lease-routes";
import { type Observed, type RunningDaemon, wantedMark, wantedMarks } from "./observe";
import { hideSecretFlags } from "./secrets";
import { type FileChange, type Touched } from "./touched";
import { DIGEST_VARIABLE, fingerprintOf, markOfProcess } from "./unit-marks";
import { renderUnit } from "./unit-text";

/** One difference between what runs and what is declared: "<word>: <detail>". */
export type RestartReason =
  `${"arguments" | "drop-in" | "environment" | "executable" | "file" | "network" | "requested" | "route" | "subnet" | "unit"}: ${string}`;

/** All differences; empty when the process is the declared one. Secrets are never named by value. */
export function findRestartReasons(
  declared: Declared,
  observed: Observed,
): readonly RestartReason[] {
  const { daemon, touched } = observed;
  const replaced = replacedBy(declared, observed);
  if (daemon === undefined) return reservationReasons(declared, observed);
  return [
    ...executableReasons(declared, observed, daemon, replaced),
    ...argumentReasons(declared, daemon),
    ...environmentReasons(declared, observed, daemon),
    ...unitReasons(declared, observed, daemon),
    ...touched.dropIns.filter(isNewerThan(daemon, touched)).map(dropInReason),
    ...fileReasons(declared, touched, daemon, replaced),
    ...networkReasons(declared, observed, daemon),
    ...reservationReasons(declared, observed),
    ...routeReasons(declared, observed),
  ];
}

/** Paths at which the daemon of this run will find another file: some that this plan writes itself. */
function replacedBy({ replaced }: Declared, { confFiles }: Observed): ReadonlySet<string> {
  const written = planConfFiles(confFiles).filter((change) => change.kind === "write");
  return new Set([...replaced, ...written.map(({ path }) => path)]);
}

function executableReasons(
  declared: Declared,
  { binary }: Observed,
  { executable }: RunningDaemon,
  replaced: ReadonlySet<string>,
): RestartReason[] {
  const isOther = executable.inode !== binary?.inode || executable.device !== binary.device;
  const reason = `executable: the running file is not the current ${declared.binary}` as const;
  if (replaced.has(declared.binary)) return [reason];
  // A binary that is missing is an obstacle to any start, not a reason for one.
  return binary !== undefined && isOther ? [reason] : [];
}

function argumentReasons(declared: Declared, { argv }: RunningDaemon): RestartReason[] {
  if (argv.join("\0") === declared.argv.join("\0")) return [];
  const hide = (argument: string) => hideSecretFlags(argument, declared.secretNames);
  const added = declared.argv.filter((argument) => !argv.includes(argument)).map(hide);
  const removed = argv.filter((argument) => !declared.argv.includes(argument)).map(hide);
  const parts = [
    ...(added.length > 0 ? [`added ${added.join(" ")}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.join(" ")}`] : []),
  ];
  return [`arguments: ${parts.length > 0 ? parts.join(", ") : "in a different order"}`];
}

function environmentReasons(
  { variables: { open, secret } }: Declared,
  { touched: { foreign } }: Observed,
  { environment: running }: RunningDaemon,
): RestartReason[] {
  const declared: Readonly<Record<string, string>> = { ...open, ...secret };
  const changed = Object.keys(declared).filter((name) => running.get(name) !== declared[name]);
  // The daemon reads every FLANNELD_* variable as a flag, so one too many is a difference, unless a
  // restart would bring it back.
  const surplus = [...running.keys()].filter(
    (name) => name.startsWith("FLANNELD_") && !Object.hasOwn(declared, name) && !foreign.has(name),
  );
  const names = [...changed, ...surplus].sort();
  return names.length === 0 ? [] : [`environment: ${names.join(", ")}`];
}

function unitReasons(
  declared: Declared,
  observed: Observed,
  { environment }: RunningDaemon,
): RestartReason[] {
  const { unit, environmentPath } = declared;
  const { systemd, files } = observed;
  const startedFrom = environment.get(DIGEST_VARIABLE);
  if (startedFrom === undefined) return ["unit: the process was started from a different unit"];
  if (startedFrom !== unit.digest) {
    return ["unit: the process was started with different service directives"];
  }
  const text = files.unit?.content;
  if (text !== undefined && fingerprintOf(text, environmentPath) !== unit.digest) {
    return ["unit: the unit file was changed by someone else"];
  }
  const wanted = renderUnit(unit, wantedMarks(declared, observed), environmentPath);
  // Somebody changed the file and may have started the process from it.
  if (systemd?.needsReload === true && text === wanted) {
    return ["unit: the unit on disk is newer than what systemd has loaded"];
  }
  return [];
}

function fileReasons(
  { flags }: Declared,
  touched: Touched,
  daemon: RunningDaemon,
  replaced: ReadonlySet<string>,
): RestartReason[] {
  const carried = fingerprintsOfProcess(flags, daemon.environment);
  const isNewer = isNewerThan(daemon, touched);
  const isOther = (file: FileChange): boolean => {
    const [before, now] = [carried.get(file.path), touched.certificates.get(file.path)];
    // The date decides what the content does not: the daemon may have been started again since it was told.
    if (before === undefined || now === undefined) return isNewer(file);
    return before !== now && (file.changedAtMs ?? 0) > daemon.startedAtMs;
  };
  return touched.files
    .filter((file) => replaced.has(file.path) || isOther(file))
    .map(({ path }): RestartReason => `file: ${path} has changed since the process started`);
}

function dropInReason({ path }: FileChange): RestartReason {
  return `drop-in: ${path} has changed since the process started`;
}

/** A date in the future cannot be compared; it would restart the daemon at every run. */
function isNewerThan({ startedAtMs }: RunningDaemon, { nowMs }: Touched) {
  return ({ changedAtMs = 0 }: FileChange): boolean =>
    changedAtMs > startedAtMs && changedAtMs <= nowMs;
}

function networkReasons(
  declared: Declared,
  observed: Observed,
  daemon: RunningDaemon,
): RestartReason[] {
  const marked = markReasons(declared, observed, daemon);
  // The subnet file of a daemon that was started for another network cannot fit either.
  if (marked.length > 0 || observed.systemd?.activeState !== "active") return marked;
  const { subnetFile, network } = declared;
  const { subnet } = observed.files;
  if (subnet === undefined) return [`subnet: ${subnetFile} does not exist`];
  const fault = findSubnetFault(parseSubnetEnv(subnet.content), network.networks);
  return fault === undefined ? [] : [`network: ${subnetFile} ${fault}`];
}

/** Also of a daemon that has just ended for it, and would be started again by systemd. */
function reservationReasons(
  { subnetFile, reservedSubnets }: Declared,
  { files: { subnet }, systemd }: Observed,
): RestartReason[] {
  const isUp = ["active", "activating"].includes(systemd?.activeState ?? "");
  if (subnet === undefined || !isUp) return [];
  const missing = missingSubnets(parseSubnetEnv(subnet.content), reservedSubnets);
  return missing.map(
    (block) => `subnet: ${block} is reserved for this host, ${subnetFile} has another` as const,
  );
}

function routeReasons(
  { leases, network }: Declared,
  { files: { subnet }, network: { routes }, systemd }: Observed,
): RestartReason[] {
  if (subnet === undefined || systemd?.activeState !== "active") return [];
  const [first, ...others] = findUnrouted(leases, routes, network, subnet.content);
  if (first === undefined) return [];
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return [`route: there is no route to ${first}${more}, of which etcd has a lease`];
}

function markReasons(
  declared: Declared,
  { files }: Observed,
  { environment }: RunningDaemon,
): RestartReason[] {
  const wanted = wantedMark(declared, files);
  if (wanted === undefined) return [];
  const startedFor = markOfProcess(environment);
  if (startedFor === undefined) {
    return ["network: it is not recorded which network configuration the process was started for"];
  }
  const differences = describeMarkChange(startedFor, wanted);
  if (differences === "") return [];
  return [`network: the process was started for a different configuration: ${differences}`];
}
