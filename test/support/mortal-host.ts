// A host that dies while roles/nodejs brings it a tarball of Node.js, and the tarball.

import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { DeadlyPrograms } from "./deadly-programs";

/** Newer than what this machine has. */
export const VERSION = "99.1.0";
const PROGRAM = `#!/bin/sh\necho v${VERSION}\n`;
/** As those of Node.js: the program comes before most of the rest. */
const TREE: Readonly<Record<string, string>> = {
  LICENSE: "license\n",
  "bin/node": PROGRAM,
  "include/node.h": "int node;\n",
  "lib/node_modules/npm/cli.js": "npm;\n".repeat(20_000),
};
const LINKS: Readonly<Record<string, string>> = { "bin/npm": "../lib/node_modules/npm/cli.js" };
const CALLS = [
  ...["openat", "write", "sendfile", "copy_file_range", "ftruncate", "utimensat"],
  ...["mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2"],
  ...["link", "linkat", "symlink", "symlinkat"],
  ...["chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat"],
];

/** Packs a tarball that is laid out as those of Node.js; returns its path. */
export function packNodejs(home: string): string {
  const tree = join(home, "node-v");
  const tarball = join(home, "tarball");
  for (const [path, text] of Object.entries(TREE)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text, { mode: 0o755 });
  }
  for (const [path, target] of Object.entries(LINKS)) symlinkSync(target, join(tree, path));
  execFileSync("tar", ["-C", home, "-czf", tarball, "node-v"]);
  return tarball;
}

/** One host: its directory for Node.js, and its programs. */
export class MortalHost {
  readonly programs: DeadlyPrograms;

  constructor(readonly directory: string) {
    mkdirSync(directory);
    this.programs = new DeadlyPrograms({
      programs: {
        python3: execFileSync("sh", ["-c", "command -v python3"], { encoding: "utf8" }).trim(),
        ...Object.fromEntries(
          ["ln", "mkdir", "mv", "rm", "tar"].map((name) => [name, `/bin/${name}`]),
        ),
      },
      calls: CALLS,
      // What is opened to be read changes nothing.
      changes: new RegExp(
        `^(?!openat\\().*${directory}|^openat\\(.*${directory}.*O_(?:CREAT|TRUNC)`,
      ),
    });
  }

  get variables(): object {
    return {
      ansible_python_interpreter: join(this.programs.folder, "python3"),
      nodejs_dir: this.directory,
      own_path: this.programs.path,
    };
  }

  /** What modules would take for Node.js. */
  get link(): string | undefined {
    const link = join(this.directory, "bin", "node");
    return existsSync(link) ? readlinkSync(link) : undefined;
  }

  /** What says that it is Node.js. */
  get isNodejs(): boolean {
    const { stdout } = spawnSync(join(this.directory, VERSION, "bin", "node"), {
      encoding: "utf8",
    });
    return stdout === `v${VERSION}\n`;
  }

  expectWhole(at: string): void {
    const tree = join(this.directory, VERSION);
    for (const [path, text] of Object.entries(TREE))
      expect(readFileSync(join(tree, path), "utf8") === text, `${path} ${at}`).to.equal(true);
    for (const [path, target] of Object.entries(LINKS))
      expect(readlinkSync(join(tree, path)), at).to.equal(target);
  }

  /** Nothing but Node.js and the link to it. */
  expectTidy(at: string): void {
    const names = readdirSync(this.directory).filter((name) => name !== VERSION);
    expect(names, at).to.deep.equal(["bin"]);
    expect(readdirSync(join(this.directory, "bin")), at).to.deep.equal(["node"]);
    if (existsSync(join(this.directory, VERSION))) this.expectWhole(at);
  }
}
