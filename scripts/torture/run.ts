// Runs one campaign: its tests by mocha, with an eye on how many cases have been tried by now.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Interface, createInterface } from "node:readline";
import { Readable } from "node:stream";

import { execa } from "execa";

import { isRecord } from "../../src/base/json";
import { type Campaign } from "./campaign";

const REPOSITORY = join(__dirname, "..", "..");
const LOOK_MS = 2_000;
/** For a test that sets none of its own. */
const LIMIT_MS = 600_000;
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
  /** Ends at the first failure. */
  readonly isBailing?: boolean;
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
  let passes = 0;
  const countCases = (): number => readTally(file) || passes;
  const watch = setInterval(() => way.onProgress?.(countCases()), LOOK_MS);
  try {
    const onPass = (): void => {
      passes += 1;
    };
    const lines = createInterface({ input: child.stdout ?? Readable.from([]) });
    const reading = readTests(lines, onPass);
    const { exitCode } = await child;
    // What a test has left behind may hold the pipe for as long as it lives.
    setTimeout(() => {
      lines.close();
    }, LOOK_MS).unref();
    const told = await reading;
    const cases = countCases();
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

function startMocha({ specs, only }: Campaign, way: Way, tally: string) {
  const { scale, tree = REPOSITORY, isBailing = false } = way;
  const grep = only === undefined ? [] : ["--grep", only];
  const bail = isBailing ? ["--bail"] : [];
  const args = [
    "--timeout",
    String(LIMIT_MS),
    "--reporter",
    "json-stream",
    ...bail,
    ...grep,
    ...specs,
  ];
  return execa(join(tree, "node_modules", ".bin", "mocha"), args, {
    cwd: tree,
    reject: false,
    buffer: false,
    // Ctrl-C is for us, who pass it on once.
    detached: true,
    env: { TORTURE_TALLY: tally, TORTURE_SCALE: String(scale) },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

interface Told {
  readonly failures: readonly Failure[];
  /** What was no event. */
  readonly lines: readonly string[];
}

/** Reads mocha's events, one a line between what tests print. */
async function readTests(all: Interface, onPass: () => void): Promise<Told> {
  const failures: Failure[] = [];
  const lines: string[] = [];
  for await (const line of all) {
    const [kind, test] = tryReadEvent(line) ?? [];
    if (kind === "pass") onPass();
    else if (kind === "fail")
      failures.push({ title: String(test?.["fullTitle"]), message: String(test?.["err"]) });
    else if (kind === undefined && lines.push(line) > LAST_WORDS) lines.shift();
  }
  return { failures, lines };
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
