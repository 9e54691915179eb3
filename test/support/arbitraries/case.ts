// One generated task: options, what Ansible adds, environment, files of the host, and what is secret.

import fc from "fast-check";

import { type OptionSpec, type OptionsSpec } from "../../../src/ansible/spec";
import { isRecord } from "../../../src/base/json";
import { junk, unfold } from "./junk";
import { type Secret } from "./secret";

/** Stand in every text of a case for what only whoever runs it knows. */
export const ROOT = "@ROOT@"; // a folder of its own
export const CASE = "@CASE@"; // a word of its own
export const ETCD = "@ETCD@"; // http://127.0.0.1:PORT of an etcd that works
export const ECHO = "@ECHO@"; // 127.0.0.1:PORT of a server that says back what it was told, see world.ts

export interface Case {
  readonly options: Readonly<Record<string, unknown>>;
  readonly settings: {
    readonly _ansible_check_mode: boolean;
    readonly _ansible_diff: boolean;
  };
  readonly environment: Readonly<Record<string, string>>;
  /** By path. */
  readonly files: Readonly<Record<string, string>>;
  /** Values in etcd, by key. */
  readonly stored: Readonly<Record<string, string>>;
  readonly secrets: readonly Secret[];
}

/** What a place for secrets adds to a case. */
export type Part = Partial<Omit<Case, "settings">>;

export type Hints = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Names that no option has. */
const STRANGERS = ["nmae", "states", "constructor", "\u00e9", "a b", ""];

/** How to fill the options of a module. */
export interface Recipe {
  /** Values that a task may well have; for other options the type says what. */
  readonly good: Hints;
  /** Values that must be refused, and look as if somebody had meant them. */
  readonly bad: Hints;
  /** Options without which hardly any task succeeds. */
  readonly needed: readonly string[];
  /** Options that are given in every case, and only these values, so that a case is safe and short. */
  readonly forced: Hints;
  /** Options that are not given but by parts, because they exclude others. */
  readonly left: readonly string[];
}

/** Options of a task that can succeed; in one of four, one of them is not as it should be. */
export function optionsOf(
  options: OptionsSpec,
  { good, bad, needed, forced, left }: Recipe,
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const free = Object.entries(options).filter(
    ([name]) => !left.includes(name) && !(name in forced),
  );
  const given = free.map(([name, option]) => {
    const value = good[name] ?? valueOf(option);
    const weight = needed.includes(name) ? 90 : 2;
    return [name, fc.oneof({ weight, arbitrary: value }, NOTHING)] as const;
  });
  const wrong = fc
    .constantFrom(...free.map(([name]) => name))
    .chain((name) =>
      fc
        .oneof(...(bad[name] === undefined ? [] : [{ weight: 3, arbitrary: bad[name] }]), junk)
        .map((value) => ({ [name]: value })),
    );
  const stranger = fc.constantFrom(...STRANGERS.map((name) => ({ [name]: 1 })));
  const fault = fc.oneof(
    { weight: 12, arbitrary: fc.constant({}) },
    { weight: 3, arbitrary: wrong },
    stranger,
  );
  return fc
    .tuple(fc.record(Object.fromEntries(given)), fault, fc.record(forced))
    .map(([known, more, last]) => withoutUndefined({ ...known, ...more, ...last }));
}

const NOTHING = { weight: 3, arbitrary: fc.constant(undefined) };

/** A value of the option's type, or what a template would make of it. */
function valueOf({ type, elements }: OptionSpec): fc.Arbitrary<unknown> {
  const word = fc.constantFrom("a", "x.y", "10", "/dev/null", "\u00e9 \u5bc6");
  const byType: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    bool: fc.constantFrom<unknown>(true, false, "yes", "False", 1),
    int: fc.constantFrom<unknown>(0, 1, 7, "12", " 7 "),
    float: fc.constantFrom<unknown>(1, 2.5, "1.5"),
    dict: fc.dictionary(word, fc.oneof(word, fc.integer(), fc.boolean()), { maxKeys: 3 }),
    raw: fc.oneof(word, fc.integer(), fc.array(word, { maxLength: 2 })),
  };
  if (type !== "list") return byType[type] ?? word;
  const item: fc.Arbitrary<unknown> = byType[elements ?? "str"] ?? word;
  const items = fc.array(item, { maxLength: 3 });
  return fc.oneof(
    items,
    items.map((list) => list.join(",")),
  );
}

/** Some of these in place of nothing, now and then. */
export function sometimes<T>(weight: number, parts: fc.Arbitrary<T>): fc.Arbitrary<T | object> {
  return fc.oneof({ weight, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: parts });
}

/** A case from its options and from any number of parts that are put over them. */
export function caseOf(
  options: fc.Arbitrary<Readonly<Record<string, unknown>>>,
  parts: fc.Arbitrary<readonly Part[]>,
  checkMode: fc.Arbitrary<boolean> = fc.boolean(),
): fc.Arbitrary<Case> {
  const given = fc.record({ options, parts, checkMode, diff: fc.boolean() });
  return given.map(({ options: base, parts: all, checkMode: isCheck, diff }) => {
    const more = withoutOverwritten(all);
    return {
      options: merged(
        base,
        more.map((part) => part.options),
      ),
      settings: { _ansible_check_mode: isCheck, _ansible_diff: diff },
      environment: Object.assign({}, ...more.map((part) => part.environment)) as Record<
        string,
        string
      >,
      files: Object.assign({}, ...more.map((part) => part.files)) as Record<string, string>,
      stored: Object.assign({}, ...more.map((part) => part.stored)) as Record<string, string>,
      secrets: more.flatMap((part) => part.secrets ?? []),
    };
  });
}

/** Without those parts that would take the place of another one's secret. */
function withoutOverwritten(parts: readonly Part[]): readonly Part[] {
  const taken = new Set<string>();
  return parts.filter((part) => {
    const { options, environment, files, stored, secrets } = part;
    if (secrets === undefined) return true;
    const names = [options, environment, files, stored].flatMap((group) =>
      Object.keys(group ?? {}),
    );
    if (names.some((name) => taken.has(name))) return false;
    names.forEach((name) => taken.add(name));
    return true;
  });
}

/** Parts one after the other; two dicts under one name become one, undefined takes an option away. */
function merged(
  base: Readonly<Record<string, unknown>>,
  parts: readonly Part["options"][],
): Readonly<Record<string, unknown>> {
  const all: Record<string, unknown> = { ...base };
  for (const part of parts) {
    for (const [name, value] of Object.entries(part ?? {})) {
      const before = all[name];
      if (value === undefined) Reflect.deleteProperty(all, name);
      else all[name] = isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
    }
  }
  return all;
}

/** The case with `values` in place of the words above, in every text. */
export function placeIn(values: Readonly<Record<string, string>>, given: Case): Case {
  const fill = (text: string): string =>
    text.replace(/@[A-Z]+@/g, (word) =>
      Object.hasOwn(values, word) ? (values[word] ?? "") : word,
    );
  return replaceIn(given, fill) as Case;
}

function replaceIn(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === "string") return unfold(fill(value));
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, fill));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [fill(key), replaceIn(item, fill)]));
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
