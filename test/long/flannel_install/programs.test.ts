// Programs that are no flanneld, where one should be: they are replaced, and removed, and those that the
// kernel refuses are not read by a shell, in no mode.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Target } from "../../support/flannel-install";
import { ANSWERS, HANGS, REFUSALS } from "../../support/hostile-programs";
import { tinyProgram } from "../../support/tiny-program";

const RIGHT = tinyProgram("v0.28.9");

describe("flannel_install: programs in the place of flanneld", function () {
  this.timeout(300_000);
  let target: Target;
  let mark: string;

  before(function () {
    if (machine() !== "x86_64") this.skip(); // they are made for it
  });
  beforeEach(() => {
    target = new Target();
    mark = join(target.root, "mark");
    mkdirSync(target.bin);
  });
  afterEach(() => {
    target.remove();
  });

  /** What a shell would do that read it, as it does with what the kernel refuses. */
  const withScript = (program: Buffer): Buffer =>
    Buffer.concat([program, Buffer.from(`\n: >${mark}\necho v0.28.9\nexit 0\n`)]);
  const source = (program: Buffer): string => {
    const path = join(target.root, "source");
    writeFileSync(path, program);
    return path;
  };

  for (const [what, program] of [...ANSWERS, ...REFUSALS, ...HANGS]) {
    it(`one that ${what} is replaced, and removed`, async () => {
      writeFileSync(target.binary, program, { mode: 0o750 });
      const options = { version: "v0.28.9", url: `file://${source(RIGHT)}` };
      const predicted = await target.run({ ...options, _ansible_check_mode: true });
      expect(predicted).to.include({ changed: true });
      expect(await target.run(options)).to.include({ changed: true, version: "v0.28.9" });
      expect(readFileSync(target.binary).equals(RIGHT)).to.equal(true);
      writeFileSync(target.binary, program);
      expect(await target.run({ state: "absent" })).to.include({ changed: true });
      expect(readdirSync(target.bin)).to.deep.equal([]);
    });
  }

  for (const [what, program] of REFUSALS) {
    it(`one that ${what} is not read by a shell`, async () => {
      const hostile = withScript(program);
      writeFileSync(target.binary, hostile, { mode: 0o755 });
      for (const options of [
        { version: "v0.28.9", _ansible_check_mode: true },
        { version: "v0.28.9", src: source(hostile) },
        { state: "absent" },
      ]) {
        const result = await target.run(options);
        expect(result["version"], JSON.stringify(options)).to.not.equal("v0.16.1");
        expect(existsSync(mark), JSON.stringify(options)).to.equal(false);
      }
    });
  }

  for (const [what, program, reason] of HANGS) {
    it(`one that ${what} is not installed`, async () => {
      const result = await target.run({ version: "v0.28.9", src: source(program) });
      expect(result).to.include({ failed: true, changed: false });
      expect(result["msg"]).to.match(reason);
    });
  }
});
