// flannel's CNI plugin, which has releases of its own: installed, kept, verified and removed as the daemon is.

import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, Target, sha256 } from "../../support/flannel-install";
import { Mirror, serve } from "../../support/mirror";
import { tarGz } from "../../support/tar";
import { tinyProgram } from "../../support/tiny-program";

const ARCH = machine() === "aarch64" ? "arm64" : "amd64";

/** As the releases from v1.8.0-flannel2 on speak of themselves: without the number of the release. */
const pluginOf = (version: string, paddingBytes = 0): Buffer =>
  tinyProgram(`CNI Plugin flannel version ${version} (linux/x) commit 9c5a`, paddingBytes);

describe("flannel_install: flannel's CNI plugin", () => {
  const mirror = new Mirror();
  let target: Target;

  before(() => mirror.start());
  after(() => mirror.close());
  beforeEach(() => {
    target = new Target();
  });
  afterEach(() => {
    target.remove();
  });

  const plugin = (): string => join(target.bin, "flannel");
  const names = (): readonly string[] => readdirSync(target.bin).sort();
  const run = (version: string, more: Result = {}): Promise<Result> =>
    target.run({
      ...{ program: "cni-plugin", version, mode: "0755", _ansible_diff: true },
      ...{ url: `${mirror.origin}/{version}/{asset}`, ...more },
    });
  const asked = (): readonly string[] => mirror.seen.map(({ url }) => url);

  it("is downloaded by its own names, as check mode has said, and then there is nothing to do", async () => {
    const program = pluginOf("v1.9.1");
    mirror.behave(serve(program));
    const checksum = `sha256:${sha256(program)}`;
    const predicted = await run("v1.9.1-flannel1", { checksum, _ansible_check_mode: true });
    expect(existsSync(target.bin)).to.equal(false);
    const real = await run("v1.9.1-flannel1", { checksum });
    expect(real).to.include({ changed: true, verified: true, version: "v1.9.1-flannel1" });
    expect([real["changes"], real["diff"]]).to.deep.equal([
      predicted["changes"],
      predicted["diff"],
    ]);
    expect(asked()).to.deep.equal([`/v1.9.1-flannel1/flannel-${ARCH}`]);
    expect(statSync(plugin()).mode & 0o777).to.equal(0o755);
    expect(names()).to.deep.equal([".flannel.origin.json", "flannel"]);
    const before = target.snapshot();
    expect(await run("v1.9.1-flannel1", { checksum })).to.include({ changed: false });
    expect(target.snapshot()).to.deep.equal(before);
  });

  it("is taken out of the archive, where only that is known", async () => {
    const asset = `cni-plugin-flannel-linux-${ARCH}-v1.9.1.tgz`;
    const readMe = { name: "README.md", content: "text" };
    const archive = tarGz([{ name: `flannel-${ARCH}`, content: pluginOf("v1.9.1") }, readMe]);
    mirror.behave(serve(archive));
    const known_checksums = { [asset]: sha256(archive) };
    expect(await run("v1.9.1-flannel1", { known_checksums })).to.include({
      ...{ changed: true, verified: true, asset },
    });
    expect(readFileSync(plugin()).equals(pluginOf("v1.9.1"))).to.equal(true);
    expect(names()).to.deep.equal([".flannel.origin.json", "flannel"]);
  });

  it("is replaced by the next release of the same plugins, and taken back without a download", async () => {
    mirror.behave(serve(pluginOf("v1.9.1")));
    await run("v1.9.1-flannel1", { checksum: "none" });
    mirror.behave(serve(pluginOf("v1.9.1", 100)));
    const next = await run("v1.9.1-flannel2", { checksum: "none" });
    const kept = join(target.bin, ".flannel.previous-v1.9.1-flannel1");
    expect(next).to.include({ changed: true, version_before: "v1.9.1-flannel1" });
    expect(next["kept"]).to.deep.equal([kept]);
    mirror.behave((_, response) => response.writeHead(503).end());
    const back = await run("v1.9.1-flannel1", { checksum: "none" });
    expect(back).to.include({ changed: true, version: "v1.9.1-flannel1", asset: null });
    expect(asked()).to.deep.equal([]);
    expect(readFileSync(plugin()).equals(pluginOf("v1.9.1"))).to.equal(true);
  });

  it("takes the place of one that tells no version, and is not taken for it", async () => {
    mkdirSync(target.bin);
    writeFileSync(plugin(), tinyProgram("CNI flannel plugin version unknown"), { mode: 0o755 });
    mirror.behave(serve(pluginOf("v1.9.1")));
    expect(await run("v1.9.1-flannel1")).to.include({ changed: true, version_before: null });
    expect(await run("v1.9.1-flannel1")).to.include({ changed: false });
  });

  for (const [what, program, reason] of [
    ["another plugin", tinyProgram("CNI bridge plugin v1.9.1"), "does not report its version"],
    ["the daemon", tinyProgram("v0.28.9"), "does not report its version"],
    ["another release", pluginOf("v1.7.1-flannel1"), "is flannel's CNI plugin v1.7.1-flannel1"],
  ] as const) {
    it(`is not ${what}`, async () => {
      mirror.behave(serve(program));
      const result = await run("v1.9.1-flannel1");
      expect(result).to.include({ failed: true, changed: false, error_code: "verification" });
      expect(result["msg"]).to.include(reason);
      expect(existsSync(plugin())).to.equal(false);
    });
  }

  it("is removed where it is this module's own; that of a package stays", async () => {
    mirror.behave(serve(pluginOf("v1.9.1")));
    await run("v1.9.1-flannel1");
    const neighbour = join(target.bin, "bridge");
    writeFileSync(neighbour, "of others");
    const gone = await target.run({ program: "cni-plugin", state: "absent" });
    expect(gone).to.include({ changed: true, version: null });
    expect(names()).to.deep.equal(["bridge"]);
    writeFileSync(plugin(), pluginOf("v1.9.1"), { mode: 0o755 });
    const kept = await target.run({ program: "cni-plugin", state: "absent" });
    expect(kept).to.include({ changed: false });
    expect(names()).to.deep.equal(["bridge", "flannel"]);
  });

  it("stays, too, where somebody has replaced it since, and is forgotten", async () => {
    mirror.behave(serve(pluginOf("v1.9.1")));
    await run("v1.9.1-flannel1");
    writeFileSync(plugin(), "another role's");
    expect(await target.run({ program: "cni-plugin", state: "absent" })).to.include({
      changed: true,
    });
    expect(names()).to.deep.equal(["flannel"]);
  });

  it("has no script, and says so", async () => {
    expect((await run("v1.9.1-flannel1", { mk_docker_opts: true }))["msg"]).to.include(
      "mk_docker_opts: the script is in the releases of flanneld",
    );
  });
});
