// Faults of flannel_unit.

import { type Mutant, mutantsOf } from "./mutant";

/** Starts and ways back, through a scripted systemd. */
const EFFECTS = ["test/bundle/flannel_unit-effects.test.ts"];

const PURE = [
  ...mutantsOf("src/modules/flannel_unit/plan.ts", [
    [
      "the environment file goes while systemd needs it",
      "...planReload(declared, observed, writes),\n    // Only when systemd knows that the unit no longer names the environment file may it go.\n    ...(texts.environment === undefined\n      ? planRemove({ path: environmentPath }, environment, maskValues)\n      : []),",
      "...(texts.environment === undefined\n      ? planRemove({ path: environmentPath }, environment, maskValues)\n      : []),\n    ...planReload(declared, observed, writes),",
    ],
    ["the environment file is for all to read", "mode: SECRET_MODE }", "mode: UNIT_MODE }"],
    [
      "secrets are shown in a diff",
      "planWrite(secrets, files.environment, maskValues)",
      "planWrite(secrets, files.environment)",
    ],
    ["links of before stay", 'links.length === 0 ? "enable" : "reenable"', '"enable"'],
    [
      "a change that starts nothing is refused",
      "...(starts ? refuseVital(observed.lacks) : []),",
      "...refuseVital(observed.lacks),",
    ],
    [
      "nobody hears what a start would lack",
      "...(wantsRunning ? warnOfLacks(observed.lacks, starts) : []),",
      "",
    ],
    [
      "a daemon that is restarted again and again counts as running",
      'systemd?.activeState === "active" && daemon',
      "daemon",
    ],
    [
      "a request to restart is forgotten",
      'return ["requested: state is restarted", ...reasons];',
      "return reasons;",
    ],
  ]),
  ...mutantsOf(
    "src/modules/flannel_unit/refusals.ts",
    [["a mask is undone", 'if (systemd?.loadState !== "masked") return [];', "return [];"]],
    ["test/unit/modules/flannel_unit/plan.test.ts"],
  ),
  ...mutantsOf("src/modules/flannel_unit/restart-reasons.ts", [
    [
      "a daemon keeps another subnet than is reserved for it",
      "if (subnet === undefined || !isUp) return [];",
      "return [];",
    ],
    [
      "a daemon that has just ended has no reason to",
      '["active", "activating"].includes',
      '["active"].includes',
    ],
  ]),
  ...mutantsOf("src/modules/flannel_unit/removal.ts", [
    ["a running daemon loses its unit", "...planStop(declared, observed),", ""],
    ["other people's files go with the folder", "folder?.names.every(", "folder?.names.some("],
  ]),
  ...mutantsOf("src/modules/flannel_unit/changes.ts", [
    ["any group may own a file", " && before.gid === 0;", ";"],
    [
      "a secret that changes looks as if it did not",
      "old === next ? next.replaceAll(",
      "false ? next.replaceAll(",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_unit/secrets.ts", [
    [
      "secrets of network_config are unknown",
      "allSecretsIn([options.backend, options.network_config])",
      "allSecretsIn([options.backend])",
    ],
    [
      "secrets in variables are unknown",
      "...valuesOf(options.environment, secretVariables(names)),",
      "",
    ],
    [
      "an environment file of somebody else is shown",
      "if (line === ENVIRONMENT_HEADING) return line;",
      'if (line.startsWith("#")) return line;',
    ],
  ]),
  ...mutantsOf("src/modules/flannel_unit/residue.ts", [
    [
      "a purge without a subnet file leaves rules",
      "[subnet.network, declared.network]",
      "[subnet.network]",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_unit/hardening.ts", [
    ["the sandbox takes the network away", '"CAP_NET_ADMIN CAP_NET_RAW', '"CAP_NET_RAW'],
  ]),
  ...mutantsOf("src/modules/flannel_unit/ready.ts", [
    [
      "a daemon is ready at the first look",
      "if (nowMs - settled.sinceMs >= memory.settleMs)",
      "if (true)",
    ],
    [
      "another process has settled, too",
      "memory.settled?.pid === pid ? memory.settled",
      "memory.settled ? memory.settled",
    ],
    ["deaths of before the start count", "restarts > fewestRestarts;", "restarts > 0;"],
    ["a death is no answer, however often", "if (isDeadAgain) return", "if (false) return"],
    [
      "a device that went counts as there",
      "{ ...memory, settled: undefined, fewestRestarts",
      "{ ...memory, fewestRestarts",
    ],
    ["the old process has all the time", " && nowMs < memory.stopDeadlineMs;", ";"],
    [
      "the old process takes the new one's time",
      'unit?.activeState === "deactivating" &&',
      "false &&",
    ],
    [
      "a daemon that dies between the looks is waited for without end",
      "if (nowMs > memory.deadlineMs + memory.settleMs) {",
      "if (false) {",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_unit/cni-plugins.ts", [
    ["a plugin that anybody may have written is run", "(file.mode & 0o022) === 0", "true"],
    ["a directory is a plugin", "file?.isFile === true &&", "file !== undefined &&"],
    [
      "a plugin that the play brings is missed",
      "!isThere && !replaced.has(",
      "!isThere || replaced.has(",
    ],
  ]),
];

const EFFECTIVE = [
  ...mutantsOf(
    "src/modules/flannel_unit/start.ts",
    [
      [
        "a start that failed is not told",
        "run.record(change);",
        "",
        "explains a first start that fails",
      ],
      [
        "systemd's count of failures stands in the way",
        'if (observed.systemd?.activeState === "failed") await systemctl(["reset-failed", unitName]);',
        "",
        "explains a first start that fails",
      ],
      [
        "a start is waited for although none should",
        "if (ready.timeoutMs === 0) return",
        "if (false) return",
        "waits for nothing when told so",
      ],
      [
        "a start is taken for done",
        'if (verdict.kind !== "ready") {',
        "if (false) {",
        "explains a first start that fails",
      ],
    ],
    EFFECTS,
  ),
  ...mutantsOf(
    "src/modules/flannel_unit/rollback.ts",
    [
      [
        "the way back is gone against all wishes",
        "if (!declared.wayBack.isWanted) return",
        "if (false) return",
        "does not go back to what",
      ],
      [
        "what was put back is not told",
        "run.record(putBack(step.what));",
        "",
        "puts the program back",
      ],
      [
        "the start on the way back is not told",
        "run.record(startAgain(unitName));",
        "",
        "puts the program back",
      ],
      [
        "a way back that failed hides the reason",
        "return `the rollback failed too: ${messageOf(error)}`;",
        "throw error;",
        "tells of a way back that fails too",
      ],
    ],
    EFFECTS,
  ),
  ...mutantsOf(
    "src/modules/flannel_unit/put-back.ts",
    [
      [
        "the way back leads to the same daemon",
        "if (!isOtherUnit && !isOtherEnvironment && confSteps.length === 0) return [];",
        "",
        "does not go back to what",
      ],
      [
        "a file goes that systemd still needs",
        "isLate: environment === undefined,",
        "isLate: false,",
        "takes a new environment file away again",
      ],
    ],
    EFFECTS,
  ),
];

export const FLANNEL_UNIT: readonly Mutant[] = [...PURE, ...EFFECTIVE];
