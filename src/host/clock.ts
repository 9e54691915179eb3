// The monotonic clock, which systemd and the kernel date processes with.

/** Microseconds since some moment before the system was up. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A moment of the monotonic clock (microseconds) as wall clock time (milliseconds), as of now. */
export function toWallClockMs(momentUs: number): number {
  return Date.now() - (monotonicUs() - momentUs) / 1000;
}
