import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  type CniPlugin,
  observePlugins,
  warnOfPlugins,
} from "../../../../src/modules/flannel_unit/cni-plugins";

/** Tells which command it was given, and for which version: a plugin that did more would show. */
const PLUGIN = `#!/bin/sh
[ "$CNI_COMMAND" = VERSION ] && [ "$(cat)" = '{"cniVersion":"0.3.1"}' ] || exit 1
echo '{"cniVersion": "1.0.0", "supportedVersions": ["0.3.1", "1.0.0", 5]}'
`;

describe("flannel_unit: the plugins of the CNI configuration", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "cni-plugins-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const put = (name: string, content = PLUGIN, mode = 0o755): void => {
    writeFileSync(join(directory, name), content);
    chmodSync(join(directory, name), mode);
  };
  const look = (...plugins: readonly unknown[]) =>
    observePlugins({ cniVersion: "0.3.1", plugins }, directory);
  const names = (...plugins: readonly unknown[]): readonly string[] =>
    look(...plugins).map(({ name }) => name);

  it("are those that it names, and those that flannel's and they run in turn", () => {
    const portmap = { type: "portmap" };
    expect(names({ type: "flannel" }, portmap)).to.deep.equal([
      ...["flannel", "bridge", "host-local", "portmap"],
    ]);
    expect(
      names({ type: "flannel", delegate: { type: "ipvlan" } }, portmap, portmap),
    ).to.deep.equal(["flannel", "ipvlan", "host-local", "portmap"]);
    expect(names({ type: "macvlan", ipam: { type: "dhcp" } })).to.deep.equal(["macvlan", "dhcp"]);
    expect(names("text", {}, { type: 5 })).to.deep.equal([]);
    expect(observePlugins({}, directory)).to.deep.equal([]);
  });

  it("tell which versions of CNI they speak, and do nothing else", () => {
    put("portmap");
    expect(look({ type: "portmap" })).to.deep.equal([
      { name: "portmap", isThere: true, versions: ["0.3.1", "1.0.0"] },
    ]);
  });

  it("are not there as a directory, or where nobody may run them", () => {
    mkdirSync(join(directory, "folder"));
    put("text", PLUGIN, 0o644);
    const plugins = ["folder", "text", "none"].map((type) => ({ type }));
    expect(look(...plugins).map(({ isThere }) => isThere)).to.deep.equal([false, false, false]);
  });

  for (const [what, content, mode] of [
    ["anybody may have written", PLUGIN, 0o777],
    ["fail", "#!/bin/sh\nexit 1", 0o755],
    ["are no program", "text", 0o755],
    ["answer with something else", "#!/bin/sh\necho hello", 0o755],
  ] as const) {
    it(`that ${what} are there, and tell nothing`, () => {
      put("portmap", content, mode);
      expect(look({ type: "portmap" })).to.deep.equal([
        { name: "portmap", isThere: true, versions: undefined },
      ]);
    });
  }

  describe("in a warning", () => {
    const warn = (plugins: readonly CniPlugin[], replaced: readonly string[] = []) =>
      warnOfPlugins(
        {
          cniConf: { cniVersion: "1.0.0" },
          cniBinDir: "/opt/cni/bin",
          replaced: new Set(replaced),
        },
        plugins,
      );
    const missing = (name: string): CniPlugin => ({ name, isThere: false, versions: undefined });
    const there = (name: string, versions?: readonly string[]): CniPlugin => ({
      ...{ name, isThere: true, versions },
    });

    it("are not spoken of where they are there, speak its version, or do not tell", () => {
      expect(warn([there("flannel", ["0.4.0", "1.0.0"]), there("portmap")])).to.deep.equal([]);
    });

    it("are named that are missing, but for those that the play would have brought", () => {
      const [warning = "", ...others] = warn([missing("flannel"), missing("portmap")]);
      expect(warning).to.match(/^cni_bin_dir: \/opt\/cni\/bin: has no flannel, portmap, so no pod/);
      expect(others).to.deep.equal([]);
      expect(warn([missing("flannel")], ["/opt/cni/bin/flannel"])).to.deep.equal([]);
    });

    it("are named that do not speak its version", () => {
      const warnings = warn([there("flannel", ["0.3.1", "0.4.0"]), missing("bridge")]);
      expect(warnings).to.have.length(2);
      expect(warnings[1]).to.match(
        /^cni_conf: cniVersion: 1.0.0: \/opt\/cni\/bin\/flannel speaks 0.3.1, 0.4.0, so no pod/,
      );
    });
  });
});
