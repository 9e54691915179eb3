// Texts with flannel's answers, release by release, so that no Go is needed to compare with them.
// `npx ts-node test/support/stored-texts.ts` makes the data anew (all releases: FLANNEL_GIT, a clone).

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { networkText } from "./arbitraries/network-text";
import { compare, explain, readAsJavaScript } from "./flannel-comparison";
import { type Answer, RELEASES, askReader, tryProvideReader } from "./flannel-reader";

const PATH = join(__dirname, "..", "unit", "flannel", "stored-texts.jsonl");

/** One line: a text, and an answer for each release from which on it differs; null: refused. */
interface Line {
  readonly text: string;
  readonly encoding?: "base64";
  readonly answers: readonly (readonly [tag: string, answer: Answer | null])[];
}

export interface StoredText {
  readonly bytes: Buffer;
  /** In the order of RELEASES. */
  readonly answers: readonly Answer[];
}

/** The data, with an answer for every release. */
export function readStoredTexts(): readonly StoredText[] {
  const lines = readFileSync(PATH, "utf8").trim().split("\n");
  return lines.map((line) => {
    const { text, encoding, answers } = JSON.parse(line) as Line;
    const from = new Map(answers);
    let last: Answer | null = null;
    const all = RELEASES.map((tag) => {
      const next = from.get(tag);
      if (next !== undefined) last = next;
      return last ?? { error: "refused" };
    });
    return { bytes: Buffer.from(text, encoding ?? "utf8"), answers: all };
  });
}

const TEXTS = 300;
const CANDIDATES = 20_000;
const SEED = 20_260;

function make(): void {
  const sample = fc.sample(networkText, { numRuns: CANDIDATES, seed: SEED });
  const texts = [...new Map(sample.map((text) => [text.toString("latin1"), text])).values()];
  const answers = RELEASES.map((tag) => {
    const program = tryProvideReader(tag);
    if (program === undefined)
      throw new Error(`${tag}: its sources cannot be had, see FLANNEL_GIT`);
    return askReader(program, texts);
  });
  const all = texts.map((bytes, index) => ({
    bytes,
    answers: answers.map((of) => of[index] ?? { error: "none" }),
  }));
  const short = all.filter(({ bytes }) => bytes.length < 400);
  const telling = short.filter(isMisreadByJavaScript);
  const others = short.filter((text) => "Backend.Type" in (text.answers.at(-1) ?? {}));
  const chosen = new Set<StoredText>();
  for (const part of [telling, others, short]) {
    const fresh = part.filter((text) => !chosen.has(text));
    for (const text of choose(fresh, TEXTS / 3)) chosen.add(text);
  }
  writeFileSync(PATH, [...chosen].map((text) => `${JSON.stringify(lineOf(text))}\n`).join(""));
}

/** True for what JSON.parse makes something else of than Go, which is what this is all about. */
function isMisreadByJavaScript({ bytes, answers }: StoredText): boolean {
  return RELEASES.some((tag, index) =>
    compare(bytes, tag, answers[index] ?? {}, readAsJavaScript).some(
      (found) => explain(found) === undefined,
    ),
  );
}

/** In turns from each kind of answers, the shortest first: as many kinds as there is room for. */
function choose(texts: readonly StoredText[], count: number): readonly StoredText[] {
  const kinds = new Map<string, StoredText[]>();
  for (const text of [...texts].sort((one, other) => one.bytes.length - other.bytes.length)) {
    const kind = text.answers.map(kindOf).join();
    kinds.set(kind, [...(kinds.get(kind) ?? []), text]);
  }
  const chosen: StoredText[] = [];
  for (let turn = 0; chosen.length < count; turn++) {
    chosen.push(...[...kinds.values()].flatMap((of) => of[turn] ?? []));
  }
  return chosen.slice(0, count);
}

/** What is wrong, without names and numbers; or which settings there are. */
function kindOf(answer: Answer): string {
  const { error } = answer;
  if (typeof error === "string")
    return error.replace(/[\d.:/"'`\\]+|\bcharacter .*/g, "").slice(0, 60);
  return `${String(answer["Backend.Type"])} ${String(answer["EnableIPv6"])}`;
}

function lineOf({ bytes, answers }: StoredText): Line {
  const text = bytes.toString("utf8");
  const isText = Buffer.from(text).equals(bytes);
  const told = answers.map((answer) => ("error" in answer ? null : answer));
  const changes = RELEASES.flatMap((tag, index) => {
    const answer = told[index] ?? null;
    const isNew = index === 0 || JSON.stringify(answer) !== JSON.stringify(told[index - 1]);
    return isNew ? [[tag, answer] as const] : [];
  });
  return isText
    ? { text, answers: changes }
    : { text: bytes.toString("base64"), encoding: "base64", answers: changes };
}

if (require.main === module) make();
