// The last step of an installation, with files that can be put in place and with some that cannot.

import {
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { StaleObservationError } from "../../../../src/base/errors";
import { parseVersion } from "../../../../src/flannel/version";
import { type Ready, putInPlace } from "../../../../src/modules/flannel_install/place";
import { sha256 } from "../../../support/flannel-install";
import { RealRun } from "../../../support/flannel-install-journal";
import { digest } from "../../../support/flannel-install-scenes";
import { tarGz } from "../../../support/tar";
import { tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: putting in place", () => {
  const [old, fresh] = [tinyProgram("v0.16.1"), tinyProgram("v0.28.9")];
  const [oldScript, freshScript] = [Buffer.from("old script"), Buffer.from("new script")];
  /** Another digest is declared than that of the old daemon, so it was not asked for its version. */
  const kept = `.flanneld.previous-unknown.${sha256(old).slice(0, 12)}`;
  let directory: string;
  let run: RealRun;
  let ready: Ready;
  const at = (name: string): string => join(directory, name);
  const record = (): string => at(".flanneld.origin.json");

  const look = async (): Promise<RealRun> => {
    writeFileSync(at("source"), tarGz([{ name: "flanneld", content: fresh }]));
    const seen = await RealRun.of({ bin_dir: directory, src: at("source"), mk_docker_opts: true });
    rmSync(at("source"));
    return seen;
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "place-install-"));
    writeFileSync(at("flanneld"), old, { mode: 0o750 });
    writeFileSync(at("mk-docker-opts.sh"), oldScript);
    run = await look();
    ready = {
      asset: { isArchive: true, sha256: digest("c") },
      digest: undefined,
      staged: { program: at("staged-daemon"), "mk-docker-opts.sh": at("staged-script") },
      digests: { program: sha256(fresh), "mk-docker-opts.sh": sha256(freshScript) },
      version: parseVersion("v0.28.9"),
      staging: { previous: at("staged-previous") },
    };
    writeFileSync(at("staged-daemon"), fresh);
    writeFileSync(at("staged-script"), freshScript);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const fails = async (): Promise<unknown> => {
    const failure: unknown = await putInPlace(run.change("install"), ready, run).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(Error);
    return failure;
  };

  it("replaces both, keeps the old daemon, and writes down where they came from", async () => {
    await putInPlace(run.change("install"), ready, run);
    expect(run.summaries).to.deep.equal([run.change("install").summary]);
    expect(readFileSync(at("flanneld")).equals(fresh)).to.equal(true);
    expect(readFileSync(at("mk-docker-opts.sh")).equals(freshScript)).to.equal(true);
    expect(readFileSync(at(kept)).equals(old)).to.equal(true);
    expect(JSON.parse(readFileSync(record(), "utf8"))).to.deep.equal({
      flanneld: { sha256: sha256(fresh), version: "v0.28.9", archive_sha256: digest("c") },
      "mk-docker-opts.sh": {
        ...{ sha256: sha256(freshScript), version: "v0.28.9", archive_sha256: digest("c") },
      },
      kept: [{ name: kept, sha256: sha256(old) }],
    });
  });

  it("leaves nothing and tells nothing when the first file cannot be placed", async () => {
    rmSync(at("staged-script"));
    await fails();
    expect(run.journal).to.deep.equal([]);
    expect(existsSync(record())).to.equal(false);
    expect(readdirSync(directory).sort()).to.deep.equal([
      "flanneld",
      "mk-docker-opts.sh",
      "staged-daemon",
    ]);
  });

  it("tells of the script alone when the daemon cannot be placed, and keeps no twin of it", async () => {
    rmSync(at("staged-daemon"));
    await fails();
    expect(run.summaries).to.deep.equal([`install v0.28.9 as ${at("mk-docker-opts.sh")}`]);
    expect(run.journal[0]?.diff?.after).to.include(sha256(freshScript));
    expect(Object.keys(JSON.parse(readFileSync(record(), "utf8")) as object)).to.deep.equal([
      "mk-docker-opts.sh",
    ]);
    expect(readdirSync(directory).sort()).to.deep.equal([
      ".flanneld.origin.json",
      "flanneld",
      "mk-docker-opts.sh",
    ]);
  });

  it("leaves a version where it is that was kept before, when the daemon cannot be placed", async () => {
    linkSync(at("flanneld"), at(kept));
    run = await look();
    rmSync(at("staged-daemon"));
    await fails();
    expect(existsSync(at(kept))).to.equal(true);
  });

  it("starts anew when another run has replaced the daemon meanwhile", async () => {
    writeFileSync(at("other"), tinyProgram("v0.20.0"), { mode: 0o750 });
    renameSync(at("other"), at("flanneld"));
    expect(await fails()).to.be.instanceOf(StaleObservationError);
    expect(run.journal).to.deep.equal([]);
    expect(existsSync(at(kept))).to.equal(false);
  });

  it("leaves a kept version where it is that another run has put there meanwhile", async () => {
    writeFileSync(at("other"), tinyProgram("v0.20.0"), { mode: 0o750 });
    renameSync(at("flanneld"), at(kept));
    renameSync(at("other"), at("flanneld"));
    await fails();
    expect(readFileSync(at(kept)).equals(old)).to.equal(true);
  });
});
