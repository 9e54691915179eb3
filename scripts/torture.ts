// Runs the campaigns of scripts/torture/campaigns.ts, and says what became of them.
// CAMPAIGN: words of names ("kills etcd"), all by default; SCALE: how much of each (1); PLANTED=yes: each on a copy
// with a fault that it must find; RECORD=yes: keeps the figures in docs/torture.json, and writes docs/robustness.md.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { messageOf } from "../src/base/errors";
import { CAMPAIGNS } from "./torture/campaigns";
import { type Campaign, choose } from "./torture/campaign";
import { keepFigure } from "./torture/figures";
import { writePage } from "./torture/page";
import { runPlanted } from "./torture/planted";
import { type Outcome, runCampaign } from "./torture/run";
import { announce, describe, summarise } from "./torture/summary";

const OUTPUT = join(__dirname, "..", "dist", "torture");
const SAY_MS = 30_000;

const scale = Number(process.env["SCALE"] ?? 1);
const isPlanted = process.env["PLANTED"] === "yes";
const isRecorded = process.env["RECORD"] === "yes";

/** Ends what runs at the first signal; a second one ends us. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      console.error("\nending the case that is tried, and what it has started");
      controller.abort();
    });
  }
  return controller.signal;
}

/** On a terminal a line that changes, else a line now and then. */
function progressOf({ name, atLeast }: Campaign): (cases: number) => void {
  const started = Date.now();
  let saidMs = started;
  return (cases) => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const line = `${name}: ${cases} of ${Math.ceil(atLeast * scale)} cases, ${seconds} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line} `);
    else if (Date.now() - saidMs > SAY_MS) {
      console.error(line);
      saidMs = Date.now();
    }
  };
}

async function main(): Promise<void> {
  if (!(scale > 0))
    throw new Error(`SCALE: ${String(process.env["SCALE"])}: expected a number such as 0.1`);
  const words = (process.env["CAMPAIGN"] ?? "").split(/[\s,]+/).filter((word) => word !== "");
  const chosen = choose(CAMPAIGNS, words);
  console.error(announce(chosen, scale));
  const signal = interruption();
  const outcomes: Outcome[] = [];
  for (const campaign of chosen) {
    if (signal.aborted) break;
    const way = { scale, signal, onProgress: progressOf(campaign) };
    const outcome = await (isPlanted ? runPlanted : runCampaign)(campaign, way);
    outcomes.push(outcome);
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
    console.log(describe(outcome));
    if (isRecorded) keepFigure(outcome);
  }
  if (isRecorded) writePage();
  keep(outcomes, chosen.length);
}

/** Leaves the summary for people and for programs, and says by the exit status whether all is well. */
function keep(outcomes: readonly Outcome[], wanted: number): void {
  mkdirSync(OUTPUT, { recursive: true });
  writeFileSync(join(OUTPUT, "summary.json"), `${JSON.stringify(outcomes, undefined, 2)}\n`);
  writeFileSync(join(OUTPUT, "summary.txt"), `${summarise(outcomes)}\n`);
  const expected: Outcome["verdict"] = isPlanted ? "failed" : "held";
  const good = outcomes.filter(({ verdict }) => verdict === expected).length;
  const word = isPlanted ? "found the planted fault" : "held";
  console.log(`${good} of ${wanted} campaigns ${word}; more in dist/torture`);
  if (good < wanted) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
});
