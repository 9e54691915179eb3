// Writes the pages that are made of data: docs/variables.md and docs/modules/. `docs.ts check` writes nothing and
// fails where one of them is out of date, where the role's lists of variables differ, or where a link leads nowhere.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { readModuleSource } from "./build/documentation";
import { findDeadLinks } from "./docs/links";
import { renderModulePage } from "./docs/module-page";
import {
  type Options,
  compareWithDefaults,
  findUngrouped,
  groupVariables,
  renderVariables,
} from "./docs/variables";

const ROOT = join(__dirname, "..");
const MODULES = join("src", "modules");

const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), "utf8");

/** Page by path, and what is wrong with what it is made of. */
interface Pages {
  readonly pages: ReadonlyMap<string, string>;
  readonly faults: readonly string[];
}

function makeVariables(): Pages {
  const specs = parse(read("meta", "argument_specs.yml")) as {
    readonly argument_specs: { readonly main: { readonly options: Options } };
  };
  const { options } = specs.argument_specs.main;
  const text = read("defaults", "main.yml");
  const groups = groupVariables(text, options);
  const page = renderVariables(read("scripts", "docs", "introduction.md"), options, groups);
  const defaults = parse(text) as Record<string, unknown>;
  const faults = [...compareWithDefaults(options, defaults), ...findUngrouped(options, groups)];
  return { pages: new Map([[join("docs", "variables.md"), page]]), faults };
}

function makeModulePages(): ReadonlyMap<string, string> {
  const names = readdirSync(join(ROOT, MODULES));
  return new Map(
    names.map((name) => [
      join("docs", "modules", `${name}.md`),
      renderModulePage(readModuleSource(join(ROOT, MODULES, name))),
    ]),
  );
}

function isUpToDate(path: string, page: string): boolean {
  return existsSync(join(ROOT, path)) && read(path) === page;
}

function write(pages: ReadonlyMap<string, string>): void {
  mkdirSync(join(ROOT, "docs", "modules"), { recursive: true });
  for (const [path, page] of pages) writeFileSync(join(ROOT, path), page);
}

function main(mode: string | undefined): void {
  const variables = makeVariables();
  const pages = new Map([...variables.pages, ...makeModulePages()]);
  const faults = [...variables.faults];
  if (mode !== "check") write(pages);
  for (const [path, page] of pages)
    if (!isUpToDate(path, page)) faults.push(`${path}: out of date, run: npm run docs`);
  faults.push(...findDeadLinks(ROOT));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

if (require.main === module) main(process.argv[2]);
