// Keeps the role's three lists of variables one: defaults/main.yml, meta/argument_specs.yml and the
// table in README.md. `role-docs.ts` writes the table; `role-docs.ts check` fails on any difference.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { parse } from "yaml";

const ROOT = join(__dirname, "..");
const BEGIN = "<!-- begin variables: made by scripts/role-docs.ts from meta/argument_specs.yml -->";
const END = "<!-- end variables -->";

export interface RoleOption {
  readonly type: string;
  readonly description: string | readonly string[];
  readonly default?: unknown;
  readonly choices?: readonly string[];
}

type Options = Readonly<Record<string, RoleOption>>;

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

/** The Markdown table of all options, in the order they are declared. */
export function renderTable(options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const choices = option.choices === undefined ? "" : ` One of ${option.choices.join(", ")}.`;
    const cells = [
      `\`${name}\``,
      option.type,
      renderDefault(option.default),
      describe(option) + choices,
    ];
    return `| ${cells.map((cell) => cell.replace(/\|/g, "\\|")).join(" | ")} |`;
  });
  return ["| Variable | Type | Default | Meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function renderDefault(value: unknown): string {
  if (value === undefined) return "not set";
  if (typeof value !== "object" || value === null) return `\`${JSON.stringify(value)}\``;
  const text = JSON.stringify(value);
  return text.length <= 80 ? `\`${text}\`` : "see [defaults](defaults/main.yml)";
}

/** Ansible's documentation markup as Markdown. */
function describe(option: RoleOption): string {
  const text = [option.description].flat().join(" ");
  return text.replace(/\b[CO]\(([^)]*)\)/g, "`$1`").replace(/`\{/g, "`{");
}

function main(mode: string | undefined): void {
  const specs = parse(readFileSync(join(ROOT, "meta", "argument_specs.yml"), "utf8")) as {
    readonly argument_specs: { readonly main: { readonly options: Options } };
  };
  const defaults = parse(readFileSync(join(ROOT, "defaults", "main.yml"), "utf8")) as Record<
    string,
    unknown
  >;
  const { options } = specs.argument_specs.main;
  const faults = [...compareWithDefaults(options, defaults)];
  const path = join(ROOT, "README.md");
  const readme = readFileSync(path, "utf8");
  const [before, rest = ""] = readme.split(BEGIN);
  const wanted = `${before ?? ""}${BEGIN}\n\n${renderTable(options)}\n\n${END}${rest.split(END)[1] ?? ""}`;
  if (mode !== "check") writeFileSync(path, wanted);
  else if (wanted !== readme)
    faults.push("README.md: the table of variables is out of date, run: npm run docs");
  faults.forEach((fault) => {
    console.error(fault);
  });
  process.exitCode = faults.length > 0 ? 1 : 0;
}

if (require.main === module) main(process.argv[2]);
