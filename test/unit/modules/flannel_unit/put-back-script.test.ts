import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { tryStartOf } from "../../../../src/host/proc";
import {
  ARMED,
  FIRED,
  type Step,
  type Trial,
  renderPutBack,
} from "../../../../src/modules/flannel_unit/put-back-script";

/** A folder of a switch, files that it may put back, and a systemctl that writes down what it is told. */
class Place {
  readonly root = mkdtempSync(join(tmpdir(), "put back 'it-"));
  readonly folder = join(this.root, "way back");
  readonly unit = join(this.root, "flanneld.service");

  constructor() {
    for (const name of [this.folder, join(this.root, "bin")]) mkdirSync(name);
    const systemctl = join(this.root, "bin", "systemctl");
    writeFileSync(
      systemctl,
      `#!/bin/sh\n[ "$1" = is-active ] && exec cat "${this.root}/state"\necho "$@" >>"${this.root}/calls"\n`,
    );
    chmodSync(systemctl, 0o755);
    writeFileSync(join(this.root, "state"), "active\n");
    writeFileSync(join(this.folder, ARMED), "1\n");
    writeFileSync(this.unit, "new");
    writeFileSync(join(this.folder, "0"), "old", { mode: 0o640 });
  }

  script(steps: readonly Step[], trial: Partial<Trial> = {}): string {
    const whole = { pid: 2 ** 22 + 1, startTicks: 1, limitS: 60, ...trial };
    const saved = steps.map((step, index) => ({ step, name: String(index) }));
    const path = join(this.folder, "put-back.sh");
    writeFileSync(path, renderPutBack(this.folder, "flanneld.service", whole, saved));
    return path;
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${join(this.root, "bin")}:${process.env["PATH"] ?? ""}` };
  }

  run(steps: readonly Step[], trial: Partial<Trial> = {}): void {
    const { status, stderr } = spawnSync("/bin/sh", [this.script(steps, trial)], { env: this.env });
    expect(status, stderr.toString()).to.equal(0);
  }

  get calls(): readonly string[] {
    const path = join(this.root, "calls");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }
}

const BEFORE = { content: "old", mode: 0o640, uid: 0, gid: 0 };

function unitStep(path: string): Step {
  return { what: "unit", putting: { path, by: "content", before: BEFORE } };
}

describe("the script that puts a daemon back", () => {
  it("does it when the process that tries the new one is gone", () => {
    const place = new Place();
    place.run([unitStep(place.unit)]);
    expect(readFileSync(place.unit, "utf8")).to.equal("old");
    expect(statSync(place.unit).mode & 0o777).to.equal(0o640);
    expect(place.calls).to.deep.equal([
      "daemon-reload",
      "reset-failed flanneld.service",
      "restart --no-block flanneld.service",
    ]);
    expect(readdirSync(place.folder)).to.deep.equal([FIRED]);
    expect(readFileSync(join(place.folder, FIRED), "utf8")).to.match(/^\d{4}-.* UTC\n$/);
  });

  it("does not wait for a daemon that was told to end while it started, and does not", () => {
    const place = new Place();
    writeFileSync(join(place.root, "state"), "deactivating\n");
    place.run([unitStep(place.unit)]);
    expect(place.calls.slice(-2)).to.deep.equal([
      "restart --no-block flanneld.service",
      "kill --signal=KILL flanneld.service",
    ]);
  }).timeout(10_000);

  it("puts back kept files, too, and removes what was not there", () => {
    const place = new Place();
    const [kept, binary, environment] = ["kept", "flanneld", "env"].map((name) =>
      join(place.root, name),
    );
    if (kept === undefined || binary === undefined || environment === undefined) throw new Error();
    writeFileSync(kept, "old program");
    writeFileSync(binary, "new program");
    writeFileSync(environment, "secret");
    place.run([
      unitStep(place.unit),
      { what: "binary", putting: { path: binary, by: "link", kept } },
      { what: "environment file", putting: { path: environment, by: "removal" }, isLate: true },
    ]);
    expect(readFileSync(binary, "utf8")).to.equal("old program");
    expect(existsSync(environment)).to.equal(false);
    expect(existsSync(kept)).to.equal(true);
  });

  it("waits while that process lives, and is called off by whoever takes the mark away", async () => {
    const place = new Place();
    const trial = { pid: process.pid, startTicks: tryStartOf(process.pid) ?? 0 };
    const child = spawn("/bin/sh", [place.script([unitStep(place.unit)], trial)], {
      env: place.env,
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).to.equal(null);
    renameSync(join(place.folder, ARMED), join(place.folder, "off"));
    const code = await new Promise((resolve) => child.on("exit", resolve));
    expect(code).to.equal(0);
    expect(readFileSync(place.unit, "utf8")).to.equal("new");
    expect(place.calls).to.deep.equal([]);
  });

  it("does not take another process of the same number for it", () => {
    const place = new Place();
    place.run([unitStep(place.unit)], { pid: process.pid, startTicks: 1 });
    expect(readFileSync(place.unit, "utf8")).to.equal("old");
  });

  it("does not wait for ever", () => {
    const place = new Place();
    const trial = { pid: process.pid, startTicks: tryStartOf(process.pid) ?? 0, limitS: 0 };
    place.run([unitStep(place.unit)], trial);
    expect(readFileSync(place.unit, "utf8")).to.equal("old");
  });
});
