import { ANSIBLES } from "../support/ansible-play";
import { tryVerdicts } from "../support/properties";
import { useRealWorld } from "../support/world";

/** Through each ansible-core, over all modules. */
const CASES = 100;

describe("any task, through ansible-core", function () {
  this.timeout(3_000 * CASES);
  const world = useRealWorld();

  for (const [version, bin] of Object.entries(ANSIBLES)) {
    it(`${version} shows all that a module promises, and says FAILED exactly when it does`, async () => {
      await tryVerdicts(bin, world(), CASES);
    });
  }
});
