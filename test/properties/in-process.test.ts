import { tryBoth, tryTruth } from "../support/properties";
import { SUBJECTS } from "../support/subjects";
import { useRealWorld } from "../support/world";

/** Of each property, over all modules; the first is tried on half as many more. */
const CASES = 2_000;

describe("any task, in this process", function () {
  this.timeout(100 * CASES);
  const world = useRealWorld();

  for (const subject of SUBJECTS) {
    const cases = (CASES * subject.share) / 100;

    it(`${subject.name} tells what it did, and all that it promises`, async () => {
      await tryTruth(subject, world(), cases / 2);
    });

    it(`${subject.name} shows no part of a secret, and tells the truth then, too`, async () => {
      await tryBoth(subject, world(), cases);
    });
  }
});
