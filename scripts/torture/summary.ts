// What `make torture` says: before, meanwhile and in the end.

import { type Campaign } from "./campaign";
import { type Outcome } from "./run";

/** The campaigns and how long they will take. */
export function announce(campaigns: readonly Campaign[], scale: number): string {
  const rows = campaigns.map((campaign) => {
    const cases = `${Math.ceil(campaign.atLeast * scale)} cases`;
    return `  ${campaign.name.padEnd(20)} ${cases.padStart(14)}  ${inMinutes(campaign.minutes * scale)}`;
  });
  const minutes = campaigns.reduce((sum, campaign) => sum + campaign.minutes * scale, 0);
  return [...rows, `All together some ${inMinutes(minutes).trim()}. Ctrl-C ends it.`].join("\n");
}

function inMinutes(minutes: number): string {
  return `${minutes < 10 ? minutes.toFixed(1) : minutes.toFixed(0)} min`.padStart(8);
}

/** One line for each campaign, and what failed in it. */
export function summarise(outcomes: readonly Outcome[]): string {
  return outcomes.map(describe).join("\n");
}

export function describe({ campaign, verdict, cases, seconds, failures, output }: Outcome): string {
  const line = `${campaign.padEnd(20)} ${verdict.padEnd(9)} ${String(cases).padStart(8)} cases ${String(seconds).padStart(6)} s`;
  const told = failures.map(({ title, message }) => `  ${title}\n    ${message}`);
  return [line, ...told, ...(output === "" ? [] : [output])].join("\n");
}
