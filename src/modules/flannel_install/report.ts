// The module's own keys of the result.

import { DAEMON } from "../../flannel/release-assets";
import { tagOf } from "../../flannel/version";
import { type FlannelInstallOptions } from "../../generated/flannel_install";
import { type Outcome } from "./apply";
import { expectedSha256 } from "./diff";
import { type Observation } from "./observe";
import { type InstallPlan, isFromAsset } from "./plan";
import { type InstallRequest } from "./request";

export function report(
  _options: FlannelInstallOptions,
  observation: Observation,
  plan: InstallPlan,
  outcome: Outcome,
): Readonly<Record<string, unknown>> {
  const { host, request } = observation;
  const { current, replaced } = host.running;
  const before = host.binary?.version;
  const replaces = plan.changes.some(
    (change) =>
      (change.kind === "install" && change.files.includes(DAEMON)) ||
      (change.kind === "remove" && change.path === host.paths.binary),
  );
  return {
    path: host.paths.binary,
    version_before: before === undefined ? null : tagOf(before),
    version: null,
    ...(request === undefined ? {} : reportPresent(request, observation, replaces, outcome)),
    kept: plan.kept.map(({ path }) => path),
    restart_required: replaced > 0 || (replaces && current > 0),
  };
}

function reportPresent(
  request: InstallRequest,
  observation: Observation,
  replaces: boolean,
  outcome: Outcome,
): Readonly<Record<string, unknown>> {
  const { binary } = observation.host;
  const version = outcome?.version ?? (replaces ? request.version : binary?.version);
  const planned = replaces ? expectedSha256(request, observation) : binary?.sha256;
  const isVerified = replaces
    ? (outcome?.asset.isVerified ?? request.checksum !== undefined)
    : request.checksum !== undefined && isFromAsset(observation) === true;
  return {
    version: version === undefined ? null : tagOf(version),
    arch: request.arch,
    sha256: outcome?.digests[DAEMON] ?? planned ?? null,
    source: outcome?.asset.source ?? null,
    bytes: outcome?.asset.bytes ?? 0,
    attempts: outcome?.asset.attempts ?? 0,
    elapsed_ms: outcome?.elapsedMs ?? 0,
    verified: isVerified,
  };
}
