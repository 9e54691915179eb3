// Tries whether a campaign finds the fault that is planted for it, in a copy of the tree.

import { execFileSync } from "node:child_process";

import { copyTree, plant, removeTree } from "../../test/mutants/copy";
import { type Campaign } from "./campaign";
import { type Outcome, type Way, runCampaign } from "./run";

/** The outcome of a campaign on a tree with its fault, which is "failed" when it finds it. */
export async function runPlanted(campaign: Campaign, way: Way): Promise<Outcome> {
  const { planted } = campaign;
  const tree = copyTree();
  try {
    if (plant(tree, planted) === undefined)
      throw new Error(`${campaign.name}: ${planted.file}: expected once: ${planted.find}`);
    execFileSync("npm", ["run", "--silent", "build"], { cwd: tree, stdio: "ignore" });
    return await runCampaign(campaign, {
      ...way,
      tree,
      scale: planted.scale ?? 1,
      isBailing: true,
    });
  } finally {
    removeTree(tree);
  }
}
