// What an apply of flannel_install enters into the journal of its run.

import { type Run } from "../../src/ansible/module";
import { type Change } from "../../src/modules/flannel_install/changes";
import { type Declared, declare } from "../../src/modules/flannel_install/declare";
import { type Observed, observe } from "../../src/modules/flannel_install/observe";
import { type Plan, plan } from "../../src/modules/flannel_install/plan";
import { type Options, optionsWith } from "./flannel-install-scenes";

/** A run on this very host, up to its plan; its journal is what was entered. */
export class RealRun implements Run<Declared, Observed, Plan> {
  readonly journal: Change[] = [];
  readonly revoked: Change[] = [];

  private constructor(
    readonly declared: Declared,
    readonly observed: Observed,
    readonly plan: Plan,
  ) {}

  static async of(options: Options): Promise<RealRun> {
    const account = { owner: String(process.getuid?.()), group: String(process.getgid?.()) };
    const declared = declare(optionsWith({ ...account, ...options }));
    const observed = await observe(declared);
    return new RealRun(declared, observed, plan(declared, observed));
  }

  readonly record = (change: Change): void => {
    this.journal.push(change);
  };

  readonly revoke = (change: Change): void => {
    this.revoked.push(change);
  };

  get summaries(): readonly string[] {
    return this.journal.map(({ summary }) => summary);
  }

  /** The planned change of this kind. Throws when there is none. */
  change<K extends Change["kind"]>(kind: K): Extract<Change, { kind: K }> {
    const found = this.plan.changes.find((change) => change.kind === kind);
    if (found === undefined) throw new Error(`nothing to ${kind}`);
    return found as Extract<Change, { kind: K }>;
  }
}
