// The script that makes the table of checksums, against a server that plays the page of a release.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { type Outcome, checkRelease } from "../../../scripts/checksums";
import { CNI_PLUGIN, FLANNELD } from "../../../src/flannel/release-assets";
import { sha256 } from "../../support/flannel-install";
import { Mirror } from "../../support/mirror";

const TAG = "v0.28.9";
const DAEMON = Buffer.from("the daemon");
const ARCHIVE = Buffer.from("the archive");
const FILES: Readonly<Record<string, Buffer>> = {
  "flanneld-amd64": DAEMON,
  [`flannel-${TAG}-linux-amd64.tar.gz`]: ARCHIVE,
  "flannel-amd64": Buffer.from("a plugin"),
  "kube-flannel.yml": Buffer.from("no program"),
};

describe("the script of the table of checksums", () => {
  const mirror = new Mirror();
  let table: string;
  let digests: Readonly<Record<string, string | null>>;

  before(() => mirror.start());
  after(() => mirror.close());
  beforeEach(() => {
    table = mkdtempSync(join(tmpdir(), "table-"));
    digests = { "flanneld-amd64": `sha256:${sha256(DAEMON)}` };
    mirror.behave(({ url = "" }, response) => {
      const name = url.replace("/files/", "");
      const assets = Object.keys(FILES).map((file) => ({
        name: file,
        browser_download_url: `${mirror.origin}/files/${file}`,
        digest: digests[file] ?? null,
      }));
      if (url === `/tags/${TAG}`) response.end(JSON.stringify({ assets }));
      else if (FILES[name] === undefined) response.writeHead(404).end();
      else response.end(FILES[name]);
    });
  });
  afterEach(() => {
    rmSync(table, { recursive: true });
  });

  const check = (writes: boolean): Promise<Outcome> =>
    checkRelease(TAG, { program: FLANNELD, table, pages: `${mirror.origin}/tags` }, writes);
  const path = (): string => join(table, `${TAG}.json`);
  const pins = (): Record<string, { sha256: string; source: string }> =>
    JSON.parse(readFileSync(path(), "utf8")) as ReturnType<typeof pins>;

  it("adds every file that a host can install from, and says who has seen it", async () => {
    const { added, faults } = await check(true);
    expect(faults).to.deep.equal([]);
    expect(added.length).to.equal(2);
    expect(pins()["flanneld-amd64"]).to.include({ sha256: sha256(DAEMON) });
    expect(pins()["flanneld-amd64"]?.source).to.match(
      /downloaded on \d{4}-.*as its page publishes/,
    );
    const archive = pins()[`flannel-${TAG}-linux-amd64.tar.gz`];
    expect(archive).to.include({ sha256: sha256(ARCHIVE) });
    expect(archive?.source).to.not.include("publishes");
  });

  it("knows the files of the CNI plugin by their names", async () => {
    const places = { program: CNI_PLUGIN, table, pages: `${mirror.origin}/tags` };
    expect((await checkRelease(TAG, places, true)).added).to.deep.equal(["flannel-amd64"]);
  });

  it("changes nothing the second time, and confirms what is there", async () => {
    await check(true);
    const before = readFileSync(path(), "utf8");
    const { added, faults } = await check(true);
    expect([...added, ...faults]).to.deep.equal([]);
    expect((await check(false)).confirmed).to.have.length(2);
    expect(readFileSync(path(), "utf8")).to.equal(before);
  });

  it("writes nothing where it only checks", async () => {
    expect((await check(false)).added).to.deep.equal([]);
    expect(readdirSync(table)).to.deep.equal([]);
  });

  it("takes no file that is not what its page publishes", async () => {
    digests = { "flanneld-amd64": `sha256:${"0".repeat(64)}` };
    const { added, faults } = await check(true);
    expect(added).to.have.length(1);
    expect(faults.join()).to.match(/flanneld-amd64: its SHA-256 is .*its page publishes 0000/);
  });

  it("never changes a pin", async () => {
    const pin = { sha256: "1".repeat(64), source: "https://somebody.example" };
    writeFileSync(path(), JSON.stringify({ "flanneld-amd64": pin }));
    const { faults } = await check(true);
    expect(faults.join()).to.match(/pinned is 1111.*somebody.example.*find out why/);
    expect(pins()["flanneld-amd64"]).to.deep.equal(pin);
  });

  it("says when a file has gone from the page", async () => {
    const pin = { sha256: "1".repeat(64), source: "https://somebody.example" };
    writeFileSync(path(), JSON.stringify({ "flanneld-s390x": pin }));
    expect((await check(false)).faults.join()).to.include(
      "flanneld-s390x is in the table, and not",
    );
  });
});
