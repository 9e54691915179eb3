import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  createDirectories,
  removeEmptyDirectories,
} from "../../../../src/modules/flannel_install/directories";

describe("flannel_install: directories", () => {
  let root: string;
  let paths: readonly [string, string];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "directories-"));
    paths = [join(root, "a"), join(root, "a", "b")];
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const create = async (): Promise<readonly string[]> => {
    const created: string[] = [];
    for await (const path of createDirectories(paths)) created.push(path);
    return created;
  };

  it("are created with mode 0755 whatever the umask, and told as they are", async () => {
    const umask = process.umask(0o077);
    try {
      expect(await create()).to.deep.equal(paths);
    } finally {
      process.umask(umask);
    }
    for (const path of paths) expect(statSync(path).mode & 0o777).to.equal(0o755);
  });

  it("that another run has created meanwhile are not told", async () => {
    mkdirSync(paths[0]);
    expect(await create()).to.deep.equal([paths[1]]);
  });

  it("say what is in their way", async () => {
    writeFileSync(paths[0], "");
    const failure = await create().catch((error: unknown) => error);
    expect(failure).to.include({ code: "host" });
  });

  it("are removed as far as they are empty, and those that stay are told", async () => {
    await create();
    writeFileSync(join(paths[0], "foreign"), "");
    expect(await removeEmptyDirectories(paths)).to.deep.equal([paths[0]]);
    expect(readdirSync(paths[0])).to.deep.equal(["foreign"]);
    rmSync(join(paths[0], "foreign"));
    expect(await removeEmptyDirectories(paths)).to.deep.equal([]);
    expect(readdirSync(root)).to.deep.equal([]);
  });
});
