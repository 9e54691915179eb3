// For the two places where the process has nothing better to do than to wait for a pipe.

/** Stops this thread for a while. */
export function sleepBlocking(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
