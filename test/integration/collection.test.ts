// The collection: what is in the archive, for Galaxy, for readers, and for whoever passes it on.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";

import { findDeadLinks } from "../../scripts/docs/links";

const ROOT = join(__dirname, "..", "..");
const SITE = "https://git.example.org/ops/flanneld";
/** All that a machine needs to build it, besides bash, git and ansible-galaxy: what every Unix has. */
const TOOLS = "bash cat chmod cp dirname env git mkdir mktemp mv rm sed sh xargs".split(" ");

describe("the collection", function () {
  this.timeout(120_000);
  const work = mkdtempSync(join(tmpdir(), "collection-"));
  after(() => {
    rmSync(work, { recursive: true });
  });

  /** Builds it on a machine with nothing but these tools; returns the folder it is unpacked to, and what was said. */
  async function build(
    name: string,
    repository: string,
  ): Promise<{ folder: string; said: string }> {
    const folder = join(work, name);
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    for (const tool of [...TOOLS, "ansible-galaxy"]) symlinkSync(which(tool), join(bin, tool));
    const { stdout, stderr } = await execa(join(ROOT, "scripts", "build-collection"), [folder], {
      env: { PATH: bin, COLLECTION_REPOSITORY: repository },
    });
    execFileSync("tar", ["-xzf", stdout, "-C", folder]);
    rmSync(bin, { recursive: true });
    return { folder, said: stderr };
  }

  const which = (tool: string): string => {
    const folders = (process.env["PATH"] ?? "").split(delimiter);
    const found = folders.map((folder) => join(folder, tool)).find(existsSync);
    if (found === undefined) throw new Error(`${tool}: not on PATH`);
    return found;
  };

  describe("of a repository that others can reach", () => {
    let folder: string;
    before(async () => {
      ({ folder } = await build("site", "git@git.example.org:ops/flanneld.git"));
    });
    const read = (...path: readonly string[]) => readFileSync(join(folder, ...path), "utf8");

    it("tells Galaxy where sources, documentation and issues are", () => {
      const { collection_info: info } = JSON.parse(read("MANIFEST.json")) as {
        collection_info: Record<string, unknown>;
      };
      expect(info).to.include({ repository: SITE, homepage: SITE, issues: `${SITE}/issues` });
      expect(info["documentation"]).to.equal(`${SITE}#readme`);
      expect(read("README.md")).to.include(`sources are [here](${SITE})`);
      expect(existsSync(join(folder, "source"))).to.equal(false);
    });

    it("names its modules in full, in tasks and in documentation", () => {
      const tasks = readdirSync(join(folder, "roles", "flanneld", "tasks"));
      const pages = readdirSync(join(folder, "plugins", "modules")).filter((file) =>
        /yml$/.test(file),
      );
      const texts = [
        ...tasks.map((file) => read("roles", "flanneld", "tasks", file)),
        ...pages.map((file) => read("plugins", "modules", file)),
      ];
      const full = texts.join("\n").match(/^ +(- )?flannel_role\.flanneld\.flannel_\w+:/gm) ?? [];
      expect(full).to.have.length.at.least(20);
      for (const text of texts) {
        expect(text).to.not.match(/^ +(- )?flannel_(etcd_config|install|overlay|unit):/m);
        expect(text).to.not.match(/M\(flannel_(?!role\.)/);
        parse(text);
      }
    });

    it("has no link that leads nowhere", () => {
      execFileSync("git", ["init", "--quiet", folder]);
      rmSync(join(folder, "flannel_role-flanneld-1.0.0.tar.gz"), { force: true });
      expect(findDeadLinks(folder)).to.deep.equal([]);
    });
  });

  it("carries its sources where no site has them", async () => {
    const { folder, said } = await build("path", "/srv/git/flanneld");
    expect(said).to.include("set COLLECTION_REPOSITORY");
    const { scripts } = JSON.parse(
      readFileSync(join(folder, "source", "package.json"), "utf8"),
    ) as { scripts: Record<string, string> };
    for (const path of [/^ts-node (\S+)/.exec(scripts["build"] ?? "")?.[1] ?? "", "src/modules"])
      expect(existsSync(join(folder, "source", path)), path).to.equal(true);
    expect(readFileSync(join(folder, "README.md"), "utf8")).to.include(
      "sources are [here](source)",
    );
  });
});
