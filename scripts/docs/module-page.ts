// docs/modules/<name>.md: what ansible-doc tells of a module, as a page.

import { type ModuleSource } from "../build/documentation";
import { asCode, asMarkdown, asRow, paragraphsOf } from "./markup";

type Text = string | readonly string[];

interface Documented {
  readonly description: Text;
  readonly type?: string;
  readonly elements?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly string[];
  readonly suboptions?: Readonly<Record<string, Documented>>;
  readonly returned?: string;
  readonly sample?: unknown;
  readonly contains?: Readonly<Record<string, Documented>>;
}

interface Head {
  readonly short_description: string;
  readonly description: Text;
  readonly requirements?: readonly string[];
  readonly attributes?: Readonly<Record<string, { description?: Text; support: string }>>;
  readonly notes?: readonly string[];
  readonly seealso?: readonly { readonly module: string; readonly description?: string }[];
  readonly options: Readonly<Record<string, Documented>>;
}

const LONGEST_SAMPLE = 160;

/** The page of one module. */
export function renderModulePage(source: ModuleSource): string {
  const head = source.documentation["DOCUMENTATION"] as Head;
  const results = source.documentation["RETURN"] as Readonly<Record<string, Documented>>;
  const examples = source.documentation["EXAMPLES"] as string;
  return (
    [
      `<!-- Made by scripts/docs.ts from src/modules/${source.name}/${source.name}.yml. -->`,
      `# ${source.name}`,
      `${head.short_description}.`,
      ...[head.description].flat().map(asMarkdown),
      ...section("Requirements", (head.requirements ?? []).map(asMarkdown)),
      ...section("Attributes", Object.entries(head.attributes ?? {}).map(renderAttribute)),
      ...section("Notes", (head.notes ?? []).map(asMarkdown)),
      ...section("See also", (head.seealso ?? []).map(renderReference)),
      `## Examples`,
      `\`\`\`yaml\n${examples.trimEnd()}\n\`\`\``,
      `## Options`,
      table("Option", rowsOf(head.options, "suboptions").map(renderOption)),
      `## Results`,
      table("Key", rowsOf(results, "contains").map(renderResult)),
    ].join("\n\n") + "\n"
  );
}

interface Row {
  readonly name: string;
  readonly documented: Documented;
}

function section(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`## ${title}`, items.map((item) => `- ${item}`).join("\n")];
}

function renderAttribute([name, { description = "", support }]: [
  string,
  { description?: Text; support: string },
]): string {
  const text = [description].flat().map(asMarkdown).join(" ");
  return `\`${name}\`: ${support}. ${text}`.trimEnd();
}

function renderReference({
  module,
  description,
}: {
  module: string;
  description?: string;
}): string {
  const name = module.split(".").at(-1) ?? module;
  return `[\`${name}\`](${name}.md)${description === undefined ? "" : `: ${asMarkdown(description)}`}`;
}

function table(what: string, rows: readonly string[]): string {
  return [`| ${what} | Meaning |`, "| --- | --- |", ...rows].join("\n");
}

/** What is documented, and below each what it contains, under dotted names as Ansible writes them. */
function rowsOf(
  documented: Readonly<Record<string, Documented>>,
  within: "suboptions" | "contains",
  prefix = "",
): readonly Row[] {
  return Object.entries(documented).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    const below = `${name}${value.type === "list" ? "[]" : ""}.`;
    return [{ name, documented: value }, ...rowsOf(value[within] ?? {}, within, below)];
  });
}

function renderOption({ name, documented }: Row): string {
  const { choices, default: value, description, required = false } = documented;
  const meaning = [...paragraphsOf(description)];
  if (choices !== undefined) meaning.push(`One of ${choices.map(asCode).join(", ")}.`);
  if (value !== undefined) meaning.push(`Default: ${asCode(textOf(value))}`);
  return asRow(`${asCode(name)}<br>${typeOf(documented)}${required ? ", required" : ""}`, meaning);
}

function renderResult({ name, documented }: Row): string {
  const { description, returned, sample } = documented;
  const meaning = [...paragraphsOf(description)];
  if (returned !== undefined) meaning.push(`Returned: ${asMarkdown(returned)}.`);
  if (sample !== undefined) meaning.push(`For example ${asCode(shorten(textOf(sample)))}`);
  return asRow(`${asCode(name)}<br>${typeOf(documented)}`, meaning);
}

function shorten(text: string): string {
  return text.length <= LONGEST_SAMPLE ? text : `${text.slice(0, LONGEST_SAMPLE - 3)}...`;
}

function typeOf({ type = "str", elements }: Documented): string {
  return elements === undefined ? type : `${type} of ${elements}`;
}

function textOf(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
