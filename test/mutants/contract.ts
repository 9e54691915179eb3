// Faults of the module contract.

import { type Mutant, mutantsOf } from "./mutant";

const PROCESS = ["test/bundle/contract.test.ts"];

export const CONTRACT: readonly Mutant[] = [
  ...mutantsOf("src/ansible/run.ts", [
    ["a failure does not tell what was done before", ": this.#journal;", ": [];"],
    [
      "a failure does not say what was done before",
      "describeDone(this.#journal)",
      "describeDone([])",
    ],
    [
      "a change that apply entered itself is entered again",
      "if (!hasRecorded()) this.#journal.push(change);",
      "this.#journal.push(change);",
    ],
    ["a change that was taken back is entered", "recorded ||= change === this.#underWay;", ""],
    [
      "a change that was entered cannot be taken back",
      "if (index >= 0) this.#journal.splice(index, 1);",
      "void index;",
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
    [
      "a refusal in check mode tells of changes",
      "const isPredicted = error === undefined && ",
      "const isPredicted = ",
    ],
    [
      "a run goes on after a signal",
      "if (this.#interruption !== undefined) throw this.#interruption;",
      "",
    ],
    ["a failure lacks promised keys", "{ ...nullsFor(spec.returned), ...data }", "data"],
    [
      "a report that cannot be made hides the failure",
      "if (error === undefined) throw fault;",
      "throw fault;",
    ],
    ["secrets in dicts are unknown", "this.module.secretsOf?.(options).forEach(", "[].forEach("],
    [
      "options are shown whose secrets are unknown",
      "this.#isTainted ? this.#arguments?.options : undefined",
      "this.#arguments?.options",
    ],
    ["warnings are lost", "...(warnings.length > 0 ?", "...(warnings.length > 99 ?"],
    ["a warning is told twice", "[...new Set(warnings)]", "warnings"],
  ]),
  ...mutantsOf(
    "src/ansible/entry.ts",
    [
      [
        "a failure exits with 0",
        'result["failed"] === true ? 1 : 0',
        'result["failed"] === true ? 0 : 0',
        "refuses a list with one line",
      ],
      [
        "a signal ends without a word",
        'const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"]',
        'const SIGNALS = ["SIGHUP"]',
        "ends by a signal with what was done",
      ],
    ],
    PROCESS,
  ),
  ...mutantsOf("src/ansible/result.ts", [
    [
      "a failure names changes without end",
      "const NAMED_CHANGES = 10;",
      "const NAMED_CHANGES = 99;",
    ],
    ["a failure counts changes that are none", "more > 0 ?", "more >= 0 ?"],
    ["diffs of two things become one", "isJoinable(last, diff)", "true"],
    ["the second diff of a thing hides what was there", "before: before + diff.before", "before"],
  ]),
  ...mutantsOf(
    "src/ansible/option-secrets.ts",
    [
      [
        "values of no_log options are shown",
        "if (option?.no_log === true) protectOption(option, value, redactor);",
        "if (option?.no_log === true) void redactor;",
      ],
      [
        "values of no_log options inside of others are shown",
        "for (const item of items) collectSecrets(option.options, item, redactor);",
        "void items;",
      ],
    ],
    ["test/unit/ansible/options.test.ts"],
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
    ["a secret in a URL is shown", "forms.push(tryEncodeUri(secret) ?? secret);", ""],
    [
      "a secret inside of a secret's JSON is shown",
      "forms.push(plain, withoutEscapes(plain));",
      "void plain;",
    ],
    ["a number is never hidden", "return shown === text ? value : shown;", "return value;"],
    ["a contained secret leaves a tail", "b.length - a.length", "a.length - b.length"],
    ["a secret of stars is hidden, again and again", "else if (!MASK.includes(form))", "else"],
  ]),
  ...mutantsOf("src/ansible/fragments.ts", [
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
    ["one secret looks like two", "if (start > end) shown", "if (start >= end) shown"],
  ]),
];
