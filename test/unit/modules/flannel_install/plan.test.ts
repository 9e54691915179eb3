// Which steps a scene takes, and what stands in their way.

import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { plan } from "../../../../src/modules/flannel_install/plan";
import { type PublishedDigests } from "../../../../src/modules/flannel_install/release-page";

import {
  BINARY,
  type Host,
  LEFTOVER,
  type Options,
  RECORD,
  SCRIPT,
  binaryOf,
  digest,
  given,
  keptPath,
  scriptWith,
} from "../../../support/flannel-install-scenes";

describe("flannel_install: the plan", () => {
  const INSTALL = `install v0.28.9 as ${BINARY}`;
  const scriptOrigin = { sha256: digest("5"), version: "v0.28.9", archive_sha256: digest("c") };

  const cases: readonly {
    readonly what: string;
    readonly host: Host;
    readonly options?: Options;
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
      what: "the wanted version for another CPU, which an emulator runs",
      host: { binary: binaryOf("v0.28.9", { arch: "arm64" }) },
      steps: [INSTALL],
    },
    {
      what: "an older version when none is to be kept",
      host: { binary: binaryOf("v0.16.1"), kept: ["v0.15.1"] },
      options: { keep: 0 },
      steps: [INSTALL, `remove ${keptPath("v0.15.1")} (v0.15.1 is no longer kept)`],
    },
    {
      what: "an older version and one kept already",
      host: { binary: binaryOf("v0.16.1"), kept: ["v0.15.1"] },
      steps: [
        `${INSTALL}, keeping v0.16.1`,
        `remove ${keptPath("v0.15.1")} (v0.15.1 is no longer kept)`,
      ],
    },
    {
      what: "an older version and room for two",
      host: { binary: binaryOf("v0.16.1"), kept: ["v0.15.1", "v0.10.0"] },
      options: { keep: 2 },
      steps: [
        `${INSTALL}, keeping v0.16.1`,
        `remove ${keptPath("v0.10.0")} (v0.10.0 is no longer kept)`,
      ],
    },
    {
      what: "a rollback to the version that is kept",
      host: { binary: binaryOf("v0.29.0"), kept: ["v0.28.9"] },
      options: { keep: 2 },
      steps: [
        `${INSTALL}, keeping v0.29.0`,
        `remove ${keptPath("v0.28.9")} (v0.28.9 is no longer kept)`,
      ],
    },
    {
      what: "what a run left that was killed before the rename",
      host: {
        binary: binaryOf("v0.16.1"),
        kept: ["v0.16.1"],
        leftovers: [LEFTOVER],
      },
      steps: [`remove ${LEFTOVER} (left by a run that was killed)`, `${INSTALL}, keeping v0.16.1`],
    },
    {
      what: "leftovers beside the right binary",
      host: { binary: binaryOf("v0.28.9"), leftovers: [LEFTOVER] },
      steps: [`remove ${LEFTOVER} (left by a run that was killed)`],
    },
    {
      what: "more kept versions than declared",
      host: { binary: binaryOf("v0.28.9"), kept: ["v0.16.1", "v0.15.1"] },
      steps: [`remove ${keptPath("v0.15.1")} (v0.15.1 is no longer kept)`],
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
      host: { binary: binaryOf("v0.28.9"), expected: digest("a") },
      steps: [],
    },
    {
      what: "another digest than declared, of the same version",
      host: { binary: binaryOf("v0.28.9"), kept: ["v0.16.1"], expected: digest("b") },
      options: { keep: 2 },
      steps: [`${INSTALL}, keeping v0.28.9.${digest("a").slice(0, 12)}`],
    },
    {
      what: "another digest than declared, of a version that nothing tells",
      host: { binary: binaryOf(undefined), expected: digest("b") },
      steps: [`${INSTALL}, keeping unknown.${digest("a").slice(0, 12)}`],
    },
    {
      what: "another version that anybody could have written",
      host: { binary: binaryOf("v0.16.1", { distrust: "it belongs to the user 7" }) },
      steps: [INSTALL],
    },
    {
      what: "another version, where the wanted one is kept",
      host: {
        binary: binaryOf("v0.29.0"),
        kept: ["v0.28.9"],
        wayBack: { path: keptPath("v0.28.9"), sha256: digest("e"), origin: undefined },
      },
      steps: [
        `${INSTALL} from ${keptPath("v0.28.9")}, keeping v0.29.0`,
        `remove ${keptPath("v0.28.9")} (v0.28.9 is no longer kept)`,
      ],
    },
    {
      what: "another version with its script, where the wanted binary is kept without one",
      host: {
        binary: binaryOf("v0.29.0"),
        kept: ["v0.28.9"],
        wayBack: { path: keptPath("v0.28.9"), sha256: digest("e"), origin: undefined },
      },
      options: { mk_docker_opts: true },
      steps: [
        `install v0.28.9 as ${BINARY} and ${SCRIPT}, keeping v0.29.0`,
        `remove ${keptPath("v0.28.9")} (v0.28.9 is no longer kept)`,
      ],
    },
    {
      what: "a link to the wanted version with another mode",
      host: { binary: binaryOf("v0.28.9", { mode: 0o755, isLink: true }) },
      steps: [`set mode and owner of ${BINARY}, of a copy because it is a link`],
    },
    {
      what: "the wanted version with another mode and another name",
      host: { binary: binaryOf("v0.28.9", { mode: 0o755, names: 2 }) },
      steps: [`set mode and owner of ${BINARY}, of a copy because it is a file of several names`],
    },
    {
      what: "the binary of the declared archive",
      host: {
        binary: binaryOf("v0.28.9"),
        unpacked: {
          program: { sha256: digest("a"), version: "v0.28.9", archive_sha256: digest("c") },
        },
        expected: digest("c"),
      },
      steps: [],
    },
    {
      what: "a binary that was changed since it came out of the declared archive",
      host: {
        binary: binaryOf("v0.28.9"),
        unpacked: {
          program: { sha256: digest("b"), version: "v0.28.9", archive_sha256: digest("c") },
        },
        expected: digest("c"),
      },
      steps: [`${INSTALL}, keeping v0.28.9.${digest("a").slice(0, 12)}`],
    },
    {
      what: "mk-docker-opts.sh missing",
      host: { binary: binaryOf("v0.28.9") },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "mk-docker-opts.sh of the same version",
      host: {
        binary: binaryOf("v0.28.9"),
        script: scriptWith(),
        unpacked: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { mk_docker_opts: true },
      steps: [],
    },
    {
      what: "mk-docker-opts.sh of the version before",
      host: {
        binary: binaryOf("v0.28.9"),
        script: scriptWith(),
        unpacked: { "mk-docker-opts.sh": { ...scriptOrigin, version: "v0.16.1" } },
      },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "a mk-docker-opts.sh of somebody else",
      host: { binary: binaryOf("v0.28.9"), script: scriptWith() },
      options: { mk_docker_opts: true },
      steps: [`install v0.28.9 as ${SCRIPT}`],
    },
    {
      what: "a mk-docker-opts.sh that is none of the task's business",
      host: { binary: binaryOf("v0.28.9"), script: scriptWith({ mode: 0o600 }) },
      steps: [],
    },
    {
      what: "mk-docker-opts.sh with another mode",
      host: {
        binary: binaryOf("v0.28.9"),
        script: scriptWith({ mode: 0o600 }),
        unpacked: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { mk_docker_opts: true },
      steps: [`set mode and owner of ${SCRIPT}`],
    },
    {
      what: "both files to replace",
      host: {
        binary: binaryOf("v0.16.1"),
        script: scriptWith(),
        unpacked: { "mk-docker-opts.sh": scriptOrigin },
      },
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
      host: { others: ["etcdctl"], script: scriptWith() },
      options: { state: "absent" },
      steps: [],
    },
    {
      what: "everything but a script that is not the one this module installed",
      host: {
        binary: binaryOf("v0.28.9"),
        script: scriptWith({ sha256: digest("6") }),
        unpacked: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { state: "absent" },
      steps: [BINARY, RECORD].map((path) => `remove ${path} (state is absent)`),
    },
    {
      what: "everything to remove, the record last",
      host: {
        others: ["etcdctl"],
        binary: binaryOf("v0.28.9"),
        script: scriptWith(),
        kept: ["v0.16.1"],
        leftovers: [LEFTOVER],
        unpacked: { "mk-docker-opts.sh": scriptOrigin },
      },
      options: { state: "absent" },
      steps: [LEFTOVER, keptPath("v0.16.1"), BINARY, SCRIPT, RECORD].map(
        (path) => `remove ${path} (state is absent)`,
      ),
    },
  ];
  for (const { what, host, options, steps } of cases) {
    it(`${options?.state === "absent" ? "removes" : "makes of"} ${what}: ${String(steps.length)} steps`, () => {
      expect(given(options).on(host).steps).to.deep.equal(steps);
    });
  }

  it("warns only when it installs something unverified", () => {
    expect(given().on({}).plan.warnings?.[0]).to.include("unverified");
    expect(given().on({ binary: binaryOf("v0.28.9") }).plan.warnings).to.deep.equal([]);
    const checksum = `sha256:${digest("a")}`;
    expect(given({ checksum }).on({}).plan.warnings).to.deep.equal([]);
    expect(given({ checksum: "none" }).on({}).plan.warnings).to.deep.equal([]);
    const known_checksums = { "flanneld-amd64": digest("a") };
    expect(given({ known_checksums }).on({}).plan.warnings).to.deep.equal([]);
  });

  for (const [mode, account, isWarned] of [
    ["0750", { uid: 0, gid: 0 }, false],
    ["0755", { uid: 0, gid: 12 }, false],
    ["0770", { uid: 0, gid: 0 }, false],
    ["0770", { uid: 0, gid: 12 }, true],
    ["0770", { uid: 0, gid: undefined }, true],
    ["0757", { uid: 0, gid: 0 }, true],
    ["1777", { uid: 0, gid: 0 }, true],
  ] as const) {
    it(`warns ${isWarned ? "" : "not "}of the mode ${mode} for the group ${account.gid}`, () => {
      const { declared, observed } = given({ mode }).on({ binary: binaryOf("v0.28.9") });
      const warnings = plan(declared, { ...observed, account }).warnings ?? [];
      expect(warnings.length).to.equal(isWarned ? 1 : 0);
      if (isWarned) expect(warnings[0]).to.match(/^mode: "\d777|^mode: "07\d\d" lets others than/);
    });
  }

  it("warns when a list is down, and holds on to what it said", () => {
    const scene = given({ checksum: "sha256:https://m/sums" }).on({ binary: binaryOf("v0.28.9") });
    const sha256 = scene.observed.installed.binary?.sha256 ?? "";
    const digest = { kind: "known", sha256, fault: "https://m/sums: no answer" } as const;
    const { changes, warnings } = plan(scene.declared, { ...scene.observed, digest });
    expect(changes).to.deep.equal([]);
    expect(warnings?.[0]).to.include("the list cannot be read").and.include("m/sums: no answer");
  });

  it("asks the page of the release, and does nothing else", () => {
    const fault = new ModuleError("timeout", "no answer");
    const asked = (require_checksum: boolean, published: PublishedDigests) =>
      given({ state: "published", require_checksum }).on({ published }).plan;
    expect(asked(true, { digests: {}, fault: undefined })).to.deep.equal({ changes: [] });
    expect(asked(false, { digests: {}, fault }).warnings?.[0]).to.include("no answer");
    expect(asked(true, { digests: {}, fault }).obstacles?.[0]).to.include({
      ...{ code: "timeout", lasting: true },
    });
  });

  describe("where a checksum is required", () => {
    const required = { require_checksum: true };
    const origin = { sha256: binaryOf("v0.28.9").sha256, version: "v0.28.9" };
    const verified = { program: { ...origin, checksum: `sha256:${digest("c")}` } };

    it("refuses what nothing is known of, also in check mode, and a binary that came unverified", () => {
      for (const host of [
        {},
        { binary: binaryOf("v0.28.9") },
        { binary: binaryOf("v0.28.9"), unpacked: { program: origin } },
        { unpacked: verified },
      ]) {
        const [refusal] = given(required).on(host).plan.obstacles ?? [];
        expect(refusal).to.include({ code: "verification", lasting: true });
        expect(refusal?.message).to.include("none is known for flanneld-amd64 of v0.28.9");
      }
      const cached = given({ ...required, state: "downloaded", dest: "/c" }).on({});
      expect(cached.plan.obstacles).to.have.length(1);
    });

    it("takes what is declared or known, and leaves what was verified when it came", () => {
      const known_checksums = { "flanneld-amd64": digest("a") };
      for (const options of [{ checksum: `sha256:${digest("a")}` }, { known_checksums }]) {
        expect(given({ ...required, ...options }).on({}).plan.obstacles).to.deep.equal([]);
      }
      const host = { binary: binaryOf("v0.28.9"), unpacked: verified };
      expect(given(required).on(host).plan.obstacles).to.deep.equal([]);
    });
  });

  it("warns of a script that stays, and of a file that was not run", () => {
    const unpacked = { "mk-docker-opts.sh": scriptOrigin };
    const script = scriptWith({ sha256: digest("6") });
    const absent = given({ state: "absent" });
    expect(absent.on({ script, unpacked }).plan.warnings).to.deep.equal([
      `${SCRIPT} stays: it is no longer the file that this module installed`,
    ]);
    expect(absent.on({ script: scriptWith(), unpacked }).plan.warnings).to.deep.equal([]);
    const distrust = "it belongs to the user 7";
    const { warnings } = given().on({ binary: binaryOf(undefined, { distrust }) }).plan;
    expect(warnings?.at(-1)).to.equal(
      `${BINARY} was not run to learn its version, and is not kept: ${distrust}`,
    );
    const known = given().on({ binary: binaryOf("v0.28.9", { distrust }) }).plan;
    expect(known.warnings).to.deep.equal([]);
  });

  describe("refuses", () => {
    const riscv = { version: "v0.23.0", arch: "riscv64" };

    it("a release that does not exist for the CPU, whatever tasks come before", () => {
      const { obstacles } = given(riscv).on({}).plan;
      expect(obstacles).to.have.length(1);
      expect(obstacles?.[0]).to.include({ code: "unsupported", lasting: true });
      expect(obstacles?.[0]?.message)
        .to.include("not released for riscv64")
        .and.to.include("choose another version, or give url or src");
    });

    for (const [what, options] of Object.entries({
      "comes from elsewhere": { ...riscv, url: ["https://m/{asset}"] },
      "comes from a file": { ...riscv, src: "/srv/flanneld" },
    })) {
      it(`no such release that ${what}`, () => {
        const { changes, obstacles } = given(options).on({}).plan;
        expect(obstacles).to.deep.equal([]);
        expect(changes).to.have.length(1);
      });
    }

    it("no such release that is installed already", () => {
      const binary = binaryOf("v0.23.0", { arch: "riscv64" });
      expect(given(riscv).on({ binary }).plan).to.deep.include({ changes: [], obstacles: [] });
    });

    it("a CPU that flannel is not released for, unless arch names another", () => {
      const { changes, obstacles } = given().on({ cpu: "sparc64" }).plan;
      expect(changes).to.deep.equal([]);
      expect(obstacles?.[0]).to.include({ code: "unsupported", lasting: true });
      expect(obstacles?.[0]?.message).to.include("the host's CPU is sparc64").and.include("arch");
      expect(given({ arch: "amd64" }).on({ cpu: "sparc64" }).plan.obstacles).to.deep.equal([]);
      expect(given({ state: "absent" }).on({ cpu: "sparc64" }).plan.obstacles).to.equal(undefined);
    });

    it("owner and group that are not there, each by name, as long as they are not", () => {
      const scene = given({ owner: "flannel", group: "k8s" }).on({ unknown: ["owner", "group"] });
      expect(scene.plan.obstacles).to.deep.equal([
        {
          code: "not_found",
          message: "owner: flannel: there is no such user on this host yet, create it first",
        },
        {
          code: "not_found",
          message: "group: k8s: there is no such group on this host yet, create it first",
        },
      ]);
      expect(scene.steps).to.deep.equal([INSTALL]);
    });
  });

  describe("downloads for others", () => {
    const options: Options = { state: "downloaded", dest: "/cache", arch: "arm64" };
    const file = "/cache/v0.28.9/flanneld-arm64";
    const right = { sha256: digest("a"), inode: 1, fault: undefined };

    it("what is not in the cache, or is not what it should be, and says why", () => {
      expect(given(options).on({}).steps).to.deep.equal([`download v0.28.9 as ${file}`]);
      expect(given(options).on({ cached: { ...right, fault: "is empty" } }).steps).to.deep.equal([
        `download v0.28.9 as ${file} (of the file there: is empty)`,
      ]);
    });

    it("nothing that is there and right", () => {
      expect(given(options).on({ cached: right }).plan).to.deep.equal({ changes: [] });
    });

    it("unverified only with a warning", () => {
      expect(given(options).on({}).plan.warnings).to.have.length(1);
      const checksum = `sha256:${digest("a")}`;
      expect(given({ ...options, checksum }).on({}).plan.warnings).to.deep.equal([]);
    });

    it("for the CPU that is declared, and else for its own, if flannel is released for it", () => {
      expect(given(options).on({ cpu: "sparc64" }).plan.obstacles).to.deep.equal([]);
      const { changes, obstacles } = given({ state: "downloaded", dest: "/cache" }).on({
        cpu: "sparc64",
      }).plan;
      expect(changes).to.deep.equal([]);
      expect(obstacles?.[0]).to.include({ code: "unsupported", lasting: true });
      const old = given({ ...options, arch: "riscv64", version: "v0.23.0" }).on({});
      expect(old.plan.obstacles?.[0]?.message).to.include("was not released for riscv64");
    });
  });
});
