import { tryBundle } from "../support/properties";
import { SUBJECTS } from "../support/subjects";
import { useRealWorld } from "../support/world";

/** Over all modules; each is asked for both properties. */
const CASES = 300;

describe("any task, through the shipped bundle", function () {
  this.timeout(500 * CASES);
  const world = useRealWorld();

  for (const subject of SUBJECTS) {
    it(`${subject.name} tells the truth and no secret`, async () => {
      await tryBundle(subject, world(), (CASES * subject.share) / 100);
    });
  }
});
