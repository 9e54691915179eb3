// "Did you mean": the nearest known name, for options, flags and configuration keys.

/** Nobody mistypes a name of this length by a letter; comparing costs the product of the lengths. */
const MAX_LENGTH = 64;
/** More than any table of names here; a document of others must not cost a second. */
const MAX_KNOWN = 500;

/** The known name closest to `name`, or undefined when none is close enough to be a typo. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const wanted = normalise(name);
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  let asked = 0;
  for (const candidate of known) {
    if (asked++ === MAX_KNOWN) break;
    const distance = distanceBelow(bestDistance, wanted, normalise(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `, did you mean "x"?` or an empty string; to be put behind a message. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `, did you mean "${nearest}"?`;
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/[-_.\s]/g, "");
}

/** Most candidates need no closer look: they have too many letters that the name lacks, or lack too many of its. */
function distanceBelow(limit: number, a: string, b: string): number {
  return countStrangers(a, b) < limit && countStrangers(b, a) < limit ? editDistance(a, b) : limit;
}

/** How many letters of `a` are left when those of `b` are taken away; no edit takes away two. */
function countStrangers(a: string, b: string): number {
  let count = 0;
  let rest = b;
  for (const letter of a) {
    if (rest.includes(letter)) rest = rest.replace(letter, () => "");
    else count += 1;
  }
  return count;
}

/** Optimal string alignment distance: insert, delete, replace and swap of neighbours cost one. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + cost,
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped)
        best = Math.min(best, at(beforePrevious, column - 2) + 1);
      current.push(best);
    }
    [beforePrevious, previous] = [previous, current];
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
