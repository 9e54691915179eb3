// Real releases of flannel, from the cache that the lab uses too (scripts/lab/flanneld-build).

import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";

/** One release from the days of etcd's v2 API and one of now, as the lab has them. */
export const OLD_TAG = "v0.15.1";
export const NEW_TAG = "v0.28.9";

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const RELEASES = join(CACHE, "ansible-role-flanneld", "releases");
const BUILD = join(__dirname, "..", "..", "scripts", "lab", "flanneld-build");

/** The directory with `<tag>/flanneld-<arch>`; downloads or builds what is not there yet. */
export function provideReleases(arch: "amd64" | "arm64"): string {
  for (const tag of [OLD_TAG, NEW_TAG]) execFileSync(BUILD, [tag, arch], { stdio: "pipe" });
  return RELEASES;
}
