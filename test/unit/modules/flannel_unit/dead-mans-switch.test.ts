// Who may keep a way back on a host: one run at a time.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { StaleObservationError } from "../../../../src/base/errors";
import { armSwitch } from "../../../../src/modules/flannel_unit/dead-mans-switch";
import { ARMED } from "../../../../src/modules/flannel_unit/put-back-script";

describe("a dead man's switch", () => {
  const root = mkdtempSync(join(tmpdir(), "switch-test-"));
  const folder = join(root, "way-back");
  after(() => {
    rmSync(root, { recursive: true });
  });

  it("is not taken from a run that has armed it since the host was looked at", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, ARMED), `${process.ppid}\n`);
    const failure: unknown = await armSwitch(folder, "switch-test.service", [], 1).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(StaleObservationError);
    expect(String(failure)).to.include("another run of flannel_unit keeps its way back there");
    expect(existsSync(join(folder, ARMED))).to.equal(true);
  });
});
