// Waits until a started daemon really carries pods, or it is clear that it will not.

import { monotonicMs } from "../../host/clock";
import { type UnitState } from "../../host/systemd";
import { type Expectation, type Probe, probeStart } from "./probe";

/** How a start ended. `waitingFor` says what was still missing. */
export type Verdict = { readonly kind: "ready"; readonly unit: UnitState } | Failure;

export interface Failure {
  readonly kind: "failed" | "timeout";
  readonly unit: UnitState | undefined;
  readonly waitingFor: string;
}

/** What is to be kept in mind between two looks. Moments are those of the monotonic clock. */
export interface Memory {
  readonly timeoutMs: number;
  readonly settleMs: number;
  readonly deadlineMs: number;
  /** Until then, the old process may be stopping. */
  readonly stopDeadlineMs: number;
  /** The process that has everything, and since when. */
  readonly settled: { readonly pid: number; readonly sinceMs: number } | undefined;
  readonly fewestRestarts: number;
}

export type Judgement = { readonly kind: "wait"; readonly memory: Memory } | Verdict;

const POLL_MS = 250;
/** systemd kills a process that does not stop after 90 s, unless the unit says otherwise. */
export const STOP_LIMIT_MS = 100_000;

/**
 * Polls until the daemon is ready and stays the same process over the settling time. `sinceUs` is
 * a moment (`monotonicUs`) before the start was asked for: an older process does not count. The
 * invocations of the unit that came by are added to `seen`, oldest first.
 */
export async function awaitReady(
  expected: Expectation,
  sinceUs: number,
  seen = new Set<string>(),
): Promise<Verdict> {
  let memory = beginWaiting(expected, monotonicMs());
  for (;;) {
    const probe = await probeStart(expected, sinceUs);
    if (probe.unit !== undefined) seen.add(probe.unit.invocationId);
    const judgement = judge(probe, memory, monotonicMs());
    if (judgement.kind !== "wait") return judgement;
    ({ memory } = judgement);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The memory of somebody who has not looked yet. */
export function beginWaiting(
  { timeoutMs, settleMs }: Pick<Expectation, "settleMs" | "timeoutMs">,
  nowMs: number,
): Memory {
  return {
    timeoutMs,
    settleMs,
    deadlineMs: nowMs + timeoutMs,
    stopDeadlineMs: nowMs + STOP_LIMIT_MS,
    settled: undefined,
    fewestRestarts: Number.POSITIVE_INFINITY,
  };
}

/** What a look means after all the looks before it. */
export function judge(probe: Probe, memory: Memory, nowMs: number): Judgement {
  return probe.kind === "up"
    ? judgeRunning(probe.unit, memory, nowMs)
    : judgeMissing(probe, memory, nowMs);
}

function judgeRunning(unit: UnitState, memory: Memory, nowMs: number): Judgement {
  const { mainPid: pid } = unit;
  const settled = memory.settled?.pid === pid ? memory.settled : { pid, sinceMs: nowMs };
  if (nowMs - settled.sinceMs >= memory.settleMs) return { kind: "ready", unit };
  // One that dies and comes back between the looks would be waited for without end.
  if (nowMs > memory.deadlineMs + memory.settleMs) {
    const waitingFor = `the daemon to stay the same process for ${memory.settleMs / 1000} s`;
    return { kind: "timeout", unit, waitingFor };
  }
  return { kind: "wait", memory: { ...memory, settled } };
}

function judgeMissing(
  { kind, unit, waitingFor }: Exclude<Probe, { kind: "up" }>,
  memory: Memory,
  nowMs: number,
): Judgement {
  if (kind === "failed") return { kind, unit, waitingFor };
  const restarts = unit?.restarts ?? 0;
  const fewestRestarts = Math.min(memory.fewestRestarts, restarts);
  // One death may be bad luck (etcd was just restarting); the second one is an answer.
  const isDeadAgain = isWaitingForRestart(unit) && restarts > fewestRestarts;
  if (isDeadAgain) return { kind: "failed", unit, waitingFor };
  const deadlineMs = deadlineOf(unit, memory, nowMs);
  if (nowMs > deadlineMs) return { kind: "timeout", unit, waitingFor };
  return { kind: "wait", memory: { ...memory, settled: undefined, fewestRestarts, deadlineMs } };
}

/**
 * A flanneld told to stop while it starts may hang until systemd kills it; that is not the new one's
 * time.
 */
function deadlineOf(unit: UnitState | undefined, memory: Memory, nowMs: number): number {
  const isStopping = unit?.activeState === "deactivating" && nowMs < memory.stopDeadlineMs;
  return isStopping ? nowMs + memory.timeoutMs : memory.deadlineMs;
}

function isWaitingForRestart(unit: UnitState | undefined): boolean {
  return unit?.subState.startsWith("auto-restart") === true;
}
