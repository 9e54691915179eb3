// Waits until a started daemon really carries pods, or it is clear that it will not.

import { devicesOf } from "../../flannel/devices";
import { flagValue } from "../../flannel/flags";
import {
  type PodNetworks,
  type SubnetEnv,
  findSubnetFault,
  parseSubnetEnv,
} from "../../flannel/subnet-env";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { tryReadFile } from "../../host/atomic-file";
import { toWallClockMs } from "../../host/clock";
import { tryIsUp } from "../../host/network";
import { tryChangeTime } from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";
import { type Declaration, declaredFamilies } from "./declaration";

/** What a daemon must have brought about to be called ready. */
export interface Expectation {
  readonly unitName: string;
  readonly timeoutMs: number;
  readonly settleMs: number;
  readonly subnetFile?: string;
  readonly networks?: PodNetworks;
  readonly devices?: readonly string[];
  readonly healthUrl?: string;
}

/** How a start ended. `waitingFor` says what was still missing. */
export type Verdict =
  | { readonly kind: "ready"; readonly unit: UnitState; readonly subnet?: SubnetEnv }
  | {
      readonly kind: "failed" | "timeout";
      readonly unit: UnitState | undefined;
      readonly waitingFor: string;
    };

type Probe = Exclude<Verdict, { kind: "failed" | "timeout" }> | Waiting;

interface Waiting {
  readonly kind: "waiting" | "failed";
  readonly unit: UnitState | undefined;
  readonly waitingFor: string;
}

const POLL_MS = 250;
const HEALTHZ_TIMEOUT_MS = 2000;
/** systemd kills a process that does not stop after 90 s, unless the unit says otherwise. */
const STOP_LIMIT_MS = 100_000;
/** File dates come from a clock that ticks in steps of up to 10 ms. */
const CLOCK_SLACK_MS = 100;

/** What the declared daemon must bring about. */
export function expectationOf(
  options: FlannelUnitOptions,
  { unitName, subnetFile, networks, backend, flags }: Declaration,
): Expectation {
  const port = flagValue(flags, "healthz-port") ?? "0";
  const healthUrl = healthUrlOf(flagValue(flags, "healthz-ip") ?? "", port);
  return {
    unitName,
    timeoutMs: options.wait_timeout * 1000,
    settleMs: options.settle_time * 1000,
    subnetFile,
    networks,
    devices: devicesOf(backend, declaredFamilies(networks)),
    ...(port === "0" ? {} : { healthUrl }),
  };
}

/**
 * Polls until the daemon is ready and stays the same process over the settling time. `sinceUs` is
 * a moment (`monotonicUs`) before the start was asked for: an older process does not count.
 */
export async function awaitReady(expected: Expectation, sinceUs: number): Promise<Verdict> {
  const stopDeadline = Date.now() + STOP_LIMIT_MS;
  let deadline = Date.now() + expected.timeoutMs;
  let settled: { readonly pid: number; readonly sinceMs: number } | undefined;
  let fewestRestarts = Number.POSITIVE_INFINITY;
  for (;;) {
    const probe = await probeStart(expected, sinceUs);
    if (probe.kind === "failed") return { ...probe, kind: "failed" };
    if (probe.kind === "ready") {
      const { mainPid: pid } = probe.unit;
      settled = settled?.pid === pid ? settled : { pid, sinceMs: Date.now() };
      if (Date.now() - settled.sinceMs >= expected.settleMs) return probe;
    } else {
      settled = undefined;
      const restarts = probe.unit?.restarts ?? 0;
      fewestRestarts = Math.min(fewestRestarts, restarts);
      // One death may be bad luck (etcd was just restarting); the second one is an answer.
      if (isWaitingForRestart(probe.unit) && restarts > fewestRestarts) {
        return { ...probe, kind: "failed" };
      }
      // A flanneld told to stop while it starts may hang until systemd kills it; that is not the
      // new one's time.
      const isStopping = probe.unit?.activeState === "deactivating";
      if (isStopping && Date.now() < stopDeadline) deadline = Date.now() + expected.timeoutMs;
      if (Date.now() > deadline) return { ...probe, kind: "timeout" };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isWaitingForRestart(unit: UnitState | undefined): boolean {
  return unit?.subState.startsWith("auto-restart") === true;
}

async function probeStart(expected: Expectation, sinceUs: number): Promise<Probe> {
  const unit = tryShowUnit(expected.unitName);
  if (unit === undefined) return { kind: "waiting", unit, waitingFor: "systemd to answer" };
  const isRunning = unit.activeState === "active" && unit.mainPid !== 0;
  if (!isRunning || unit.hasJob || unit.startedAtUs < sinceUs) {
    const isFailed = unit.activeState === "failed" && !unit.hasJob;
    const waitingFor = `the unit to be active, it is ${unit.activeState} (${unit.subState})`;
    return { kind: isFailed ? "failed" : "waiting", unit, waitingFor };
  }
  const subnet = readSubnet(expected, unit);
  const waitingFor =
    (typeof subnet === "string" ? subnet : undefined) ??
    findMissingDevice(expected.devices ?? []) ??
    (await findHealthFault(expected.healthUrl));
  if (waitingFor !== undefined) return { kind: "waiting", unit, waitingFor };
  return { kind: "ready", unit, ...(typeof subnet === "object" ? { subnet } : {}) };
}

/** The subnet file's contents, or what is still wrong with it; undefined where none is expected. */
function readSubnet(
  { subnetFile, networks }: Expectation,
  unit: UnitState,
): SubnetEnv | string | undefined {
  if (subnetFile === undefined) return undefined;
  const file = tryReadFile(subnetFile);
  if (file === undefined) return `${subnetFile}, which does not exist`;
  // flanneld only warns when it cannot write the file, and is "ready" with the old one.
  const writtenAtMs = tryChangeTime(subnetFile) ?? 0;
  if (writtenAtMs < toWallClockMs(unit.startedAtUs) - CLOCK_SLACK_MS) {
    return `${subnetFile} to be written by the new process`;
  }
  const subnet = parseSubnetEnv(file.content);
  const fault = findSubnetFault(subnet, networks ?? {});
  return fault === undefined ? subnet : `${subnetFile} to fit, but it ${fault}`;
}

function findMissingDevice(devices: readonly string[]): string | undefined {
  for (const device of devices) {
    const isUp = tryIsUp(device);
    if (isUp === undefined) return `network device ${device}, which does not exist`;
    if (!isUp) return `network device ${device} to be up`;
  }
  return undefined;
}

function healthUrlOf(ip: string, port: string): string {
  // The wildcard addresses are no place to connect to.
  const host = ip === "" || ip === "0.0.0.0" ? "127.0.0.1" : ip === "::" ? "::1" : ip;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/healthz`;
}

async function findHealthFault(url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  const status = await tryGetStatus(url);
  if (status === 200) return undefined;
  return `${url} to answer 200, it gives ${status ?? "no answer"}`;
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
