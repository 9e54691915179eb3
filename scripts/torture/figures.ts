// The last figures of every campaign: docs/torture.json, which docs/robustness.md shows.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Outcome } from "./run";

const FILE = join(__dirname, "..", "..", "docs", "torture.json");

export interface Figure {
  readonly cases: number;
  readonly seconds: number;
  readonly scale: number;
  /** Day of the run. */
  readonly date: string;
}

export type Figures = Readonly<Record<string, Figure>>;

export function readFigures(): Figures {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Figures) : {};
}

/** Keeps the figures of a campaign that held. */
export function keepFigure({ campaign, verdict, cases, seconds, scale }: Outcome): void {
  if (verdict !== "held") return;
  const date = new Date().toISOString().slice(0, 10);
  const figures = { ...readFigures(), [campaign]: { cases, seconds, scale, date } };
  const sorted = Object.fromEntries(Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 2)}\n`);
}
