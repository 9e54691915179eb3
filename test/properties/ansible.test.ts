import { ANSIBLES } from "../support/ansible-play";
import { tryVerdicts } from "../support/properties";
import { SUBJECTS } from "../support/subjects";
import { RealWorld } from "../support/world";

/** Through each ansible-core, over all modules. */
const CASES = 100;

describe("any task, through ansible-core", function () {
  this.timeout(3_000 * CASES);
  let world: RealWorld;

  before(async () => {
    world = await RealWorld.start();
  });
  after(async () => {
    await world.stop();
  });

  for (const [version, bin] of Object.entries(ANSIBLES)) {
    for (const subject of SUBJECTS) {
      it(`${version} shows all that ${subject.name} promises, and says FAILED exactly when it does`, async () => {
        await tryVerdicts(subject, bin, world, (CASES * subject.share) / 100);
      });
    }
  }
});
