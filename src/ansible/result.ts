// The parts of a result that are the same for all modules.

import { type Change, type Diff } from "./module";

export type Result = Readonly<Record<string, unknown>>;

/** A failing result names this many of the changes that were made before. */
const NAMED_CHANGES = 10;

/** "\nalready done: ...", to be put behind the message of a failure; empty when nothing was done. */
export function describeDone(journal: readonly Change[]): string {
  if (journal.length === 0) return "";
  const named = journal.slice(0, NAMED_CHANGES).map(({ summary }) => summary);
  const more = journal.length - named.length;
  return `\nalready done: ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

/** The diffs of all changes; neighbours about one thing are shown as one. */
export function joinDiffs(changes: readonly Change[]): readonly Diff[] {
  const diffs: Diff[] = [];
  for (const { diff } of changes) {
    if (diff === undefined) continue;
    const last = diffs.at(-1);
    if (last !== undefined && isJoinable(last, diff)) {
      const { before, after } = last;
      diffs.splice(-1, 1, { ...last, before: before + diff.before, after: after + diff.after });
    } else diffs.push(diff);
  }
  return diffs;
}

function isJoinable(one: Diff, other: Diff): boolean {
  return one.before_header === other.before_header && one.after_header === other.after_header;
}

/** What a documented key holds where a run has not come to know it. */
export function nullsFor(names: readonly string[]): Result {
  return Object.fromEntries(names.map((name) => [name, null]));
}
