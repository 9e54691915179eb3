// What the result says of a prediction, of a run that succeeded, and of one that failed half way.

import { expect } from "chai";

import { parseVersion } from "../../../../src/flannel/version";
import { type Installed } from "../../../../src/modules/flannel_install/apply";
import { type Change, installation } from "../../../../src/modules/flannel_install/changes";
import {
  BINARY,
  type Host,
  type Options,
  type Scene,
  binaryOf,
  digest,
  given,
  keptPath,
  scriptWith,
} from "../../../support/flannel-install-scenes";

describe("flannel_install: the result", () => {
  const running = (current: number, replaced: number): Host => ({
    running: { current, replaced },
  });
  const old = { binary: binaryOf("v0.16.1") };
  const right = { binary: binaryOf("v0.28.9") };

  const outcome: Installed = {
    asset: {
      ...{ source: "https://m/flanneld", bytes: 5, attempts: 2, sha256: digest("d") },
      ...{ head: Buffer.alloc(0), isArchive: false, path: "/x" },
    },
    version: parseVersion("v0.28.9+ck1"),
    digests: { program: digest("d") },
    elapsedMs: 7,
  };

  it("of a prediction knows what is declared, and nulls the rest", () => {
    const scene = given().on({ ...old, kept: ["v0.10.0"] });
    expect(scene.report()).to.deep.equal({
      path: BINARY,
      version_before: "v0.16.1",
      version: "v0.28.9",
      arch: "amd64",
      asset: "flanneld-amd64",
      sha256: null,
      source: null,
      bytes: 0,
      attempts: 0,
      elapsed_ms: 0,
      verified: false,
      kept: [keptPath("v0.16.1")],
      restart_required: false,
    });
  });

  it("of an installation tells what was found out by it", () => {
    const scene = given({ checksum: `sha256:${digest("d")}` }).on(old);
    expect(scene.report({ outcome })).to.include({
      version: "v0.28.9+ck1",
      sha256: digest("d"),
      source: "https://m/flanneld",
      ...{ bytes: 5, attempts: 2, elapsed_ms: 7, verified: true },
    });
  });

  it("says that the installed binary is verified when it is the declared one", () => {
    const checksum = `sha256:${digest("a")}`;
    const installed = { binary: binaryOf("v0.28.9+ck1") };
    expect(
      given({ checksum })
        .on({ ...installed, expected: digest("a") })
        .report(),
    ).to.include({
      verified: true,
      version: "v0.28.9+ck1",
    });
    expect(given().on(installed).report()).to.include({ verified: false, sha256: digest("a") });
  });

  const restarts: readonly (readonly [string, boolean, Host, Options?])[] = [
    ["the old binary runs and is replaced", true, { ...old, ...running(1, 0) }],
    ["nothing runs", false, { ...old, ...running(0, 0) }],
    ["the right binary runs", false, { ...right, ...running(1, 0) }],
    ["one runs that was replaced before", true, { ...right, ...running(0, 1) }],
    ["the running one is removed", true, { ...right, ...running(1, 0) }, { state: "absent" }],
  ];
  for (const [what, isRequired, host, options] of restarts) {
    it(`asks for ${isRequired ? "a" : "no"} restart when ${what}`, () => {
      expect(given(options).on(host).report()).to.include({ restart_required: isRequired });
    });
  }

  describe("of a run that failed", () => {
    const with_ = (scene: Scene, isDone: (change: Change) => boolean): Record<string, unknown> => ({
      ...scene.report({ changes: scene.plan.changes.filter(isDone) }),
    });

    it("before anything was installed describes what is still there", () => {
      const scene = given({ keep: 1, checksum: `sha256:${digest("b")}` }).on({
        ...old,
        ...running(1, 0),
        kept: ["v0.15.1"],
        leftovers: ["/usr/local/sbin/.flanneld.new-7"],
        expected: digest("b"),
      });
      const told = with_(scene, ({ summary }) => summary.includes("left by a run"));
      expect(told).to.deep.include({
        version_before: "v0.16.1",
        version: "v0.16.1",
        sha256: digest("a"),
        verified: false,
        kept: [keptPath("v0.15.1")],
        restart_required: false,
      });
    });

    it("after the installation, and before what was to follow, describes the new binary", () => {
      const scene = given().on({ ...old, ...running(1, 0), kept: ["v0.15.1"] });
      const told = with_(scene, ({ kind }) => kind === "install");
      expect(told).to.deep.include({
        version: "v0.28.9",
        kept: [keptPath("v0.16.1"), keptPath("v0.15.1")],
        restart_required: true,
      });
    });

    it("after mk-docker-opts.sh alone was replaced describes the old binary", () => {
      const scene = given({ mk_docker_opts: true }).on({
        ...old,
        ...running(1, 0),
        script: scriptWith(),
      });
      const part = scene.plan.changes.flatMap((change) =>
        change.kind === "install"
          ? [
              installation(scene.declared.paths, scene.observed, {
                ...change,
                files: ["mk-docker-opts.sh"],
                replaced: undefined,
              }),
            ]
          : [],
      );
      expect(scene.report({ changes: part })).to.deep.include({
        version: "v0.16.1",
        sha256: digest("a"),
        kept: [],
        restart_required: false,
      });
    });

    it("in the middle of a removal names what is left", () => {
      const scene = given({ state: "absent" }).on({
        ...right,
        ...running(1, 0),
        kept: ["v0.16.1", "v0.15.1"],
      });
      const told = with_(scene, ({ summary }) => summary.includes(keptPath("v0.16.1")));
      expect(told).to.deep.equal({
        path: BINARY,
        version_before: "v0.28.9",
        version: "v0.28.9",
        kept: [keptPath("v0.15.1")],
        restart_required: false,
      });
      expect(scene.report()).to.deep.include({ version: null, kept: [], restart_required: true });
    });

    it("because flannel is not released for the CPU knows the host all the same", () => {
      expect(
        given()
          .on({ ...old, cpu: "sparc64" })
          .report(),
      ).to.deep.equal({
        path: BINARY,
        version_before: "v0.16.1",
        version: "v0.16.1",
        kept: [],
        restart_required: false,
      });
    });
  });

  describe("of a download for others", () => {
    const options: Options = { state: "downloaded", dest: "/cache", arch: "arm64" };
    const checksum = `sha256:${digest("d")}`;
    const known = { ...options, checksum };
    const stale = { sha256: digest("0"), inode: 1, fault: "is empty" };
    const there = { sha256: digest("d"), inode: 1, fault: undefined };

    it("names the file, and its digest as other hosts take it", () => {
      expect(given(options).on({}).report({ outcome })).to.deep.equal({
        path: "/cache/v0.28.9/flanneld-arm64",
        ...{ version: "v0.28.9", arch: "arm64", asset: "flanneld-arm64" },
        ...{ sha256: digest("d"), checksum, verified: false },
        ...{ source: "https://m/flanneld", bytes: 5, attempts: 2, elapsed_ms: 7 },
      });
    });

    const cases: readonly (readonly [string, Options, Host, string | null, boolean])[] = [
      ["predicted, declared", known, { expected: digest("d") }, checksum, true],
      [
        "predicted, declared, of another file",
        known,
        { expected: digest("d"), cached: stale },
        checksum,
        true,
      ],
      ["predicted, not declared", options, { cached: stale }, null, false],
      ["there already, declared", known, { expected: digest("d"), cached: there }, checksum, true],
      ["there already, not declared", options, { cached: there }, checksum, false],
    ];
    for (const [what, asked, host, expected, verified] of cases) {
      it(`tells the digest of a file that is ${what}`, () => {
        expect(given(asked).on(host).report()).to.include({ checksum: expected, verified });
      });
    }

    it("that failed tells no digest, because there is no such file", () => {
      const failed = given(known).on({ expected: digest("d"), cached: stale });
      expect(failed.report({ changes: [] })).to.include({ sha256: null, checksum: null });
      expect(failed.report({ changes: [] })).to.include({ verified: false });
    });
  });

  it("names the release file that has to be installed, and none when there is nothing to install", () => {
    const archive = { mk_docker_opts: true };
    expect(given().on(old).report()).to.include({ asset: "flanneld-amd64" });
    expect(given(archive).on(old).report()).to.include({
      asset: "flannel-v0.28.9-linux-amd64.tar.gz",
    });
    expect(given({ mode: "0755" }).on(right).report()).to.include({ asset: null });
    expect(given().on(old).report({ changes: [] })).to.include({ asset: null });
  });
});
