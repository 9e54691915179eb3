// Collects the errors that flannel's own source can end with before it is ready, release by release:
//   ts-node scripts/flannel-exits.ts CLONE
// CLONE is a clone of flannel with its tags. What was judged before keeps its judgement; what is new
// has none, and test/unit/flannel/flannel-exits.test.ts fails until somebody has given it one.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type FlannelExit } from "../test/support/flannel-exits";

const DATA = join(__dirname, "../test/data/flannel-exits.json");

const RELEASES = [
  "v0.10.0",
  "v0.11.0",
  "v0.12.0",
  "v0.13.0",
  "v0.14.0",
  "v0.15.1",
  "v0.16.3",
  "v0.17.0",
  "v0.18.1",
  "v0.19.2",
  "v0.20.2",
  "v0.21.5",
  "v0.22.3",
  "v0.23.0",
  "v0.24.4",
  "v0.25.7",
  "v0.26.7",
  "v0.27.4",
  "v0.28.9",
];

/** A call that makes or logs an error, and its text. */
const CALLS =
  /\b(?:log\.(?:Error|Fatal|Exit)f?|fmt\.Errorf|errors\.New|errors\.Wrapf?|panic)\(\s*(?:err,\s*)?("(?:[^"\\]|\\.)*"|`[^`]*`)/gs;

/** What is no part of the daemon, or runs elsewhere than on Linux. */
const FOREIGN =
  /^(vendor|e2e|images|dist|Documentation|chart)\/|_test\.go$|mock_|windows|powershell|\/routing\//;

interface Found {
  readonly files: Set<string>;
  readonly releases: string[];
}

function git(clone: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", clone, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
}

function collect(clone: string): ReadonlyMap<string, Found> {
  const all = new Map<string, Found>();
  for (const release of RELEASES) {
    const files = git(clone, "ls-tree", "-r", "--name-only", release)
      .split("\n")
      .filter((file) => file.endsWith(".go") && !FOREIGN.test(file));
    for (const file of files)
      collectFile(all, release, file, git(clone, "show", `${release}:${file}`));
  }
  return all;
}

function collectFile(all: Map<string, Found>, release: string, file: string, source: string): void {
  for (const [, literal = ""] of source.matchAll(CALLS)) {
    const text = literal.startsWith("`") ? literal.slice(1, -1) : String(JSON.parse(literal));
    const found = all.get(text) ?? { files: new Set(), releases: [] };
    found.files.add(file.replace(/^pkg\//, ""));
    if (found.releases.at(-1) !== release) found.releases.push(release);
    all.set(text, found);
  }
}

function main(clone: string): void {
  const judged = new Map(
    (JSON.parse(readFileSync(DATA, "utf8")) as readonly FlannelExit[]).map((exit) => [
      exit.text,
      exit,
    ]),
  );
  const exits = [...collect(clone)].map(([text, { files, releases }]): FlannelExit => {
    const { rule, notOurs } = judged.get(text) ?? {};
    const judgement = rule === undefined ? { notOurs: notOurs ?? "" } : { rule };
    const file = [...files].sort().at(0) ?? "";
    return { text, file, since: releases.at(0) ?? "", until: releases.at(-1) ?? "", ...judgement };
  });
  exits.sort((a, b) => a.file.localeCompare(b.file) || a.text.localeCompare(b.text));
  writeFileSync(DATA, `${JSON.stringify(exits, null, 2)}\n`);
  const open = exits.filter(({ rule, notOurs }) => rule === undefined && notOurs === "");
  console.log(`${exits.length} texts, ${open.length} without a judgement`);
}

main(process.argv[2] ?? ".");
