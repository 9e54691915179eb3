// A file that another host has downloaded and sent: it is installed from, and gone afterwards.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, Target } from "../../support/flannel-install";
import { tinyProgram } from "../../support/tiny-program";

describe("flannel_install: what was sent to the host", () => {
  let target: Target;

  beforeEach(() => {
    target = new Target();
    mkdirSync(target.bin);
  });
  afterEach(() => {
    target.remove();
  });

  const sent = (): string => join(target.bin, ".flanneld.sent");
  const send = (content = tinyProgram("v0.28.9")): void => {
    writeFileSync(sent(), content);
  };
  const install = (more: Result = {}): Promise<Result> =>
    target.run({ version: "v0.28.9", src: sent(), ...more });

  it("is installed and removed, which is no change of its own", async () => {
    const predicted = await install({ _ansible_check_mode: true, _ansible_diff: true });
    send();
    const real = await install({ _ansible_diff: true });
    expect(real["msg"]).to.equal(undefined);
    expect(real["changes"]).to.deep.equal(predicted["changes"]);
    expect(real).to.include({ changed: true, asset: predicted["asset"] });
    expect(existsSync(sent())).to.equal(false);
    expect(await install()).to.include({ changed: false, asset: null });
  });

  it("is removed also when it cannot be installed", async () => {
    send(tinyProgram("v0.27.0"));
    expect(await install()).to.include({ error_code: "verification", changed: false });
    expect(existsSync(sent())).to.equal(false);
  });

  it("is left alone in check mode", async () => {
    send();
    expect(await install({ _ansible_check_mode: true })).to.include({ changed: true });
    expect(existsSync(sent())).to.equal(true);
  });

  it("is removed by the next run when nobody has installed it, whatever that is for", async () => {
    const elsewhere = join(target.root, "flanneld");
    writeFileSync(elsewhere, tinyProgram("v0.28.9"));
    for (const options of [{ src: elsewhere }, { src: elsewhere, bin_dir: `${target.bin}/` }]) {
      send();
      const result = await install(options);
      expect(String(result["changes"])).to.include(`remove ${sent()} (left by a run`);
      expect(existsSync(sent())).to.equal(false);
    }
    send();
    expect(await target.run({ state: "absent" })).to.include({ changed: true });
    expect(existsSync(sent())).to.equal(false);
  });

  it("is the same file, however the directory is written", async () => {
    send();
    const result = await install({
      bin_dir: `${target.bin}//`,
      src: `${target.bin}//.flanneld.sent`,
    });
    expect(result["msg"]).to.equal(undefined);
    expect(existsSync(sent())).to.equal(false);
  });

  it("is nothing else: a file of the user's stays", async () => {
    const own = join(target.bin, "flanneld.mine");
    writeFileSync(own, tinyProgram("v0.28.9"));
    expect(await install({ src: own })).to.include({ changed: true });
    expect(existsSync(own)).to.equal(true);
  });
});
