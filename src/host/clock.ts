// The monotonic clock, which systemd and the kernel date processes with, and which nobody sets: what waits, waits by it.

/** Microseconds since some moment before the system was up. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** The same in milliseconds. Not `performance.now()`: its first use loads node:perf_hooks, which takes 5 ms. */
export function monotonicMs(): number {
  return monotonicUs() / 1000;
}

/** A moment of the monotonic clock (microseconds) as wall clock time (milliseconds), as of now. */
export function toWallClockMs(momentUs: number): number {
  return Date.now() - (monotonicUs() - momentUs) / 1000;
}
