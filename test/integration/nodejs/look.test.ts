// roles/nodejs on hosts where what is called node may be anything.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { NodejsScene } from "../../support/nodejs-scene";

const MINIMUM = "90.1.0"; // which the machine of the tests does not have

describe("roles/nodejs, looking for Node.js", () => {
  let scene: NodejsScene;
  beforeEach(() => {
    scene = new NodejsScene();
  });
  afterEach(() => {
    scene.remove();
  });

  const link = () => join(scene.directory, "opt", "bin", "node");
  const look = (more: Readonly<Record<string, string>> = {}) =>
    scene.run("look", { NODEJS_MINIMUM: MINIMUM, NODEJS_LINK: link(), NODEJS_PLACES: "", ...more });
  /** What is said of programs of the scene. */
  const ours = (lines: readonly string[]) => lines.filter((line) => line.includes(scene.directory));

  it("links to the first that is new enough, and the second time has nothing to do", async () => {
    const old = scene.program("old/node", "echo v18.20.4");
    const good = scene.program("good/node", "echo v90.1.0");
    const places = { NODEJS_PLACES: `${old}\n/nowhere/node\n${good}` };
    const said = [`seen 18.20.4 ${old}`, `seen 90.1.0 ${good}`, `use ${good}`];
    const dry = await look({ ...places, NODEJS_DRY_RUN: "yes" });
    expect(dry).to.deep.equal([...said, `linked ${link()}`]);
    expect(existsSync(dirname(link()))).to.equal(false);
    expect(await look(places)).to.deep.equal(dry);
    expect(readlinkSync(link())).to.equal(good);
    expect(await look(places)).to.deep.equal(said);
  });

  it("clears away what a run that was killed had begun to bring, once there is another", async () => {
    const stage = dirname(scene.program("opt/.new-90.1.0/tree/bin/node", "echo v90.1.0"));
    const begun = join(scene.directory, "opt", ".new-90.1.0");
    expect(ours(await look())).to.deep.equal([]);
    expect(existsSync(stage)).to.equal(true);
    const good = scene.program("good/node", "echo v90.1.0");
    const said = [`seen 90.1.0 ${good}`, `use ${good}`, `removed ${begun}`, `linked ${link()}`];
    expect(await look({ NODEJS_PLACES: good, NODEJS_DRY_RUN: "yes" })).to.deep.equal(said);
    expect(existsSync(stage)).to.equal(true);
    expect(await look({ NODEJS_PLACES: good })).to.deep.equal(said);
    expect(existsSync(begun)).to.equal(false);
  });

  const SHIMS: Readonly<Record<string, string>> = {
    "prints nothing": ":",
    "prints a sentence": "echo No version is set for command node. Consider adding one",
    "prints a sentence, and fails": "echo mise: no tasks; exit 1",
    "asks and waits": "echo 'Install node? [y/N]'; read -r answer; echo v90.1.0-$answer >&2",
    "prints for ever": "while :; do echo yes, node; done",
    "prints bytes": "head -c 3000 /dev/urandom",
    "prints something like a version": "echo v90.1; echo node v90.1.0",
  };
  for (const [what, body] of Object.entries(SHIMS)) {
    it(`passes over a node that ${what}`, async () => {
      const shim = scene.program("shim/node", body);
      const good = scene.program("good/node", "echo v91.0.0");
      const lines = await look({ NODEJS_PLACES: `${shim}\n${good}` });
      expect(lines).to.deep.equal([`seen 91.0.0 ${good}`, `use ${good}`, `linked ${link()}`]);
    });
  }

  it("waits for one that hangs as long as it may, no longer", async () => {
    const shim = scene.program("shim/node", "sleep 60; echo v90.1.0");
    const start = Date.now();
    const lines = await look({ NODEJS_PLACES: shim, NODEJS_LIMIT: "1" });
    expect(ours(lines)).to.deep.equal([]);
    expect(Date.now() - start).to.be.within(900, 20_000);
  }).timeout(30_000);

  it("hears the version behind a banner, and finds a path with spaces", async () => {
    const node = scene.program("a b/no de", "echo Now using node; echo v90.2.0-rc.1");
    expect((await look({ NODEJS_PLACES: node })).slice(0, 2)).to.deep.equal([
      `seen 90.2.0 ${node}`,
      `use ${node}`,
    ]);
  });

  it("names one program once, whatever its names", async () => {
    const old = scene.program("old/node", "echo v18.20.4");
    symlinkSync(old, join(scene.directory, "again"));
    const lines = await look({ NODEJS_PLACES: `${join(scene.directory, "again")}\n${old}` });
    expect(ours(lines)).to.deep.equal([`seen 18.20.4 ${join(scene.directory, "again")}`]);
  });

  it("turns a link that leads nowhere", async () => {
    mkdirSync(dirname(link()), { recursive: true });
    symlinkSync("/nowhere/node", link());
    const good = scene.program("good/node", "echo v90.1.0");
    expect(await look({ NODEJS_PLACES: `${link()}\n${good}` })).to.include(`linked ${link()}`);
    expect(readlinkSync(link())).to.equal(good);
  });

  it("names the path where the link cannot be made", async () => {
    writeFileSync(join(scene.directory, "opt"), "in the way");
    chmodSync(join(scene.directory, "opt"), 0o444);
    const good = scene.program("good/node", "echo v90.1.0");
    const lines = await look({ NODEJS_PLACES: good });
    expect(lines).to.deep.equal([`seen 90.1.0 ${good}`, `use ${good}`]);
  });
});
