import { tryBundle } from "../support/properties";
import { SUBJECTS } from "../support/subjects";
import { RealWorld } from "../support/world";

/** Over all modules; each is asked for both properties. */
const CASES = 300;

describe("any task, through the shipped bundle", function () {
  this.timeout(500 * CASES);
  let world: RealWorld;

  before(async () => {
    world = await RealWorld.start();
  });
  after(async () => {
    await world.stop();
  });

  for (const subject of SUBJECTS) {
    it(`${subject.name} tells the truth and no secret`, async () => {
      await tryBundle(subject, world, (CASES * subject.share) / 100);
    });
  }
});
