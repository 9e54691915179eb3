// The properties of test/properties on fifty times as many tasks, and through the newest ansible-core.

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { tryBoth, tryBundle, tryTruth, tryVerdicts } from "../support/properties";
import { SUBJECTS } from "../support/subjects";
import { isTorture, scaled } from "../support/tally";
import { RealWorld } from "../support/world";

/** Of each property, over all modules; the first is tried on half as many more. */
const CASES = 100_000;
/** A process for each takes hours. */
const THROUGH_BUNDLES = isTorture ? 100_000 : 1_000;
const THROUGH_ANSIBLE = 300;

const INSTALLER = join(__dirname, "..", "..", "scripts", "ansible-core");

describe("any task, very often", function () {
  this.timeout(50 * CASES);
  let world: RealWorld;

  before(async () => {
    world = await RealWorld.start();
  });
  after(async () => {
    await world.stop();
  });

  for (const subject of SUBJECTS) {
    it(`${subject.name} tells what it did, and all that it promises`, async () => {
      await tryTruth(subject, world, scaled((CASES * subject.share) / 200));
    });

    it(`${subject.name} shows no part of a secret, and tells the truth then, too`, async () => {
      await tryBoth(subject, world, scaled((CASES * subject.share) / 100));
    });
  }

  for (const subject of SUBJECTS) {
    it(`${subject.name} does so through its bundle`, async () => {
      await tryBundle(subject, world, scaled((THROUGH_BUNDLES * subject.share) / 100));
    });
  }

  it("fails for the newest ansible-core exactly when a module says so", async () => {
    const bin = execFileSync(INSTALLER, ["newest"], { encoding: "utf8" }).trim();
    await tryVerdicts(bin, world, scaled(THROUGH_ANSIBLE));
  });
});
