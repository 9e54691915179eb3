// What grows on hosts: numbers that are measured round after round, and whether they climb.

/** Numbers by name: "worker-1 routes". */
export type Measures = Readonly<Record<string, number>>;

interface Allowed {
  /** Share of its first value by which a number may have grown at the end; for memory. */
  readonly share?: number;
}

/** At least so many rounds say something. */
export const FEWEST_ROUNDS = 4;

/**
 * "worker-1 files: 30 at first, 52 in the end" of each number that climbs: the median of the last third of the rounds
 * lies above that of the first third by more than one in four rounds, as what leaks in every round does.
 */
export function findGrowth(
  rounds: readonly Measures[],
  allowed: (name: string) => Allowed = () => ({}),
): readonly string[] {
  const third = Math.max(1, Math.floor(rounds.length / 3));
  return Object.keys(rounds[0] ?? {}).flatMap((name) => {
    const values = rounds.map((round) => round[name] ?? 0);
    const [first, last] = [medianOf(values.slice(0, third)), medianOf(values.slice(-third))];
    const room = Math.max(rounds.length / 4, first * (allowed(name).share ?? 0));
    return last - first > room ? [`${name}: ${first} at first, ${last} in the end`] : [];
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
