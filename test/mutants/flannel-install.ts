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
  ...mutantsOf("src/modules/flannel_install/apply.ts", [
    ["a failed installation leaves its directories", "await uncreate(run);", ""],
    [
      "a directory that stays is told as never made",
      "run.revoke(creation);\n  if (left.length > 0)",
      "run.revoke(creation);\n  if (false)",
    ],
    [
      "a program is installed that nobody tried",
      ": await verifyBinary(binary, change.source, run.observed.cpu, asset.source);",
      ": undefined;",
    ],
    [
      "staged files are left",
      "for (const path of mine) await rm(path, { force: true });",
      "void mine;",
    ],
    [
      "files come with any mode",
      "for (const path of Object.values(staged)) await prepare(path, change.attributes);",
      "void prepare;",
    ],
  ]),
];
