// Runs one campaign: its tests by mocha, with an eye on how many cases have been tried by now.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Readable } from "node:stream";

import { execa } from "execa";

import { isRecord } from "../../src/base/json";
import { type Campaign } from "./campaign";

const REPOSITORY = join(__dirname, "..", "..");
const LOOK_MS = 2_000;
const LAST_WORDS = 30;

export interface Failure {
  readonly title: string;
  readonly message: string;
}

export interface Outcome {
  readonly campaign: string;
  /** "cut short": by a signal; what was tried until then held. */
  readonly verdict: "cut short" | "failed" | "held" | "too few";
  readonly cases: number;
  readonly seconds: number;
  readonly scale: number;
  readonly failures: readonly Failure[];
  /** The end of what mocha said where no test failed, and it did. */
  readonly output: string;
}

export interface Way {
  readonly scale: number;
  /** Where the tests are; the repository by default. */
  readonly tree?: string;
  /** Asks for the end; what was tried by then is told. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (cases: number) => void;
}

/** Runs a campaign to its end, or until it is cut short. */
export async function runCampaign(campaign: Campaign, way: Way): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "torture-"));
  const file = join(folder, "tally");
  const started = Date.now();
  const child = startMocha(campaign, way, file);
  const stop = (): void => {
    child.kill("SIGINT");
  };
  way.signal?.addEventListener("abort", stop);
  const watch = setInterval(() => way.onProgress?.(readTally(file)), LOOK_MS);
  try {
    const [told, { exitCode }] = await Promise.all([readTests(child.stdout), child]);
    const cases = readTally(file) || told.passes;
    const seconds = Math.round((Date.now() - started) / 1000);
    const isCutShort = way.signal?.aborted === true;
    const verdict = judge(campaign, { ...told, cases, exitCode, isCutShort, scale: way.scale });
    const failures = isCutShort ? [] : told.failures;
    const output = verdict === "failed" && failures.length === 0 ? told.lines.join("\n") : "";
    const { scale } = way;
    return { campaign: campaign.name, verdict, cases, seconds, scale, failures, output };
  } finally {
    clearInterval(watch);
    way.signal?.removeEventListener("abort", stop);
    rmSync(folder, { recursive: true });
  }
}

function startMocha({ specs, only }: Campaign, { scale, tree = REPOSITORY }: Way, tally: string) {
  const grep = only === undefined ? [] : ["--grep", only];
  const args = ["--timeout", "0", "--reporter", "json-stream", ...grep, ...specs];
  return execa(join(tree, "node_modules", ".bin", "mocha"), args, {
    cwd: tree,
    reject: false,
    buffer: false,
    all: true,
    // Ctrl-C is for us, who pass it on once.
    detached: true,
    env: { TORTURE_TALLY: tally, TORTURE_SCALE: String(scale) },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

interface Told {
  readonly passes: number;
  readonly failures: readonly Failure[];
  /** What was no event. */
  readonly lines: readonly string[];
}

/** Reads mocha's events, one a line between what tests print. */
async function readTests(stdout: Readable | null): Promise<Told> {
  const failures: Failure[] = [];
  const lines: string[] = [];
  let passes = 0;
  if (stdout === null) return { passes, failures, lines };
  for await (const line of createInterface({ input: stdout })) {
    const [kind, test] = tryReadEvent(line) ?? [];
    if (kind === "pass") passes += 1;
    else if (kind === "fail")
      failures.push({ title: String(test?.["fullTitle"]), message: String(test?.["err"]) });
    else if (kind === undefined && lines.push(line) > LAST_WORDS) lines.shift();
  }
  return { passes, failures, lines };
}

function tryReadEvent(line: string): [string, Readonly<Record<string, unknown>>] | undefined {
  try {
    const event: unknown = JSON.parse(line);
    if (!Array.isArray(event) || typeof event[0] !== "string" || !isRecord(event[1]))
      return undefined;
    return [event[0], event[1]];
  } catch {
    return undefined;
  }
}

interface Facts extends Told {
  readonly cases: number;
  readonly scale: number;
  readonly exitCode: number | undefined;
  readonly isCutShort: boolean;
}

/** A campaign that has become one without cases does not hold. */
function judge({ atLeast }: Campaign, facts: Facts): Outcome["verdict"] {
  if (facts.isCutShort) return "cut short";
  if (facts.failures.length > 0 || facts.exitCode !== 0) return "failed";
  return facts.cases < Math.floor(atLeast * Math.min(1, facts.scale)) ? "too few" : "held";
}

/** How many cases have been told of. */
function readTally(file: string): number {
  if (!existsSync(file)) return 0;
  const counts = readFileSync(file, "utf8").split("\n").map(Number);
  return counts.reduce((sum, count) => sum + count, 0);
}
