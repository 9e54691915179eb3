// Bars of what role and baseline cost, readable in light and dark.

import { type Contender, type FleetRow } from "./fleet";
import { cpuOf } from "./measure";

const WIDTH = 880;
const LEFT = 190;
const RIGHT = 150;
const BAR = 18;
const ROW = 2 * BAR + 26;
const TOP = 62;

const STYLE = `
    text { font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2733 }
    .small { font-size: 12px; fill: #55606f }
    .strong { font-weight: 600 }
    .end { text-anchor: end }
    .page { fill: #ffffff; stroke: #d5dbe3 }
    .baseline { fill: #b4bfcc }
    .role { fill: #2a7f6f }
    .axis { stroke: #9aa7b6 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e3e8ee }
      .small { fill: #a3afbd }
      .page { fill: #12171d; stroke: #323c48 }
      .baseline { fill: #5b6877 }
      .role { fill: #4fb3a0 }
      .axis { stroke: #64717f }
    }
  `;

/** One pair of bars for each row, as long as its CPU seconds for each host. */
export function drawRows(rows: readonly FleetRow[]): string {
  const height = TOP + rows.length * ROW + 14;
  const longest = Math.max(
    ...rows.flatMap((row) => [perHost(row, "baseline"), perHost(row, "role")]),
  );
  const scale = (WIDTH - LEFT - RIGHT) / longest;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">What a host costs</title>
  <desc id="desc">${describeRows(rows)}</desc>
  <style>${STYLE}</style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
  <text class="strong" x="20" y="30">CPU seconds for each host, controller and hosts together</text>
  <rect class="baseline" x="${WIDTH - 240}" y="19" width="12" height="12"/>
  <text class="small" x="${WIDTH - 222}" y="30">plain tasks</text>
  <rect class="role" x="${WIDTH - 130}" y="19" width="12" height="12"/>
  <text class="small" x="${WIDTH - 112}" y="30">this role</text>
${rows.map((row, index) => drawRow(row, TOP + index * ROW, scale)).join("\n")}
  <line class="axis" x1="${LEFT}" y1="${TOP - 8}" x2="${LEFT}" y2="${height - 20}"/>
</svg>
`;
}

function drawRow(row: FleetRow, y: number, scale: number): string {
  const ratio = (cpuOf(row.role) / cpuOf(row.baseline)).toFixed(2);
  const bar = (contender: Contender, top: number): string => {
    const value = perHost(row, contender);
    const end = LEFT + value * scale;
    const label = `${value.toFixed(2)} s${contender === "role" ? `, ratio ${ratio}` : ""}`;
    return (
      `  <rect class="${contender}" x="${LEFT}" y="${top}" width="${(value * scale).toFixed(1)}" height="${BAR}"/>\n` +
      `  <text class="small" x="${(end + 8).toFixed(1)}" y="${top + 13}">${label}</text>`
    );
  };
  return [
    `  <text class="end" x="${LEFT - 14}" y="${y + BAR + 6}">${row.phase}, ${row.hosts} hosts</text>`,
    bar("baseline", y),
    bar("role", y + BAR + 2),
  ].join("\n");
}

function describeRows(rows: readonly FleetRow[]): string {
  return rows
    .map(
      (row) =>
        `${row.phase}, ${row.hosts} hosts: plain tasks ${perHost(row, "baseline").toFixed(2)}, ` +
        `role ${perHost(row, "role").toFixed(2)} CPU seconds a host.`,
    )
    .join(" ");
}

function perHost(row: FleetRow, contender: Contender): number {
  return cpuOf(row[contender]) / row.hosts;
}
