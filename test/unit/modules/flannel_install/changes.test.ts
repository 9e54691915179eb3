// What a step shows before it is done and afterwards.

import { expect } from "chai";

import { type Diff } from "../../../../src/ansible/module";
import { cachePathsFor } from "../../../../src/modules/flannel_install/cache";
import {
  type Installation,
  assetDownload,
  attributesSetting,
  directoryCreation,
  installation,
  removal,
  withDigest,
  withDigests,
} from "../../../../src/modules/flannel_install/changes";
import {
  BINARY,
  type Host,
  type Options,
  SCRIPT,
  type Scene,
  binaryOf,
  digest,
  given,
  scriptWith,
  sourceWith,
} from "../../../support/flannel-install-scenes";

describe("flannel_install: a change", () => {
  const installs = (scene: Scene): Installation => {
    const found = scene.plan.changes.find((change) => change.kind === "install");
    if (found === undefined) throw new Error("nothing is installed");
    return found;
  };
  const diffOf = (options: Options, host: Host): Diff | undefined =>
    installs(given(options).on(host)).diff;

  it("shows version, CPU, digest, mode and owner before and after", () => {
    const binary = binaryOf("v0.16.1", { mode: 0o755 });
    expect(diffOf({}, { binary, expected: digest("b") })).to.deep.equal({
      before_header: BINARY,
      after_header: BINARY,
      before: `version: v0.16.1\narch: amd64\nsha256: ${digest("a")}\nmode: 0755\nuid: 0\ngid: 0\n`,
      after: `version: v0.28.9\narch: amd64\nsha256: ${digest("b")}\nmode: 0750\nuid: 0\ngid: 0\n`,
    });
  });

  it("says so when the digest is that of a list nobody has asked yet", () => {
    expect(diffOf({}, { expected: "later" })?.after).to.include(
      "sha256: (known after the download)",
    );
  });

  it("shows accounts that are not there yet as unknown", () => {
    const { changes } = given().on({ binary: binaryOf("v0.28.9"), unknown: ["group"] }).plan;
    expect(changes.map(({ diff }) => diff?.after)).to.deep.equal([
      "mode: 0750\nuid: 0\ngid: unknown\n",
    ]);
  });

  it("fills digests into the diff once they are known, and invents none for an archive", () => {
    const change = installs(given({ mk_docker_opts: true }).on({ expected: digest("c") }));
    expect(change.diff?.after).to.not.include(digest("c"));
    const completed = withDigests(change, {
      program: digest("1"),
      "mk-docker-opts.sh": digest("2"),
    });
    expect(completed.diff?.after)
      .to.include(`\nsha256: ${digest("1")}\n`)
      .and.to.include(`\nmk-docker-opts.sh sha256: ${digest("2")}\n`)
      .and.to.not.include("known after");
    expect(withDigests(change, {})).to.deep.equal(change);
  });

  it("that was made in part speaks of that part only", () => {
    const scene = given({ mk_docker_opts: true }).on({
      binary: binaryOf("v0.16.1"),
      script: scriptWith(),
    });
    const whole = installs(scene);
    expect(whole.summary).to.equal(`install v0.28.9 as ${BINARY} and ${SCRIPT}, keeping v0.16.1`);
    const files = ["mk-docker-opts.sh"] as const;
    const part = installation(scene.declared.paths, scene.observed, {
      ...whole,
      files,
      replaced: undefined,
    });
    expect(part).to.include({ summary: `install v0.28.9 as ${SCRIPT}` });
    expect(part.diff?.before).to.match(/^mk-docker-opts.sh sha256: 5{64}\n/);
    expect(part.diff?.after).to.not.include("v0.28.9");
  });

  it("names what it is about in a sentence, with the state before and after", () => {
    expect(directoryCreation(["/opt", "/opt/bin"])).to.deep.include({
      summary: "create the directory /opt/bin",
      diff: {
        before_header: "/opt/bin",
        after_header: "/opt/bin",
        before: "",
        after: "/opt: directory, mode 0755\n/opt/bin: directory, mode 0755\n",
      },
    });
    expect(removal("/x", "old")).to.deep.include({
      summary: "remove /x (old)",
      diff: { before_header: "/x", after_header: "/x", before: "/x\n", after: "" },
    });
    const setting = attributesSetting("/x", scriptWith(), { mode: 0o700, uid: 0, gid: 4 });
    expect(setting).to.deep.include({
      summary: "set mode and owner of /x",
      diff: {
        before_header: "/x",
        after_header: "/x",
        before: "mode: 0750\nuid: 0\ngid: 0\n",
        after: "mode: 0700\nuid: 0\ngid: 4\n",
      },
    });
  });

  it("shows the digests of a download, as far as they are known", () => {
    const source = sourceWith({}, "arm64");
    const paths = cachePathsFor("/cache/v0.28.9", source);
    const cached = { sha256: digest("0"), inode: 1, fault: "is empty" };
    const change = assetDownload(paths, source, { cached, digest: { kind: "undeclared" } });
    expect(change.diff).to.deep.equal({
      before_header: paths.asset,
      after_header: paths.asset,
      before: `sha256: ${digest("0")}\n`,
      after: "sha256: (known after the download)\n",
    });
    expect(withDigest(change, digest("d")).diff?.after).to.equal(`sha256: ${digest("d")}\n`);
    const sha256 = digest("d");
    const known = assetDownload(paths, source, {
      cached: undefined,
      digest: { kind: "known", sha256 },
    });
    expect(known.diff).to.include({ before: "", after: `sha256: ${sha256}\n` });
  });
});
