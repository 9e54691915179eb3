// What is taken for a release file, from a file of the host.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { FLANNELD } from "../../../../src/flannel/release-assets";
import { declare, sourceOf } from "../../../../src/modules/flannel_install/declare";
import {
  type Asset,
  obtainAsset,
  unpackAsset,
} from "../../../../src/modules/flannel_install/obtain";
import { sha256 } from "../../../support/flannel-install";
import { type Options, digest, optionsWith } from "../../../support/flannel-install-scenes";
import { tarGz } from "../../../support/tar";
import { elfOf } from "../../../support/tiny-program";

describe("flannel_install: the file to install from", () => {
  const program = elfOf("amd64");
  const archive = tarGz([{ name: "flanneld", content: program }]);
  let directory: string;
  let staged: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "obtain-"));
    staged = join(directory, "staged");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const obtain = (
    content: Buffer | undefined,
    expected?: string,
    more: Options = {},
  ): Promise<Asset> => {
    const src = join(directory, "src");
    if (content !== undefined) writeFileSync(src, content);
    const cpu = { arch: "amd64" } as const;
    const source = sourceOf(declare(optionsWith({ src, retries: 0, ...more })), { cpu });
    if (source === undefined) throw new Error("no source");
    const wanted =
      expected === undefined ? undefined : ({ algorithm: "sha256", hex: expected } as const);
    return obtainAsset(source, wanted, staged);
  };
  const daemon = { arch: "amd64", program: FLANNELD } as const;
  const places = (): { program: string; "mk-docker-opts.sh": string } => ({
    program: join(directory, "daemon"),
    "mk-docker-opts.sh": join(directory, "script"),
  });

  it("may be the bare daemon, which needs no unpacking", async () => {
    const asset = await obtain(program, sha256(program));
    expect(asset).to.include({
      ...{ isArchive: false, path: staged, source: join(directory, "src") },
      ...{ bytes: program.length, sha256: sha256(program), attempts: 1 },
    });
    expect(await unpackAsset(asset, daemon, ["program"], places())).to.deep.equal({
      program: staged,
    });
  });

  it("may be an archive, out of which only what is wanted is taken", async () => {
    const asset = await obtain(archive);
    expect(asset).to.include({ isArchive: true });
    const files = await unpackAsset(asset, daemon, ["program"], places());
    expect(files).to.deep.equal({ program: places().program });
    expect(readFileSync(places().program).equals(program)).to.equal(true);
    expect(existsSync(places()["mk-docker-opts.sh"])).to.equal(false);
  });

  const refusals: readonly (readonly [string, Buffer | undefined, string, string, Options?])[] = [
    ["is not there", undefined, "not_found", "there is no such file on the host"],
    ["is empty", Buffer.alloc(0), "verification", "is empty"],
    ["is a page", Buffer.from(" <HTML>"), "verification", "is an HTML page"],
    ["is text", Buffer.from("hello\u{7}"), "verification", "it begins with"],
    ["is bare", program, "verification", "needs the tar.gz", { mk_docker_opts: true }],
  ];
  for (const [what, content, code, reason, more] of refusals) {
    it(`is refused when it ${what}`, async () => {
      const failure = await obtain(content, undefined, more).catch((error: unknown) => error);
      expect(failure).to.include({ code });
      expect(String(failure)).to.include(reason);
    });
  }

  it("is refused when its digest is not the one it must have", async () => {
    const failure = await obtain(program, digest("b")).catch((error: unknown) => error);
    expect(failure).to.include({ code: "verification" });
    expect(String(failure)).to.include(`is ${sha256(program)}, expected bbb`);
  });
});
