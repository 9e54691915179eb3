// The points at which a program is killed, tried some at a time and counted.

import { type Moment } from "./system-calls";
import { stride, tally } from "./tally";

/** More at a time do not help on two cores. */
const AT_ONCE = 2;

/** Tries a point; false when the program came to its end before. */
export type TryPoint<Point> = (point: Point) => Promise<boolean>;

/** Tries every moment of these calls, until the program makes no more of them. Returns how many there were. */
export async function tryEachCall(
  calls: readonly string[],
  tryPoint: TryPoint<Moment>,
): Promise<number> {
  let points = 0;
  for (const call of calls) {
    for (let first = 1; ; first += AT_ONCE * stride()) {
      const moments = Array.from({ length: AT_ONCE }, (_, index) => ({
        call,
        nth: first + index * stride(),
      }));
      const killed = await tryAtOnce(moments, tryPoint);
      points += killed;
      if (killed < moments.length) break;
    }
  }
  return points;
}

/** Tries each of these points. Returns how many of them were reached. */
export async function tryEach<Point>(
  all: readonly Point[],
  tryPoint: TryPoint<Point>,
): Promise<number> {
  const wanted = all.filter((_, index) => index % stride() === 0);
  let points = 0;
  for (let first = 0; first < wanted.length; first += AT_ONCE) {
    points += await tryAtOnce(wanted.slice(first, first + AT_ONCE), tryPoint);
  }
  return points;
}

async function tryAtOnce<Point>(
  points: readonly Point[],
  tryPoint: TryPoint<Point>,
): Promise<number> {
  // Each to its end, also where another one fails: it has a host to put away.
  const outcomes = await Promise.allSettled(points.map(tryPoint));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  const killed = outcomes.filter((one) => one.status === "fulfilled" && one.value).length;
  tally(killed);
  return killed;
}
