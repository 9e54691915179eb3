// Watches the effects of a module from outside, to compare what its result tells with.

import { type Change, type Module, type Plan } from "../../../src/ansible/module";

/** What a run was seen to plan and to do. */
export interface Seen {
  /** Of the last plan. */
  planned: readonly Change[];
  /** In the order in which they were done. */
  readonly done: Change[];
}

/** The module, and a record of what it plans and does that the loop has no hand in. */
export function watch<Options, Declared, Observed, P extends Plan, Outcome>(
  module: Module<Options, Declared, Observed, P, Outcome>,
): { readonly watched: Module<Options, Declared, Observed, P, Outcome>; readonly seen: Seen } {
  const seen: Seen = { planned: [], done: [] };
  const verbs = module.verbs();
  const watchedVerbs: typeof verbs = {
    ...verbs,
    plan: (declared, observed, context) => {
      const plan = verbs.plan(declared, observed, context);
      seen.planned = plan.changes;
      return plan;
    },
    apply: async (change, outcome, run) => {
      const entered: Change[] = [];
      const result = await verbs.apply(change, outcome, {
        ...run,
        record: (entry) => {
          entered.push(entry);
          seen.done.push(entry);
          run.record(entry);
        },
        revoke: (entry) => {
          const index = seen.done.lastIndexOf(entry);
          if (index >= 0) seen.done.splice(index, 1);
          run.revoke(entry);
        },
      });
      if (entered.length === 0) seen.done.push(change);
      return result;
    },
  };
  return { watched: { ...module, verbs: () => watchedVerbs }, seen };
}
