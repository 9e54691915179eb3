// roles/nodejs, asking what a distribution offers: apt, dnf and its module streams, or neither.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { NodejsScene } from "../../support/nodejs-scene";

/** As dnf 4 prints them, on EL 9; flags stand behind the name of a stream. */
const streams = (...names: readonly string[]): string =>
  [
    "Rocky Linux 9 - AppStream",
    "Name     Stream     Profiles                                  Summary",
    ...names.map(
      (name) => `nodejs   ${name}   common [d], development, minimal, s2i   Javascript runtime`,
    ),
    "",
    "Hint: [d]efault, [e]nabled, [x]disabled, [i]nstalled",
  ].join("\n");

describe("roles/nodejs, asking the distribution", () => {
  let scene: NodejsScene;
  beforeEach(() => {
    scene = new NodejsScene();
    scene.program("bin/uname", "echo x86_64");
  });
  afterEach(() => {
    scene.remove();
  });

  const offer = (more: Readonly<Record<string, string>> = {}) =>
    scene.run("offer", { NODEJS_MINIMUM: "18.19.0", NODEJS_PACKAGE: "nodejs", ...more });

  /** A host with dnf: what repoquery and `module list` print, and whether a nodejs is installed. */
  function withDnf(packages: string, modules: string, isInstalled = false): void {
    scene.hideMachine("apt-cache", "apt-get");
    scene.program("bin/rpm", isInstalled ? "exit 0" : "exit 1");
    scene.program(
      "bin/dnf",
      `printf "%s\\n" "$*" >>'${scene.directory}/asked'
case "$*" in *repoquery*) printf '%b' '${packages}' ;; *'module list nodejs'*) cat <<'TEXT'
${modules}
TEXT
;; esac`,
    );
  }

  const candidates: readonly (readonly [string, readonly string[]])[] = [
    ["18.20.4+dfsg-1~deb12u1", ["offer 18.20.4", "install nodejs"]],
    ["2:20.19.2-1nodesource1", ["offer 20.19.2", "install nodejs"]],
    ["12.22.9~dfsg-1ubuntu3", ["offer 12.22.9"]],
  ];
  for (const [candidate, said] of candidates) {
    it(`takes ${candidate} of apt for what it is`, async () => {
      scene.program(
        "bin/apt-cache",
        `printf 'nodejs:\\n  Installed: (none)\\n  Candidate: ${candidate}\\n'`,
      );
      expect(await offer()).to.deep.equal([...said, "cpu x86_64"]);
    });
  }

  it("fetches apt's lists where there are none, and never in check mode", async () => {
    const lists = join(scene.directory, "lists");
    scene.program("bin/apt-get", `touch '${lists}'`);
    scene.program("bin/apt-cache", `test ! -e '${lists}' || printf '  Candidate: 18.20.4\\n'`);
    expect(await offer({ NODEJS_DRY_RUN: "yes" })).to.deep.equal(["offer none", "cpu x86_64"]);
    expect(existsSync(lists)).to.equal(false);
    expect(await offer()).to.include("install nodejs");
  });

  const hosts: readonly (readonly [string, Parameters<typeof withDnf>, readonly string[]])[] = [
    ["the package of EL 10", ["22.16.0\\n", ""], ["offer 22.16.0", "install nodejs"]],
    [
      "the newest stream of EL 9",
      ["16.20.2\\n16.20.1\\n", streams("18", "20", "22")],
      ["offer 22", "install @nodejs:22"],
    ],
    [
      "the newest stream of EL 8",
      ["10.24.0\\n", streams("10 [d]", "12", "18", "20")],
      ["offer 20", "install @nodejs:20"],
    ],
    ["no stream where one was chosen", ["16.20.2\\n", streams("16 [e]", "20")], ["offer 16.20.2"]],
    [
      "no stream where all are off",
      ["16.20.2\\n", streams("16 [d][x]", "20 [x]")],
      ["offer 16.20.2"],
    ],
    ["no stream that is too old", ["10.24.0\\n", streams("10 [d]", "12", "16")], ["offer 10.24.0"]],
    ["no stream for another Node.js", ["16.20.2\\n", streams("18", "20"), true], ["offer 16.20.2"]],
    [
      "the stream that was chosen",
      ["20.19.1\\n", streams("18", "20 [e]", "22")],
      ["offer 20.19.1", "install nodejs"],
    ],
    ["none of repositories that are away", ["Error: cannot download\\n", ""], ["offer none"]],
  ];
  for (const [what, host, said] of hosts) {
    it(`takes ${what}`, async () => {
      withDnf(...host);
      expect(await offer()).to.deep.equal([...said, "cpu x86_64"]);
    });
  }

  it("asks dnf for what it knows already in check mode", async () => {
    withDnf("16.20.2\\n", streams("20"));
    expect(await offer({ NODEJS_DRY_RUN: "yes" })).to.include("install @nodejs:20");
    for (const asked of scene.read("asked").split("\n").filter(Boolean))
      expect(asked).to.include("--cacheonly");
  });

  it("says of a host without a package manager that it has none", async () => {
    scene.hideMachine("apt-cache", "apt-get");
    expect(await offer()).to.deep.equal(["offer none", "cpu x86_64"]);
  });

  it("tells a system of 32 bits on a CPU of 64", async () => {
    scene.program("bin/uname", "echo aarch64");
    scene.program("bin/getconf", "echo 32");
    expect((await offer()).at(-1)).to.equal("cpu armv7l");
    scene.program("bin/getconf", "echo 64");
    expect((await offer()).at(-1)).to.equal("cpu aarch64");
  });
});
