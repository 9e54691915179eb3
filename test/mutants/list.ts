// Faults that somebody could make, and the tests that must notice them.

export interface Mutant {
  readonly file: string;
  /** What it would mean. */
  readonly fault: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

type Row = readonly [fault: string, find: string, replace: string];

const CONTRACT = "test/bundle/contract.test.ts";

/** Faults of one file; without tests, those of the unit test that mirrors it count. */
function mutantsOf(
  file: string,
  rows: readonly Row[],
  tests?: readonly string[],
): readonly Mutant[] {
  const mirror = file.replace(/^src\//, "test/unit/").replace(/\.ts$/, ".test.ts");
  return rows.map(([fault, find, replace]) => ({
    ...{ file, fault, find, replace },
    tests: tests ?? [mirror],
  }));
}

const contract = [
  ...mutantsOf(
    "src/ansible/run.ts",
    [
      ["a failure does not tell what was done before", ": this.#journal;", ": [];"],
      [
        "a change that apply entered itself is entered again",
        "if (!hasRecorded()) this.#journal.push(change);",
        "this.#journal.push(change);",
      ],
      [
        "only the last attempt is told",
        "for (let attempt = 1; ; attempt++) {",
        "for (let attempt = 1; ; attempt++, this.#journal.length = 0) {",
      ],
      ["a lost race is the end", "attempt === MAX_ATTEMPTS) throw error;", "true) throw error;"],
      [
        "a plan with obstacles is carried out",
        "this.#refuse(plan, checkMode);",
        "this.#refuse(plan, true);",
      ],
      [
        "check mode refuses what may pass",
        "obstacles.filter(({ lasting }) => !checkMode || lasting === true)",
        "obstacles.filter(() => true)",
      ],
      [
        "check mode writes",
        "if (checkMode || plan.changes.length === 0) return;",
        "if (plan.changes.length === 0) return;",
      ],
      ["a failure lacks promised keys", "{ ...nullsFor(spec.returned), ...data }", "data"],
      ["secrets in dicts are unknown", "module.secretsOf?.(options).forEach(", "[].forEach("],
      ["warnings are lost", "...(warnings.length > 0 ?", "...(warnings.length > 99 ?"],
    ],
    [CONTRACT],
  ),
  ...mutantsOf(
    "src/ansible/entry.ts",
    [
      [
        "a failure exits with 0",
        'result["failed"] === true ? 1 : 0',
        'result["failed"] === true ? 0 : 0',
      ],
      ["an uncaught exception prints itself", 'process.on("unhandledRejection", fail);', ""],
      [
        "a signal ends without a word",
        'const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"]',
        'const SIGNALS = ["SIGHUP"]',
      ],
    ],
    [CONTRACT],
  ),
  ...mutantsOf("src/ansible/redact.ts", [
    ["keys are redacted", "[key, map(item, key)]", "[String(map(key, key)), map(item, key)]"],
    [
      "facts are redacted",
      "factKeys.includes(key) ? item :",
      "factKeys.includes(key) && false ? item :",
    ],
    [
      "short secrets are shown",
      "this.#short.size === 0 ? hidden :",
      "this.#short.size >= 0 ? hidden :",
    ],
    ["a syllable is hidden inside words", "const SYLLABLE = 4;", "const SYLLABLE = 0;"],
    [
      "a secret in base64 is shown",
      "if (secret.length >= 6) forms",
      "if (secret.length >= 6000) forms",
    ],
    ["a contained secret leaves a tail", "b.length - a.length", "a.length - b.length"],
  ]),
  ...mutantsOf(
    "src/ansible/fragments.ts",
    [
      [
        "a part of a secret is shown",
        "start + this.length <= secret.length; start++",
        "start < 1; start++",
      ],
      [
        "the end of a text is not looked at",
        "start + this.length <= text.length; start++",
        "start + this.length < text.length; start++",
      ],
      ["what stands behind a secret is lost", "shown + MASK + text.slice(end)", "shown + MASK"],
    ],
    ["test/unit/ansible/redact.test.ts"],
  ),
];

const flannel = [
  ...mutantsOf("src/flannel/config-difference.ts", [
    [
      "a lease that lost one family counts as kept",
      "return config.ranges.every(",
      "return config.ranges.some(",
    ],
    ["daemons without leases are asked", "if (leases.length === 0) return [];", ""],
  ]),
  ...mutantsOf(
    "src/flannel/subnet-range.ts",
    [["a range of one subnet is refused", "if (min > max) {", "if (min >= max) {"]],
    ["test/unit/flannel/network-config.test.ts"],
  ),
  ...mutantsOf("src/flannel/devices.ts", [
    [
      "wireguard in mode separate shares one device",
      'backend.Mode !== undefined && backend.Mode !== "separate"',
      "backend.Mode !== undefined",
    ],
    ["a VNI of 0 is 1", "backend.VNI ?? 1", "backend.VNI || 1"],
  ]),
  ...mutantsOf("src/flannel/causes.ts", [
    ["a cause is named where another explains it", "unless?.test(text) !== true", "true"],
  ]),
  ...mutantsOf("src/flannel/version.ts", [
    [
      "a release candidate counts as the release",
      "comparePrereleases(a.prerelease, b.prerelease)",
      "0",
    ],
    [
      "a distribution's suffix is no difference",
      "wanted.build === undefined || wanted.build === installed.build",
      "true",
    ],
  ]),
  ...mutantsOf("src/flannel/etcd-layout.ts", [
    ["v0.18.0 is looked for in v2", 'isAtLeast(version, "0.18.0")', 'isAtLeast(version, "0.18.1")'],
    ["a key of v3 gets a slash in front", 'api === "v2" || prefix.startsWith("/")', "true"],
  ]),
  ...mutantsOf("src/flannel/lease.ts", [
    ["0.0.0.0-0 is a subnet", "subnet.length === 0 ? undefined : subnet", "subnet"],
    [
      "the roomiest family limits the hosts",
      "value < least ? value : least",
      "value > least ? value : least",
    ],
  ]),
  ...mutantsOf("src/flannel/subnet-env.ts", [
    [
      "a subnet outside its network fits",
      "outer.some((block) => contains(block, inner))",
      "outer.length > 0",
    ],
  ]),
];

const host = [
  ...mutantsOf("src/host/systemd-quote.ts", [
    ["a dollar is a variable", '.replace(/\\$/g, "$$$$")', ""],
    ["a percent is a specifier", 'value.replace(/%/g, "%%")', "value"],
  ]),
  ...mutantsOf("src/host/checksum.ts", [
    [
      "different digests under one name are no matter",
      "digest !== undefined && digests.size === 1",
      "digest !== undefined",
    ],
  ]),
];

export const MUTANTS: readonly Mutant[] = [...contract, ...flannel, ...host];
