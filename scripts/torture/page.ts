// docs/robustness.md, made of the campaigns, their last figures and the defects.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Campaign } from "./campaign";
import { CAMPAIGNS } from "./campaigns";
import { type Defect, FINDERS, type Release, readDefects } from "./defects";
import { type Figure, type Figures, readFigures } from "./figures";

export const PAGE = join(__dirname, "..", "..", "docs", "robustness.md");

export interface Record {
  readonly campaigns: readonly Campaign[];
  readonly figures: Figures;
  readonly releases: readonly Release[];
}

/** Writes the page of what is there now. */
export function writePage(figures: Figures = readFigures()): void {
  const text = renderPage({ campaigns: CAMPAIGNS, figures, releases: readDefects() });
  writeFileSync(PAGE, text);
}

/** The whole page. */
export function renderPage({ campaigns, figures, releases }: Record): string {
  const count = releases.reduce((sum, { defects }) => sum + defects.length, 0);
  return `# Track record

Made by \`npm run robustness\` of \`scripts/torture/campaigns.ts\`, \`docs/torture.json\` and \`docs/defects.yml\`;
\`make test\` fails where it is another, and where a test that it names is gone.

## Campaigns

\`\`\`console
$ make torture                                        # all of them; says first how long it will take
$ make torture CAMPAIGN="kills durability" SCALE=0.1  # those with one of the words in their names, a tenth of each
$ make torture CAMPAIGN=places PLANTED=yes            # on a copy of the tree with a fault that it must find
$ make torture CAMPAIGN=places RECORD=yes             # keeps the figures on this page
\`\`\`

Ctrl-C ends it with what was tried by then; \`dist/torture\` has the summary, for people and for programs. A campaign that
cannot fail is a defect: each has a fault planted for it, and \`test/long/torture.test.ts\` shows that it is found.

${renderCampaigns(campaigns, figures)}

What is planted in each:

${campaigns.map(renderPlanted).join("\n")}

## Defects

${count} by now. Each has a test that fails when its mend is taken out; \`npx mocha FILE --fgrep 'TITLE'\` runs it alone.
Most tests were written before the mend, and \`npm run test:mutants\` takes some two hundred mends out again, one after
the other. Found by:

${renderFinders(releases)}

${releases.map(renderRelease).join("\n\n")}
`;
}

function renderCampaigns(campaigns: readonly Campaign[], figures: Figures): string {
  return renderTable(
    ["Campaign", "What is tried", "What must hold", "At least", "Last", "In", "On"],
    campaigns.map(({ name, tries, holds, atLeast }) => [
      `\`${name}\``,
      tries,
      holds,
      String(atLeast),
      ...renderFigure(figures[name]),
    ]),
  );
}

/** Cases, time and day of the last run that held. */
function renderFigure(figure: Figure | undefined): readonly string[] {
  if (figure === undefined) return ["not run yet", "", ""];
  const { cases, seconds, scale, date } = figure;
  const part = scale === 1 ? "" : ` (\`SCALE=${scale}\`)`;
  return [`${cases}${part}`, `${seconds} s`, date];
}

function renderPlanted({ name, planted: { fault, file } }: Campaign): string {
  return `- \`${name}\`: ${fault} (\`${file}\`)`;
}

function renderFinders(releases: readonly Release[]): string {
  const found = releases.flatMap(({ defects }) => defects.map((defect) => defect.found));
  const rows = Object.entries(FINDERS).map(([finder, means]) => {
    const count = found.filter((each) => each === finder).length;
    return [finder, means, String(count)];
  });
  return renderTable(["", "", "Defects"], rows);
}

function renderRelease({ release, defects }: Release): string {
  const rows = defects.map((defect) => [defect.what, defect.found, renderTest(defect)]);
  return `### Mended in: ${release}\n\n${renderTable(["What", "Found by", "Fails without the mend"], rows)}`;
}

function renderTest({ test, title }: Defect): string {
  return `[${test.replace("test/", "").replace(".test.ts", "")}](../${test}): ${title}`;
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (require.main === module) writePage();
