import { expect } from "chai";

import { type FlannelInstallOptions } from "../../../../src/generated/flannel_install";
import { previousPath } from "../../../../src/host/previous-versions";
import { completeDiff } from "../../../../src/modules/flannel_install/diff";
import { type HostState, type Observation } from "../../../../src/modules/flannel_install/observe";
import { type InstallPlan, planInstall } from "../../../../src/modules/flannel_install/plan";
import { report } from "../../../../src/modules/flannel_install/report";
import { binaryOf, digest, observationOf, presentOptions } from "./examples";

type Options = Partial<FlannelInstallOptions>;

const BINARY = "/usr/local/sbin/flanneld";
const SCRIPT = "/usr/local/sbin/mk-docker-opts.sh";
const kept = (version: string): { version: string; path: string } => ({
  version,
  path: previousPath(BINARY, version),
});

describe("flannel_install: the plan", () => {
  const plan = (
    host: Partial<HostState>,
    options: Options = {},
    more: Partial<Observation> = {},
  ): InstallPlan =>
    planInstall({ ...presentOptions, ...options }, observationOf(host, options, more));
  const steps = (...args: Parameters<typeof plan>): readonly string[] =>
    plan(...args).changes.map(({ summary }) => summary);

  const INSTALL = `install v0.28.9 as ${BINARY}`;
  const script = { sha256: digest("5"), mode: 0o750, uid: 0, gid: 0, inode: 2, isLink: false };
  const scriptOrigin = { sha256: digest("5"), version: "v0.28.9", archive_sha256: digest("c") };

  const cases: readonly {
    readonly what: string;
    readonly host: Partial<HostState>;
    readonly options?: Options;
    readonly more?: Partial<Observation>;
    readonly steps: readonly string[];
  }[] = [
    { what: "a bare directory", host: {}, steps: [INSTALL] },
    {
      what: "a missing directory",
      host: { missing: ["/usr/local", "/usr/local/sbin"] },
      steps: ["create the directory /usr/local/sbin", INSTALL],
    },
    { what: "the wanted version", host: { binary: binaryOf("v0.28.9") }, steps: [] },
    {
      what: "the wanted version, asked for without v",
      host: { binary: binaryOf("v0.28.9") },
      options: { version: "0.28.9" },
      steps: [],
    },
    {
      what: "a distribution's build of it",
      host: { binary: binaryOf("v0.28.9+ck1") },
      steps: [],
    },
    {
      what: "another distribution's build than asked for",
      host: { binary: binaryOf("v0.28.9+ck1") },
      options: { version: "v0.28.9+ck2" },
      steps: [`install v0.28.9+ck2 as ${BINARY}, keeping v0.28.9+ck1`],
    },
    {
      what: "an older version",
      host: { binary: binaryOf("v0.16.1") },
      steps: [`${INSTALL}, keeping v0.16.1`],
    },
    {
      what: "a newer version",
      host: { binary: binaryOf("v0.29.0") },
      steps: [`${INSTALL}, keeping v0.29.0`],
    },
    {
      what: "a file that tells no version",
      host: { binary: binaryOf(undefined) },
      steps: [INSTALL],
    },
    {
      what: "a symbolic link, which is not worth keeping",
      host: { binary: binaryOf("v0.16.1", { isLink: true }) },
      steps: [INSTALL],
    },
    {
      what: "a program for another CPU",
      host: { binary: binaryOf(undefined, { arch: "arm64" }) },
      steps: [INSTALL],
    },
    {
      what: "an older version when none is to be kept",
      host: { binary: binaryOf("v0.16.1"), kept: [kept("v0.15.1")] },
      options: { keep: 0 },
      steps: [INSTALL, `remove ${kept("v0.15.1").path} (v0.15.1 is no longer kept)`],
    },
    {
      what: "an older version and one kept already",
      host: { binary: binaryOf("v0.16.1"), kept: [kept("v0.15.1")] },
      steps: [
        `${INSTALL}, keeping v0.16.1`,
        `remove ${kept("v0.15.1").path} (v0.15.1 is no longer kept)`,
      ],
    },
    {
      what: "an older version and room for two",
      host: { binary: binaryOf("v0.16.1"), kept: [kept("v0.15.1"), kept("v0.10.0")] },
      options: { keep: 2 },
      steps: [
        `${INSTALL}, keeping v0.16.1`,
        `remove ${kept("v0.10.0").path} (v0.10.0 is no longer kept)`,
      ],
    },
    {
      what: "a rollback to the version that is kept",
      host: { binary: binaryOf("v0.29.0"), kept: [kept("v0.28.9")] },
      options: { keep: 2 },
      steps: [
        `${INSTALL}, keeping v0.29.0`,
        `remove ${kept("v0.28.9").path} (v0.28.9 is no longer kept)`,
      ],
    },
    {
      what: "what a run left that was killed before the rename",
      host: {
        binary: binaryOf("v0.16.1"),
        kept: [kept("v0.16.1")],
        leftovers: ["/x/.flanneld.new-7"],
      },
      steps: [
        "remove /x/.flanneld.new-7 (left by a run that was killed)",
        `${INSTALL}, keeping v0.16.1`,
      ],
    },
    {
      what: "leftovers beside the right binary",
      host: { binary: binaryOf("v0.28.9"), leftovers: ["/x/.flanneld.new-7"] },
      steps: ["remove /x/.flanneld.new-7 (left by a run that was killed)"],
    },
    {
      what: "more kept versions than declared",
      host: { binary: binaryOf("v0.28.9"), kept: [kept("v0.16.1"), kept("v0.15.1")] },
      steps: [`remove ${kept("v0.15.1").path} (v0.15.1 is no longer kept)`],
    },
    {
      what: "another mode",
      host: { binary: binaryOf("v0.28.9", { mode: 0o755 }) },
      steps: [`set mode and owner of ${BINARY}`],
    },
    {
      what: "another group",
      host: { binary: binaryOf("v0.28.9", { gid: 7 }) },
      steps: [`set mode and owner of ${BINARY}`],
    },
    {
      what: "another owner and another version",
      host: { binary: binaryOf("v0.16.1", { uid: 7 }) },
      steps: [`${INSTALL}, keeping v0.16.1`],
    },
    {
      what: "the declared digest",
      host: { binary: binaryOf("v0.28.9") },
      more: { assetSha256: digest("a") },
      steps: [],
    },
    {
      what: "another digest than declared, of the same version",
      host: { binary: binaryOf("v0.28.9"), kept: [kept("v0.16.1")] },
      more: { assetSha256: digest("b") },
      steps: [INSTALL],
    },
    {
      what: "the binary of the declared archive",
      host: {
        binary: binaryOf("v0.28.9"),
        origins: {
          flanneld: { sha256: digest("a"), version: "v0.28.9", archive_sha256: digest("c") },
        },
      },
      more: { assetSha256: digest("c") },
      steps: [],
    },
    {
      what: "a binary that was changed since it came out of the declared archive",
      host: {
        binary: binaryOf("v0.28.9"),
        origins: {
          flanneld: { sha256: digest("b"), version: "v0.28.9", archive_sha256: digest("c") },
        },
      },
      more: { assetSha256: digest("c") },
      steps: [INSTALL],
    },
    {
      what: "mk-docker-opts.sh missing",
      host: { binary: binaryOf("v0.28.9") },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "mk-docker-opts.sh of the same version",
      host: { binary: binaryOf("v0.28.9"), script, origins: { "mk-docker-opts.sh": scriptOrigin } },
      options: { mk_docker_opts: true },
      steps: [],
    },
    {
      what: "mk-docker-opts.sh of the version before",
      host: {
        binary: binaryOf("v0.28.9"),
        script,
        origins: { "mk-docker-opts.sh": { ...scriptOrigin, version: "v0.16.1" } },
      },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "a mk-docker-opts.sh of somebody else",
      host: { binary: binaryOf("v0.28.9"), script },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "a mk-docker-opts.sh that is none of the task's business",
      host: { binary: binaryOf("v0.28.9"), script: { ...script, mode: 0o600 } },
      steps: [],
    },
    {
      what: "mk-docker-opts.sh with another mode",
      host: {
        binary: binaryOf("v0.28.9"),
        script: { ...script, mode: 0o600 },
        origins: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { mk_docker_opts: true },
      steps: [`set mode and owner of ${SCRIPT}`],
    },
    {
      what: "both files to replace",
      host: { binary: binaryOf("v0.16.1"), script, origins: { "mk-docker-opts.sh": scriptOrigin } },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${BINARY} and ${SCRIPT}, keeping v0.16.1`],
    },
    {
      what: "nothing to remove",
      host: { missing: ["/usr/local/sbin"] },
      options: { state: "absent" },
      steps: [],
    },
    {
      what: "only other people's files",
      host: { names: ["mk-docker-opts.sh", "etcdctl"], script },
      options: { state: "absent" },
      steps: [],
    },
    {
      what: "everything to remove, the record last",
      host: {
        names: ["flanneld", "mk-docker-opts.sh", ".flanneld.origin.json", "etcdctl"],
        binary: binaryOf("v0.28.9"),
        script,
        kept: [kept("v0.16.1")],
        leftovers: ["/x/.flanneld.new-7"],
        origins: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { state: "absent" },
      steps: [
        "/x/.flanneld.new-7",
        kept("v0.16.1").path,
        BINARY,
        SCRIPT,
        "/usr/local/sbin/.flanneld.origin.json",
      ].map((path) => `remove ${path} (state is absent)`),
    },
  ];
  for (const { what, host, options, more, steps: expected } of cases) {
    it(`${options?.state === "absent" ? "removes" : "makes of"} ${what}: ${String(expected.length)} steps`, () => {
      expect(steps(host, options, more)).to.deep.equal(expected);
    });
  }

  it("warns only when it installs something unverified", () => {
    expect(plan({}).warnings?.[0]).to.include("unverified");
    expect(plan({ binary: binaryOf("v0.28.9") }).warnings).to.deep.equal([]);
    expect(plan({}, { checksum: `sha256:${digest("a")}` }).warnings).to.deep.equal([]);
  });

  it("refuses a release that does not exist for the CPU, unless it comes from elsewhere", () => {
    const options = { version: "v0.23.0", arch: "riscv64" };
    const observation = observationOf({}, options);
    const riscv = {
      ...observation,
      request: observation.request && { ...observation.request, arch: "riscv64" as const },
    };
    expect(() => planInstall({ ...presentOptions, ...options }, riscv)).to.throw(
      "not released for riscv64",
    );
    const elsewhere = { ...presentOptions, ...options, url: ["https://m/{asset}"] };
    expect(planInstall(elsewhere, riscv).changes).to.have.length(1);
  });

  it("shows version, CPU, digest, mode and owner before and after", () => {
    const observed = { assetSha256: digest("b") };
    const [change] = plan({ binary: binaryOf("v0.16.1", { mode: 0o755 }) }, {}, observed).changes;
    expect(change?.diff).to.deep.equal({
      before_header: BINARY,
      after_header: BINARY,
      before: `version: v0.16.1\narch: amd64\nsha256: ${digest("a")}\nmode: 0755\nuid: 0\ngid: 0\n`,
      after: `version: v0.28.9\narch: amd64\nsha256: ${digest("b")}\nmode: 0750\nuid: 0\ngid: 0\n`,
    });
  });

  it("fills digests into the diff once they are known, and invents none for an archive", () => {
    const [change] = plan({}, { mk_docker_opts: true }, { assetSha256: digest("c") }).changes;
    const diff = change?.diff;
    if (diff === undefined) throw new Error("no diff");
    expect(diff.after).to.not.include(digest("c"));
    const completed = completeDiff(diff, {
      flanneld: digest("1"),
      "mk-docker-opts.sh": digest("2"),
    });
    expect(completed.after)
      .to.include(`\nsha256: ${digest("1")}\n`)
      .and.to.include(`\nmk-docker-opts.sh sha256: ${digest("2")}\n`)
      .and.to.not.include("known after");
    expect(completeDiff(diff, {})).to.deep.equal(diff);
  });

  describe("and the result", () => {
    const reportOf = (
      host: Partial<HostState>,
      options: Options = {},
      more: Partial<Observation> = {},
    ): unknown => {
      const all = { ...presentOptions, ...options };
      const observation = observationOf(host, options, more);
      return report(all, observation, planInstall(all, observation), undefined);
    };
    const running = (current: number, replaced: number): Partial<HostState> => ({
      running: { current, replaced },
    });

    it("of a prediction knows what is declared, and nulls the rest", () => {
      expect(reportOf({ binary: binaryOf("v0.16.1"), kept: [kept("v0.10.0")] })).to.deep.equal({
        path: BINARY,
        version_before: "v0.16.1",
        version: "v0.28.9",
        arch: "amd64",
        sha256: null,
        source: null,
        bytes: 0,
        attempts: 0,
        elapsed_ms: 0,
        verified: false,
        kept: [kept("v0.16.1").path],
        restart_required: false,
      });
    });

    it("says that the installed binary is verified when it is the declared one", () => {
      const declared = { checksum: `sha256:${digest("a")}` };
      const known = { assetSha256: digest("a") };
      const installed = { binary: binaryOf("v0.28.9+ck1") };
      expect(reportOf(installed, declared, known)).to.include({
        verified: true,
        version: "v0.28.9+ck1",
      });
      expect(reportOf(installed)).to.include({ verified: false, sha256: digest("a") });
    });

    it("asks for a restart when what runs is not what is installed", () => {
      const old = { binary: binaryOf("v0.16.1") };
      const right = { binary: binaryOf("v0.28.9") };
      const restart = (host: Partial<HostState>, options: Options = {}): unknown =>
        (reportOf(host, options) as { restart_required: boolean }).restart_required;
      expect(restart({ ...old, ...running(1, 0) })).to.equal(true);
      expect(restart({ ...old, ...running(0, 0) })).to.equal(false);
      expect(restart({ ...right, ...running(1, 0) })).to.equal(false);
      expect(restart({ ...right, ...running(0, 1) })).to.equal(true);
      expect(
        restart({ ...right, names: ["flanneld"], ...running(1, 0) }, { state: "absent" }),
      ).to.equal(true);
    });
  });
});
