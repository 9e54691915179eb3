import { ANSIBLES } from "../support/ansible-play";
import { tryVerdicts } from "../support/properties";
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
    it(`${version} shows all that a module promises, and says FAILED exactly when it does`, async () => {
      await tryVerdicts(bin, world, CASES);
    });
  }
});
