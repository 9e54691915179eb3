// Runs the shipped flannel_install against a directory of its own.

import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runModuleFile } from "./run-module";

export const MODULE = join(__dirname, "..", "..", "library", "flannel_install.cjs");

export type Result = Readonly<Record<string, unknown>>;

/** Proxies of the machine the tests run on are none of the tests' business. */
const NO_PROXY = {
  http_proxy: "",
  https_proxy: "",
  no_proxy: "",
  HTTP_PROXY: "",
  HTTPS_PROXY: "",
  NO_PROXY: "",
};

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A directory to install into, and the module with its options set to it. */
export class Target {
  readonly root: string;
  readonly bin: string;

  constructor(root = mkdtempSync(join(tmpdir(), "flannel-install-"))) {
    this.root = root;
    this.bin = join(root, "sbin");
  }

  get binary(): string {
    return join(this.bin, "flanneld");
  }

  /** Runs the module; owner and group are this process's unless given. */
  async run(options: Result, env: Readonly<Record<string, string>> = {}): Promise<Result> {
    const { result } = await runModuleFile(MODULE, this.options(options), [], {
      ...NO_PROXY,
      ...env,
    });
    return result;
  }

  options(options: Result): Result {
    const owner = String(process.getuid?.() ?? 0);
    const group = String(process.getgid?.() ?? 0);
    return { bin_dir: this.bin, owner, group, retries: 0, ...options };
  }

  /** Every file below the directory with what tells it apart: to compare before and after. */
  snapshot(): readonly string[] {
    return snapshotOf(this.root);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function snapshotOf(path: string): readonly string[] {
  const info = lstatSync(path);
  const facts = `${path} ${info.mode.toString(8)} ${info.uid}:${info.gid} ${info.ino} ${info.mtimeMs}`;
  if (info.isDirectory()) {
    return [
      facts,
      ...readdirSync(path)
        .sort()
        .flatMap((name) => snapshotOf(join(path, name))),
    ];
  }
  return [info.isFile() ? `${facts} ${sha256(readFileSync(path))}` : facts];
}
