// Why the running daemon is not the declared one: convergence by looking, not by handlers.

import { describeMarkChange } from "../../flannel/network-mark";
import { findSubnetFault } from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { type Observation } from "./observe";
import { DIGEST_VARIABLE, NETWORK_VARIABLE, fingerprintOf } from "./render-unit";
import { hideSecretFlags } from "./secrets";

/** One difference between what runs and what is declared: "<word>: <detail>". */
export type RestartReason =
  `${"arguments" | "drop-in" | "environment" | "executable" | "file" | "network" | "requested" | "subnet" | "unit"}: ${string}`;

/** All differences; empty when the process is the declared one. Secrets are never named by value. */
export function findRestartReasons(
  options: FlannelUnitOptions,
  observation: Observation,
): readonly RestartReason[] {
  if (observation.process === undefined) return [];
  return [
    ...executableReasons(options, observation),
    ...argumentReasons(options, observation),
    ...environmentReasons(observation),
    ...unitReasons(observation),
    ...changedSince("drop-in", observation.dropIns, observation),
    ...changedSince("file", observation.restartOn, observation),
    ...networkReasons(observation),
  ];
}

function executableReasons(options: FlannelUnitOptions, { process, binary }: Observation) {
  const running = process?.executable;
  // A binary that is missing is an obstacle to any start, not a reason for one.
  const same = running?.inode === binary?.inode && running?.device === binary?.device;
  if (binary === undefined || same) return [];
  return [`executable: the process runs another file than ${options.binary} is now`] as const;
}

function argumentReasons(
  options: FlannelUnitOptions,
  { process, declaration }: Observation,
): RestartReason[] {
  const running = process?.argv ?? [];
  const declared = declaration.argv;
  if (running.join("\0") === declared.join("\0")) return [];
  const hide = (argument: string) => hideSecretFlags(argument, options);
  const added = declared.filter((argument) => !running.includes(argument)).map(hide);
  const removed = running.filter((argument) => !declared.includes(argument)).map(hide);
  const parts = [
    ...(added.length > 0 ? [`added ${added.join(" ")}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.join(" ")}`] : []),
  ];
  return [`arguments: ${parts.length > 0 ? parts.join(", ") : "in another order"}`];
}

function environmentReasons(observation: Observation): RestartReason[] {
  const { process, declaration, foreignVariables } = observation;
  const running = process?.environment ?? new Map<string, string>();
  const declared = declaration.environment;
  const changed = Object.keys(declared).filter((name) => running.get(name) !== declared[name]);
  // The daemon reads every FLANNELD_* variable as a flag, so one too many is a difference, unless a
  // restart would bring it back.
  const surplus = [...running.keys()].filter(
    (name) =>
      name.startsWith("FLANNELD_") && !Object.hasOwn(declared, name) && !foreignVariables.has(name),
  );
  const names = [...changed, ...surplus].sort();
  return names.length === 0 ? [] : [`environment: ${names.join(", ")}`];
}

function unitReasons({ process, declaration, unit, unitFile }: Observation): RestartReason[] {
  const startedFrom = process?.environment.get(DIGEST_VARIABLE);
  if (startedFrom === undefined) return ["unit: the process was started from another unit"];
  if (startedFrom !== declaration.unit.digest) {
    return ["unit: the process was started with other service directives"];
  }
  if (unitFile !== undefined && fingerprintOf(unitFile.content) !== declaration.unit.digest) {
    return ["unit: the unit file was changed by someone else"];
  }
  // Somebody changed the file and may have started the process from it.
  if (unit?.needsReload === true && unitFile?.content === declaration.unit.text) {
    return ["unit: the unit on disk is newer than what systemd has loaded"];
  }
  return [];
}

function changedSince(
  word: "drop-in" | "file",
  files: Observation["restartOn"],
  { processStartMs, nowMs }: Observation,
): RestartReason[] {
  const start = processStartMs ?? Number.POSITIVE_INFINITY;
  return files.flatMap(({ path, changedAtMs }): RestartReason[] =>
    // A date in the future cannot be compared; it would restart the daemon at every run.
    changedAtMs !== undefined && changedAtMs > start && changedAtMs <= nowMs
      ? [`${word}: ${path} has changed since the process started`]
      : [],
  );
}

function networkReasons(observation: Observation): RestartReason[] {
  const { subnet, declaration, unit } = observation;
  const marked = markReasons(observation);
  // The subnet file of a daemon that was started for another network cannot fit either.
  if (marked.length > 0 || unit?.activeState !== "active") return marked;
  const { subnetFile, networks } = declaration;
  if (subnet === undefined) return [`subnet: ${subnetFile} does not exist`];
  const fault = findSubnetFault(subnet, networks);
  return fault === undefined ? [] : [`network: ${subnetFile} ${fault}`];
}

function markReasons({ process, declaration }: Observation): RestartReason[] {
  const { networkMark: declared } = declaration;
  const startedFor = process?.environment.get(NETWORK_VARIABLE);
  if (declared === undefined || startedFor === declared) return [];
  if (startedFor === undefined) {
    return ["network: the process does not tell which network configuration it was started for"];
  }
  const differences = describeMarkChange(startedFor, declared);
  return [`network: the process was started for another configuration: ${differences}`];
}
