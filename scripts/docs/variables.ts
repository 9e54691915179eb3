// docs/variables.md: every variable of the role, in the groups that defaults/main.yml puts them in.

import { isDeepStrictEqual } from "node:util";

import { asCode, asRow, paragraphsOf } from "./markup";

export interface RoleOption {
  readonly type: string;
  readonly description: string | readonly string[];
  readonly default?: unknown;
  readonly choices?: readonly string[];
}

export type Options = Readonly<Record<string, RoleOption>>;

interface Group {
  readonly title: string;
  readonly names: readonly string[];
}

const HEADING = /^# --- (.+?) -+$/;
/** A variable, or one that has no default and stands there as a comment. */
const VARIABLE = /^(?:# )?([a-z][a-z0-9_]*):(?: |$)/;
/** A default that is longer is shown where it is defined. */
const LONGEST_DEFAULT = 80;

/** The headings of defaults/main.yml, each with the variables below it. */
export function groupVariables(defaults: string, options: Options): readonly Group[] {
  const groups: { title: string; names: string[] }[] = [];
  for (const line of defaults.split("\n")) {
    const title = HEADING.exec(line)?.[1];
    const name = VARIABLE.exec(line)?.[1];
    if (title !== undefined) groups.push({ title, names: [] });
    else if (name !== undefined && Object.hasOwn(options, name)) groups.at(-1)?.names.push(name);
  }
  return groups;
}

/** What differs between the declared options and the defaults, one sentence each. */
export function compareWithDefaults(
  options: Options,
  defaults: Readonly<Record<string, unknown>>,
): readonly string[] {
  const undeclared = Object.keys(defaults).filter((name) => !Object.hasOwn(options, name));
  const faults = undeclared.map(
    (name) => `${name}: has a default, but is not in argument_specs.yml`,
  );
  for (const [name, option] of Object.entries(options)) {
    if (!isDeepStrictEqual(option.default, defaults[name])) {
      const shown = [option.default, defaults[name]].map((value) => JSON.stringify(value));
      faults.push(
        `${name}: argument_specs.yml says ${String(shown[0])}, defaults/main.yml ${String(shown[1])}`,
      );
    }
  }
  return faults;
}

/** The variables that no heading of defaults/main.yml has, or that it has twice, one sentence each. */
export function findUngrouped(options: Options, groups: readonly Group[]): readonly string[] {
  const grouped = groups.flatMap(({ names }) => names);
  return Object.keys(options)
    .filter((name) => grouped.filter((other) => other === name).length !== 1)
    .map(
      (name) => `${name}: expected once in defaults/main.yml, as a comment where it has no default`,
    );
}

/** The page of all variables. */
export function renderVariables(intro: string, options: Options, groups: readonly Group[]): string {
  const tables = groups.map(({ title, names }) => {
    const rows = names.flatMap((name) => {
      const option = options[name];
      return option === undefined ? [] : [renderRow(name, option)];
    });
    return [`## ${title}`, "", "| Variable | Meaning |", "| --- | --- |", ...rows].join("\n");
  });
  return [intro.trimEnd(), ...tables].join("\n\n") + "\n";
}

function renderRow(name: string, option: RoleOption): string {
  const { choices, default: value, description, type } = option;
  const meaning = [...paragraphsOf(description)];
  if (choices !== undefined) meaning.push(`One of ${choices.map(asCode).join(", ")}.`);
  if (value !== undefined) meaning.push(`Default: ${renderDefault(value)}`);
  return asRow(`<a id="${name}"></a>${asCode(name)}<br>${type}`, meaning);
}

function renderDefault(value: unknown): string {
  if (value === "") return "empty";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= LONGEST_DEFAULT ? asCode(text) : "see [defaults](../defaults/main.yml)";
}
