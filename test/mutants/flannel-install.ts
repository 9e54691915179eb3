// Faults of flannel_install.

import { type Mutant, mutantsOf } from "./mutant";

export const FLANNEL_INSTALL: readonly Mutant[] = [
  ...mutantsOf("src/modules/flannel_install/plan.ts", [
    [
      "a script comes from a kept binary",
      "files.includes(MK_DOCKER_OPTS) ? undefined : observed.wayBack",
      "observed.wayBack",
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
      "const files = [\n    ...(isForeign ? [] : [paths.binary]),",
      "const files = [\n    paths.origin,\n    ...(isForeign ? [] : [paths.binary]),",
    ],
    ["somebody else's script is removed", "...(isOurs ? [paths.script] : [])", "paths.script"],
    ["another group is right", "state.uid === uid && state.gid === gid", "state.uid === uid"],
    [
      "an unverified binary is installed without a word",
      '...(installs && isUnverified(source) ? [unverified(source, "installed")] : [])',
      "",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_install/place.ts", [
    ["another run's binary is kept as the previous one", "await refuseOthers(change, run);", ""],
    [
      "a failure leaves its record",
      "for (const step of undo) await step().catch(() => undefined);",
      "void undo;",
    ],
    [
      "the daemon is there before its script",
      "of [MK_DOCKER_OPTS, PROGRAM] as const) {",
      "of [PROGRAM, MK_DOCKER_OPTS] as const) {",
    ],
    [
      "what was placed before a failure is not told",
      "if (placed.length > 0) record(",
      "if (placed.length > 1) record(",
    ],
    ["half an installation is told as a whole", "isWhole ? change :", "true ? change :"],
    [
      "a version kept before is taken away",
      "isNew ? removeFile(path) : Promise.resolve()",
      "removeFile(path)",
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
    ["staged files are left", "await clearAway(...mine);", "void mine;"],
    [
      "files come with any mode",
      "for (const path of Object.values(staged)) await finishFile(path, attributes);",
      "void finishFile;",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_install/installed-version.ts", [
    ["a binary for another CPU is right", "binary.arch === arch &&", ""],
    [
      "a binary with a wrong checksum is right",
      "isExpected(binary, origins, digest) !== false",
      "true",
    ],
    [
      "what anybody could have written is run",
      "program.arch !== source.arch || program.distrust !== undefined",
      "program.arch !== source.arch",
    ],
    ["a file that is not the declared one is run", "if (expected === false) return undefined;", ""],
    [
      "the declared version is taken for granted",
      '(await fault) === "" ? source.version : undefined',
      "source.version",
    ],
  ]),
  ...mutantsOf("src/modules/flannel_install/way-back.ts", [
    ["a link is kept as the previous version", "binary.isLink ||", ""],
    ["what anybody could have written is kept", "|| binary.distrust !== undefined", ""],
    [
      "a version is kept beside itself",
      "const isClear = tag !== undefined && tag !== tagOf(version);",
      "const isClear = tag !== undefined;",
    ],
    ["a kept binary is taken by its name", "?? told !== undefined", "?? true"],
    ["another version leads back", "!satisfies(told, version)", "false"],
    ["the clock tells which version was replaced last", "rank(a) - rank(b)", "0"],
  ]),
  ...mutantsOf("src/modules/flannel_install/attributes.ts", [
    [
      "what was looked at is not looked for",
      "await refuseStale({ path, inode: state.inode });",
      "",
    ],
    ["the other names get the mode, too", "change.isCopied ? setOnCopy(change) :", ""],
    ["a copy may be another file", "(await sha256OfFile(staged)) !== state.sha256", "false"],
  ]),
  ...mutantsOf("src/host/elf.ts", [
    [
      "a damaged header asks for gigabytes",
      "if (tableBytes <= MAX_TABLE_BYTES) return undefined;",
      "return undefined;",
    ],
    ["a program without anything to load is one", "isLoaded ? undefined :", "true ? undefined :"],
    ["a loader is any text", "const isFlaw = isCut ? isWhole : !isPath;", "const isFlaw = false;"],
    ["program headers may have any size", "if (tableStride !== stride)", "if (false)"],
    ["any class and byte order will do", "return isKnown && header[6] === 1", "return true"],
  ]),
  ...mutantsOf("src/flannel/release-assets.ts", [
    [
      "a plugin of another release is the wanted one",
      "compareVersions(told, wanted) === 0",
      "true",
    ],
    ["the archive keeps the suffix of its release", "{ ...version, build: undefined }", "version"],
  ]),
];
