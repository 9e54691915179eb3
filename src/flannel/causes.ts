// Why a flanneld does not come up, recognised in its own log lines.

import { ETCD_CAUSES } from "./cause-rules/etcd";
import { HOST_CAUSES } from "./cause-rules/host";
import { KUBERNETES_CAUSES } from "./cause-rules/kubernetes";
import { type Cause, type CauseRule } from "./cause-rules/rule";
import { SYSTEMD_CAUSES } from "./cause-rules/systemd";

export { type Cause } from "./cause-rules/rule";

/** In the order in which a line is held against them: the particular before the general. */
export const CAUSE_RULES: readonly CauseRule[] = [
  ...KUBERNETES_CAUSES,
  ...SYSTEMD_CAUSES,
  ...ETCD_CAUSES,
  ...HOST_CAUSES,
];

/** Since 0.18 flannel waits for etcd without a word: these are then its last ones. */
const SILENT = /Installing signal handlers\s*$/;

const ETCD_SILENT: CauseRule = {
  name: "etcd-silent",
  pattern: SILENT,
  cause: "etcd does not answer, and flannel keeps waiting for it",
  remedy:
    "check that etcd runs, that every address in etcd-endpoints can be reached from this host, and the certificates on both sides",
};

/**
 * The cause that these lines, oldest first, speak of: none or one. The last line that is known
 * decides, for what stops a daemon is what it says last; what merely follows from something else
 * counts only where nothing else is known.
 */
export function recogniseCauses(lines: readonly string[]): readonly Cause[] {
  const rule = recogniseRule(lines);
  return rule === undefined ? [] : [{ cause: rule.cause, remedy: rule.remedy }];
}

/** The rule behind `recogniseCauses`. */
export function recogniseRule(lines: readonly string[]): CauseRule | undefined {
  const rules = CAUSE_RULES.filter(({ unless }) => !lines.some((line) => unless?.test(line)));
  const found = lines.flatMap((line) => rules.find(({ pattern }) => pattern.test(line)) ?? []);
  const last = found.filter(({ isConsequence }) => isConsequence !== true).at(-1) ?? found.at(-1);
  return last ?? (SILENT.test(lines.at(-1) ?? "") ? ETCD_SILENT : undefined);
}
