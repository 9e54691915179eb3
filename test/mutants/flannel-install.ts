// Faults of flannel_install.

import { type Mutant, mutantsOf } from "./mutant";

export const FLANNEL_INSTALL: readonly Mutant[] = [
  ...mutantsOf("src/modules/flannel_install/plan.ts", [
    ["a binary for another CPU is right", "binary.arch === source.arch &&", ""],
    [
      "a binary with a wrong checksum is right",
      "isExpected(binary, origins, digest) !== false;",
      "true;",
    ],
    [
      "a link is kept as the previous version",
      "if (binary?.version === undefined || binary.isLink) return undefined;",
      "if (binary?.version === undefined) return undefined;",
    ],
    [
      "a version is kept beside itself",
      "if (version === tagOf(source.version)) return undefined;",
      "",
    ],
    [
      "a mirror may not have what flannel never released",
      "src !== undefined || !onlyOfficial ||",
      "src !== undefined ||",
    ],
    [
      "one previous version too many is kept",
      "goal.wanted.keep - (replaced === undefined ? 0 : 1)",
      "goal.wanted.keep",
    ],
    [
      "the record goes before the files it tells of",
      "[paths.binary, ...ours, paths.origin]",
      "[paths.origin, paths.binary, ...ours]",
    ],
    [
      "somebody else's script is removed",
      "installed.origins[MK_DOCKER_OPTS] === undefined ? [] : [paths.script]",
      "[paths.script]",
    ],
    ["another group is right", "state.uid === uid && state.gid === gid", "state.uid === uid"],
    [
      "an unverified binary is installed without a word",
      "warnings: installs && source.checksum === undefined",
      "warnings: false",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_install/place.ts", [
    [
      "another run's binary is kept as the previous one",
      "if (ino !== installed.binary?.inode) {",
      "if (false) {",
    ],
    [
      "a failure leaves its record",
      "for (const step of undo) await step().catch(() => undefined);",
      "void undo;",
    ],
    [
      "the daemon is there before its script",
      "of [MK_DOCKER_OPTS, DAEMON] as const) {",
      "of [DAEMON, MK_DOCKER_OPTS] as const) {",
    ],
    [
      "what was placed before a failure is not told",
      "if (placed.length > 0) record(",
      "if (placed.length > 1) record(",
    ],
    ["half an installation is told as a whole", "isWhole ? change :", "true ? change :"],
    [
      "a version kept before is taken away",
      "isNew ? rm(path, { force: true }) : Promise.resolve()",
      "rm(path, { force: true })",
    ],
  ]),
  ...mutantsOf("src/host/download/resume.ts", [
    ["parts of two files are put together", "isSame && isAsLong ? range", "isAsLong ? range"],
    ["parts of files of two lengths, too", "isSame && isAsLong ? range", "isSame ? range"],
    ["a date of this second is as good as a tag", ">= SETTLED_MS", ">= 0"],
  ]),
  ...mutantsOf("src/host/download/download.ts", [
    ["parts that do not fit are the end", "transfer.isJoined && !isLastChance", "false"],
    [
      "parts that do not fit are tried for ever",
      "if (mayHaveMixed) isLastChance = true;",
      "if (mayHaveMixed) isLastChance = false;",
    ],
    [
      "a wait may be longer than the deadline",
      "if (waitMs >= settings.deadline.remainingMs())",
      "if (false)",
    ],
    [
      "the last look does not count",
      "await wanted.check?.(download).catch(",
      "await Promise.resolve().catch(",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_install/apply.ts", [
    ["a failed installation leaves its directories", "await uncreate(run);", ""],
    [
      "a directory that stays is told as never made",
      "run.revoke(creation);\n  if (left.length > 0)",
      "run.revoke(creation);\n  if (false)",
    ],
    [
      "a program is installed that nobody tried",
      "version: await verifyBinary(binary, source, observed.cpu, asset.source)",
      "version: undefined",
    ],
    [
      "staged files are left",
      "for (const path of mine) await rm(path, { force: true });",
      "void mine;",
    ],
    [
      "files come with any mode",
      "for (const path of Object.values(staged)) await prepare(path, attributes);",
      "void prepare;",
    ],
  ]),
];
