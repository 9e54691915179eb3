// Faults of flannel_etcd_config.

import { type Mutant, mutantsOf } from "./mutant";

export const FLANNEL_ETCD_CONFIG: readonly Mutant[] = [
  ...mutantsOf("src/modules/flannel_etcd_config/plan.ts", [
    [
      "the network of running daemons is broken",
      "if (declared.allowsDisruption) {",
      "if (damage.length > 0) {",
    ],
    [
      "the guard looks at the old text alone",
      "const damage = isChange ?",
      "const damage = isChange && stored?.reading.config !== undefined ?",
    ],
    [
      "what was allowed is not told",
      "warnings: [...(planned.warnings ?? []), told]",
      "warnings: planned.warnings",
    ],
    [
      "somebody else's configuration is written over",
      "if (observed.raced && !isBegun(observed, write.value)) {",
      "if (false) {",
    ],
    ["a conflict is kept in silence", 'if (declared.ifExists === "fail") {', "if (false) {"],
    [
      "leases go that nobody wanted to purge",
      "...(declared.purgesLeases ? leases.map((lease) => purgeLease(lease)) : [])",
      "...leases.map((lease) => purgeLease(lease))",
    ],
    [
      "leases go before the configuration",
      "const changes = [\n    ...(stored === undefined ? [] : [removeConfig(observed)]),",
      "const changes = [\n    ...leases.map((lease) => purgeLease(lease)),\n    ...(stored === undefined ? [] : [removeConfig(observed)]),",
    ],
    [
      "a configuration in v2 is taken over unasked",
      "declared.migratesFromV2 ? elsewhere",
      "true ? elsewhere",
    ],
    [
      "faults are told of what is written over",
      "if (stored === undefined || changes.length > 0) return [];",
      "if (stored === undefined) return [];",
    ],
    [
      "a changed configuration needs no restart",
      "restartRequired: true,",
      "restartRequired: false,",
    ],
    [
      "a refusal is only a warning in check mode",
      "{ code, message, lasting: true }",
      "{ code, message }",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_etcd_config/settle.ts", [
    [
      "a change is settled that nobody has told of",
      "outcomes.size > 0 && hosts.every",
      "hosts.every",
    ],
    [
      "a change is settled before all hosts have told",
      "hosts.every((host) => outcomes.has(host))",
      "true",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_etcd_config/apply.ts", [
    ["a lease that is renewed is given up", "tries < MAX_TRIES; tries++", "tries < 1; tries++"],
    [
      "a lease that had ended counts as removed",
      "if (before === undefined) return false;",
      "if (before === undefined) return true;",
    ],
    [
      "an ended lease is told as still there",
      "ended: [...outcome.ended, change.lease.key]",
      "ended: outcome.ended",
    ],
    [
      "the new revision is not told",
      "return { ...outcome, revision: await changeKey(store, { key, before, after: change.value }) };",
      "await changeKey(store, { key, before, after: change.value });\n      return outcome;",
    ],
    [
      "every fault of etcd is a lost race",
      "if (error instanceof StaleObservationError) return false;",
      "if (error instanceof Error) return false;",
    ],
  ]),
  ...mutantsOf(
    "src/modules/flannel_etcd_config/report.ts",
    [
      [
        "a refused change needs a restart",
        "plan.restartRequired && told.changes.length > 0",
        "plan.restartRequired",
      ],
      [
        "a removed configuration is told as there",
        'if (change.kind === "remove") return undefined;',
        "",
      ],
      [
        "the old revision is told of the new text",
        "revision: outcome.revision, config",
        "revision: stored?.revision, config",
      ],
      [
        "purged leases are told as held",
        "gone = new Set([...purged, ...outcome.ended,",
        "gone = new Set([...outcome.ended,",
      ],
      ["the own store is the other one", "found.api !== api", "found.api === api"],
    ],
    [
      "test/unit/modules/flannel_etcd_config/report.test.ts",
      "test/unit/modules/flannel_etcd_config/apply.test.ts",
    ],
  ),
];
