// One look at a daemon that is being started: what it has brought about, and what is still missing.

import { type PodNetworks, findSubnetFault, parseSubnetEnv } from "../../flannel/subnet-env";
import { tryReadFile } from "../../host/atomic-file";
import { toWallClockMs } from "../../host/clock";
import { tryIsUp } from "../../host/network";
import { tryChangeTime } from "../../host/proc";
import { type UnitState, tryShowUnit } from "../../host/systemd";

/** What a daemon must have brought about to be called ready. */
export interface Expectation {
  readonly unitName: string;
  readonly timeoutMs: number;
  readonly settleMs: number;
  readonly subnet?: { readonly path: string; readonly networks: PodNetworks };
  readonly devices?: readonly string[];
  readonly healthUrl?: string;
}

/** What one look has found. `waitingFor` says what is still missing. */
export type Probe =
  | { readonly kind: "up"; readonly unit: UnitState }
  | {
      readonly kind: "waiting" | "failed";
      readonly unit: UnitState | undefined;
      readonly waitingFor: string;
    };

/** The subnet file as it is found. */
export interface SubnetFile {
  readonly content: string;
  /** Wall clock, milliseconds. */
  readonly writtenAtMs: number;
}

const HEALTHZ_TIMEOUT_MS = 2000;
/** File dates come from a clock that ticks in steps of up to 10 ms. */
const CLOCK_SLACK_MS = 100;

/** Looks once. `sinceUs` is a moment before the start was asked for: an older process does not count. */
export async function probeStart(expected: Expectation, sinceUs: number): Promise<Probe> {
  const unit = tryShowUnit(expected.unitName);
  const early = judgeUnit(unit, sinceUs);
  if (early !== undefined || unit === undefined) return early ?? SILENT;
  const waitingFor =
    findSubnetProblem(expected.subnet, toWallClockMs(unit.startedAtUs)) ??
    findDeviceFault(expected.devices ?? [], tryIsUp) ??
    (await findHealthFault(expected.healthUrl));
  return waitingFor === undefined ? { kind: "up", unit } : { kind: "waiting", unit, waitingFor };
}

const SILENT: Probe = { kind: "waiting", unit: undefined, waitingFor: "systemd to answer" };

/** What the unit alone tells; undefined when its new process runs. */
export function judgeUnit(unit: UnitState | undefined, sinceUs: number): Probe | undefined {
  if (unit === undefined) return SILENT;
  const isRunning = unit.activeState === "active" && unit.mainPid !== 0;
  if (isRunning && !unit.hasJob && unit.startedAtUs >= sinceUs) return undefined;
  const isFailed = unit.activeState === "failed" && !unit.hasJob;
  const waitingFor = `the unit to be active, it is ${unit.activeState} (${unit.subState})`;
  return { kind: isFailed ? "failed" : "waiting", unit, waitingFor };
}

function findSubnetProblem(
  expected: Expectation["subnet"],
  startedAtMs: number,
): string | undefined {
  if (expected === undefined) return undefined;
  const { path, networks } = expected;
  const content = tryReadFile(path)?.content;
  const file =
    content === undefined ? undefined : { content, writtenAtMs: tryChangeTime(path) ?? 0 };
  return judgeSubnetFile(path, file, networks, startedAtMs);
}

/** What is wrong with the subnet file of a process that was started then; undefined: nothing. */
export function judgeSubnetFile(
  path: string,
  file: SubnetFile | undefined,
  networks: PodNetworks,
  startedAtMs: number,
): string | undefined {
  if (file === undefined) return `${path}, which does not exist`;
  // flanneld only warns when it cannot write the file, and is "ready" with the old one.
  if (file.writtenAtMs < startedAtMs - CLOCK_SLACK_MS) {
    return `${path} to be written by the new process`;
  }
  const fault = findSubnetFault(parseSubnetEnv(file.content), networks);
  return fault === undefined ? undefined : `${path} to fit, but it ${fault}`;
}

/** The first device that is not there, or not up; undefined: all are. */
export function findDeviceFault(
  devices: readonly string[],
  tryLook: (device: string) => boolean | undefined,
): string | undefined {
  for (const device of devices) {
    const isUp = tryLook(device);
    if (isUp === undefined) return `network device ${device}, which does not exist`;
    if (!isUp) return `network device ${device} to be up`;
  }
  return undefined;
}

/** What healthz gives instead of 200; undefined where it gives that, or is not asked. */
export async function findHealthFault(url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  const status = await tryGetStatus(url);
  if (status === 200) return undefined;
  return `${url} to answer 200, it gives ${status ?? "no answer"}`;
}

async function tryGetStatus(url: string): Promise<number | undefined> {
  const { get } = await import("node:http");
  return await new Promise((resolve) => {
    // localhost may have two addresses, and the daemon listens on one.
    const options = { agent: false, autoSelectFamily: true, timeout: HEALTHZ_TIMEOUT_MS };
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => {
      resolve(undefined);
    });
  });
}
