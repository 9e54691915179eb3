// How much of each folder of src the unit tests run, in percent of lines and branches; more arguments are
// for mocha. c8 is fetched by npx, as nothing but this needs it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const ROOT = join(__dirname, "..");
const C8 = "c8@10.1.3";

interface Count {
  readonly total: number;
  readonly covered: number;
}

type Kind = "lines" | "branches";
type Summary = Readonly<Record<string, Readonly<Record<Kind, Count>>>>;

function measure(files: readonly string[]): Summary {
  const report = mkdtempSync(join(tmpdir(), "coverage-"));
  try {
    const options = ["--all", "--include", "src/**/*.ts", "--exclude", "src/generated/**"];
    const output = [
      "--reporter",
      "json-summary",
      "-o",
      report,
      "--temp-directory",
      join(report, "raw"),
    ];
    const { status } = spawnSync("npx", ["--yes", C8, ...options, ...output, "mocha", ...files], {
      cwd: ROOT,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) process.exitCode = status ?? 1;
    return JSON.parse(readFileSync(join(report, "coverage-summary.json"), "utf8")) as Summary;
  } finally {
    rmSync(report, { recursive: true, force: true });
  }
}

function byFolder(summary: Summary): ReadonlyMap<string, Record<Kind, Count>> {
  const folders = new Map<string, Record<Kind, Count>>();
  const empty = { total: 0, covered: 0 };
  for (const [path, { lines, branches }] of Object.entries(summary)) {
    const folder = path === "total" ? "all" : relative(ROOT, dirname(path));
    const before = folders.get(folder) ?? { lines: empty, branches: empty };
    folders.set(folder, {
      lines: add(before.lines, lines),
      branches: add(before.branches, branches),
    });
  }
  return folders;
}

function add(one: Count, other: Count): Count {
  return { total: one.total + other.total, covered: one.covered + other.covered };
}

function percent({ total, covered }: Count): string {
  return (total === 0 ? 100 : (100 * covered) / total).toFixed(1).padStart(9);
}

const files = process.argv.slice(2);
const folders = byFolder(measure(files.length === 0 ? ["test/unit/**/*.test.ts"] : files));
process.stdout.write(`${"".padEnd(34)}    lines branches\n`);
for (const [folder, { lines, branches }] of [...folders].sort()) {
  process.stdout.write(`${folder.padEnd(34)}${percent(lines)}${percent(branches)}\n`);
}
