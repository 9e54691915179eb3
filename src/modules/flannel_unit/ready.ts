// Waits until a started daemon really carries pods, or it is clear that it will not.

import { type Families, devicesOf } from "../../flannel/devices";
import { flagValue } from "../../flannel/flags";
import { type SubnetEnv, findSubnetFault, parseSubnetEnv } from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { tryReadFile } from "../../host/atomic-file";
import { tryIsUp } from "../../host/network";
import { toWallClockMs, tryChangeTime } from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";
import { type Declaration } from "./declaration";

/** How a start ended. `waitingFor` says what was still missing. */
export type Verdict =
  | { readonly kind: "ready"; readonly subnet: SubnetEnv }
  | { readonly kind: "failed"; readonly unit: UnitState | undefined; readonly waitingFor: string }
  | { readonly kind: "timeout"; readonly unit: UnitState | undefined; readonly waitingFor: string };

type Probe =
  | { readonly kind: "ready"; readonly unit: UnitState; readonly subnet: SubnetEnv }
  | { readonly kind: "waiting"; readonly unit: UnitState | undefined; readonly waitingFor: string }
  | { readonly kind: "failed"; readonly unit: UnitState; readonly waitingFor: string };

const POLL_MS = 250;
const HEALTHZ_TIMEOUT_MS = 2000;
/** File dates come from a clock that ticks in steps of up to 10 ms. */
const CLOCK_SLACK_MS = 100;

/**
 * Polls until the daemon is ready and stays the same process for `settle_time`. `sinceUs` is a
 * moment of the monotonic clock before the start was asked for: an older process does not count.
 */
export async function awaitReady(
  options: FlannelUnitOptions,
  declaration: Declaration,
  sinceUs: number,
): Promise<Verdict> {
  const deadline = Date.now() + options.wait_timeout * 1000;
  let settled: { readonly pid: number; readonly sinceMs: number } | undefined;
  let fewestRestarts = Number.POSITIVE_INFINITY;
  for (;;) {
    const probe = await probeStart(options, declaration, sinceUs);
    const restarts = probe.unit?.restarts ?? 0;
    fewestRestarts = Math.min(fewestRestarts, restarts);
    if (probe.kind === "failed") return probe;
    if (probe.kind === "ready") {
      const { mainPid: pid } = probe.unit;
      settled = settled?.pid === pid ? settled : { pid, sinceMs: Date.now() };
      if (Date.now() - settled.sinceMs >= options.settle_time * 1000) return probe;
    } else {
      settled = undefined;
      // One death may be bad luck (etcd was just restarting); the second one is an answer.
      if (isWaitingForRestart(probe.unit) && restarts > fewestRestarts) {
        return { ...probe, kind: "failed" };
      }
      if (Date.now() > deadline) return { ...probe, kind: "timeout" };
    }
    await sleep(POLL_MS);
  }
}

function isWaitingForRestart(unit: UnitState | undefined): boolean {
  return unit?.subState.startsWith("auto-restart") === true;
}

async function probeStart(
  options: FlannelUnitOptions,
  declaration: Declaration,
  sinceUs: number,
): Promise<Probe> {
  const unit = await tryShowUnit(declaration.unitName);
  if (unit === undefined) return { kind: "waiting", unit, waitingFor: "systemd to answer" };
  const state = `${unit.activeState} (${unit.subState})`;
  if (unit.activeState === "failed" && !unit.hasJob) {
    return { kind: "failed", unit, waitingFor: `the unit to be active, it is ${state}` };
  }
  const isOld = unit.startedAtUs < sinceUs;
  if (unit.activeState !== "active" || unit.hasJob || unit.mainPid === 0 || isOld) {
    return { kind: "waiting", unit, waitingFor: `the unit to be active, it is ${state}` };
  }
  const subnet = await readSubnet(options, declaration, unit);
  const missing =
    (typeof subnet === "string" ? subnet : undefined) ??
    (await findMissingDevice(options)) ??
    (await findHealthFault(declaration));
  if (typeof subnet === "string" || missing !== undefined) {
    return { kind: "waiting", unit, waitingFor: missing ?? "the subnet file" };
  }
  return { kind: "ready", unit, subnet };
}

/** The subnet file's contents, or what is still wrong with it. */
async function readSubnet(
  options: FlannelUnitOptions,
  { subnetFile }: Declaration,
  unit: UnitState,
): Promise<SubnetEnv | string> {
  const file = await tryReadFile(subnetFile);
  if (file === undefined) return `${subnetFile}, which does not exist`;
  // flanneld only warns when it cannot write the file, and is "ready" with the old one.
  const writtenAtMs = (await tryChangeTime(subnetFile)) ?? 0;
  if (writtenAtMs < toWallClockMs(unit.startedAtUs) - CLOCK_SLACK_MS) {
    return `${subnetFile} to be written by the new process`;
  }
  const subnet = parseSubnetEnv(file.content);
  const fault = findSubnetFault(subnet, declaredNetworks(options));
  return fault === undefined ? subnet : `${subnetFile} to fit, but it ${fault}`;
}

/** The declared networks in the form the subnet file is checked against. */
export function declaredNetworks(options: FlannelUnitOptions) {
  const { network, ipv6_network: ipv6Network } = options;
  return {
    ...(network === undefined ? {} : { network }),
    ...(ipv6Network === undefined ? {} : { ipv6Network }),
  };
}

/** Which families the declared networks switch on; IPv4 when nothing is declared. */
export function declaredFamilies(options: FlannelUnitOptions): Families {
  const ipv6 = options.ipv6_network !== undefined;
  return { ipv4: options.network !== undefined || !ipv6, ipv6 };
}

async function findMissingDevice(options: FlannelUnitOptions): Promise<string | undefined> {
  for (const device of devicesOf(options.backend, declaredFamilies(options))) {
    const isUp = await tryIsUp(device);
    if (isUp === undefined) return `network device ${device}, which does not exist`;
    if (!isUp) return `network device ${device} to be up`;
  }
  return undefined;
}

async function findHealthFault({ flags }: Declaration): Promise<string | undefined> {
  const port = flagValue(flags, "healthz-port") ?? "0";
  if (port === "0") return undefined;
  const ip = flagValue(flags, "healthz-ip") ?? "";
  // The wildcard addresses are no place to connect to.
  const host = ip === "" || ip === "0.0.0.0" ? "127.0.0.1" : ip === "::" ? "::1" : ip;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}/healthz`;
  const answer = await tryGetStatus(url);
  if (answer === 200) return undefined;
  return `${url} to answer 200, it gives ${answer ?? "no answer"}`;
}

async function tryGetStatus(url: string): Promise<number | undefined> {
  const { get } = await import("node:http");
  return await new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: HEALTHZ_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => {
      resolve(undefined);
    });
  });
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
