import { expect } from "chai";

import { type Arch } from "../../../src/flannel/arch";
import {
  CNI_PLUGIN,
  FLANNELD,
  type ReleasedProgram,
  expandTemplate,
  officialUrlOf,
  whyNotReleased,
} from "../../../src/flannel/release-assets";
import { parseVersion, tagOf } from "../../../src/flannel/version";

describe("release assets", () => {
  it("names both kinds of files as flannel publishes them", () => {
    const version = parseVersion("0.28.9");
    expect(FLANNELD.assetName("binary", version, "arm64")).to.equal("flanneld-arm64");
    expect(FLANNELD.assetName("archive", version, "s390x")).to.equal(
      "flannel-v0.28.9-linux-s390x.tar.gz",
    );
  });

  for (const [tag, shown] of [
    ["v1.1.2", "v1.1.2"],
    ["v1.5.1-flannel2", "v1.5.1-flannel2"],
    ["v1.8.0-flannel1", "v1.8.0-flannel1"],
    ["v1.8.0-flannel2", "v1.8.0"],
    ["v1.9.1-flannel1", "v1.9.1"],
  ] as const) {
    it(`names the files of the CNI plugin ${tag} as they are published`, () => {
      const version = parseVersion(tag);
      expect(CNI_PLUGIN.assetName("binary", version, "arm")).to.equal("flannel-arm");
      expect(CNI_PLUGIN.assetName("archive", version, "arm")).to.equal(
        `cni-plugin-flannel-linux-arm-${shown}.tgz`,
      );
      const choice = { program: CNI_PLUGIN, version, arch: "arm", kind: "binary" } as const;
      expect(expandTemplate(officialUrlOf(CNI_PLUGIN), choice)).to.equal(
        `https://github.com/flannel-io/cni-plugin/releases/download/${tag}/flannel-arm`,
      );
    });
  }

  const plugins: readonly (readonly [string, string | undefined])[] = [
    ["CNI Plugin flannel version v1.9.1 (linux/amd64)", "v1.9.1-flannel2"],
    ["CNI Plugin flannel version v1.9.0 (linux/amd64)", "v1.9.0"],
    ["CNI Plugin flannel version v1.9.1-flannel1 (linux/amd64)", "v1.9.1-flannel1"],
    ["CNI Plugin flannel version v1.0.0-dev+9c5a (linux/amd64)", "unnumbered"],
    ["Flannel binary v1.0.0", "v1.0.0"],
    ["CNI bridge plugin v1.9.1", undefined],
  ];
  for (const [line, told] of plugins) {
    it(`takes a plugin for ${told ?? "another"} that says "${line}", where v1.9.1-flannel2 is wanted`, () => {
      const answer = { exitCode: 0, stdout: "", stderr: `${line}\nCNI protocol versions: 0.1.0\n` };
      const found = CNI_PLUGIN.findVersion(answer, parseVersion("v1.9.1-flannel2"));
      expect(typeof found === "object" ? tagOf(found) : found).to.equal(told);
      expect(CNI_PLUGIN.findVersion({ ...answer, exitCode: 1 }, parseVersion("v1.9.1"))).to.equal(
        undefined,
      );
    });
  }

  it("fills a URL template, and refuses a placeholder that would only be a 404", () => {
    const version = parseVersion("0.28.9");
    const choice = { program: FLANNELD, version, arch: "arm", kind: "binary" } as const;
    expect(expandTemplate("http://m/{version}/{arch}/{asset}?{version}", choice)).to.equal(
      "http://m/v0.28.9/arm/flanneld-arm?v0.28.9",
    );
    expect(() => expandTemplate("http://m/{tag}", choice)).to.throw("{tag}: unknown placeholder");
    expect(() => expandTemplate("http://me:a{secret}@m/", choice)).to.throw(
      /^\{\.\.\.\} in a user or password: unknown placeholder(?!.*secret)/,
    );
  });

  const releases: readonly (readonly [string, Arch, string | undefined, ReleasedProgram?])[] = [
    ["v1.2.0", "mips64le", undefined, CNI_PLUGIN],
    ["v1.4.0-flannel1", "mips64le", "to v1.2.0", CNI_PLUGIN],
    ["v1.1.2", "riscv64", "from v1.2.0", CNI_PLUGIN],
    ["v1.0.0", "s390x", undefined, CNI_PLUGIN],
    ["v0.7.0", "amd64", undefined],
    ["v0.7.0", "arm", "(that CPU: from v0.7.1)"],
    ["v0.7.1", "arm64", undefined],
    ["v0.7.1", "s390x", "from v0.8.0"],
    ["v0.23.0", "riscv64", "from v0.24.0"],
    ["v0.24.0", "riscv64", undefined],
    ["v0.16.1", "mips64le", "from v0.16.2 to v0.24.0"],
    ["v0.16.2", "mips64le", undefined],
    ["v0.24.0", "mips64le", undefined],
    ["v0.24.1", "mips64le", "to v0.24.0"],
    ["v1.0.0", "mips64le", "to v0.24.0"],
  ];
  for (const [tag, arch, reason, program = FLANNELD] of releases) {
    it(`says that ${program.title} ${tag} was ${reason === undefined ? "" : "not "}released for ${arch}`, () => {
      const answer = whyNotReleased(program, parseVersion(tag), arch);
      if (reason === undefined) expect(answer).to.equal(undefined);
      else expect(answer).to.include(reason);
    });
  }
});
