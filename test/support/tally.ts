// What a long test and `make torture` tell each other: how much of it is wanted, and how far it is.

import { appendFileSync } from "node:fs";

/** Told seldom, for a hundred thousand cases are told of one by one. */
const PAUSE_MS = 500;

const file = process.env["TORTURE_TALLY"];
const scale = Number(process.env["TORTURE_SCALE"] ?? 1);

/** Whether `make torture` asks, which takes its time. */
export const isTorture = file !== undefined;

let untold = 0;
let toldAtMs = 0;
let isCutShort = false;

if (file !== undefined) {
  process.once("SIGINT", () => {
    isCutShort = true;
  });
  process.on("exit", tell);
}

function tell(): void {
  if (file === undefined || untold === 0) return;
  appendFileSync(file, `${untold}\n`);
  untold = 0;
  toldAtMs = Date.now();
}

/** Counts a case that was tried. Throws when the campaign is cut short, so that the test ends with its labs. */
export function tally(cases = 1): void {
  untold += cases;
  if (Date.now() - toldAtMs > PAUSE_MS) tell();
  if (isCutShort) throw new Error("cut short");
}

/** How many of `cases` are wanted, at least one. */
export function scaled(cases: number): number {
  return Math.max(1, Math.ceil(cases * scale));
}

/** From one case to the next one that is wanted, where all stand in a row. */
export function stride(): number {
  return Math.max(1, Math.round(1 / scale));
}
