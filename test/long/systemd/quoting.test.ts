// Ten thousand values, in arguments, in the unit's variables and in those of the environment file: what systemd itself
// makes of them, in a process that it has started, is what was declared.

import fc from "fast-check";

import { declareRecorder, expectDelivered, hostileValue } from "../../support/delivered-values";
import { SystemdLab } from "../../support/systemd-lab";

const UNITS = 100;
/** Of each unit: flags, variables, and secret variables. */
const [FLAGS, OPEN, SECRET] = [["etcd-username", "kube-annotation-prefix", "vmodule"], 57, 40];

describe("ten thousand values on systemd", function () {
  this.timeout(300_000);
  const lab = SystemdLab.forSuite("quote-long");

  it("reach a process as they were declared", async () => {
    const numRuns = UNITS * (FLAGS.length + OPEN + SECRET);
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    const values = fc.sample(hostileValue, { numRuns, seed });
    const take = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, values.pop() ?? ""]));
    const named = (letter: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${letter}${index}`);
    const declarations = Array.from({ length: UNITS }, (_, index) =>
      declareRecorder(index, {
        settings: take(FLAGS),
        environment: { ...take(named("OPEN_", OPEN)), ...take(named("SECRET_", SECRET)) },
        secret_settings: named("SECRET_", SECRET),
      }),
    );
    try {
      await expectDelivered(lab, declarations);
    } catch (error) {
      throw new Error(`with SEED=${seed}`, { cause: error });
    }
  });
});
