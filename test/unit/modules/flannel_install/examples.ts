// Options and observations to vary.

import { parseVersion } from "../../../../src/flannel/version";
import { type FlannelInstallOptions } from "../../../../src/generated/flannel_install";
import { type InstalledBinary } from "../../../../src/modules/flannel_install/inspect";
import { type HostState, type Observation } from "../../../../src/modules/flannel_install/observe";
import { pathsOf, resolveRequest } from "../../../../src/modules/flannel_install/request";

export const presentOptions: FlannelInstallOptions = {
  version: "v0.28.9",
  state: "present",
  bin_dir: "/usr/local/sbin",
  mode: "0750",
  owner: "root",
  group: "root",
  url: ["https://github.com/flannel-io/flannel/releases/download/{version}/{asset}"],
  validate_certs: true,
  timeout: 30,
  retries: 3,
  keep: 1,
  mk_docker_opts: false,
};

export const digest = (letter: string): string => letter.repeat(64);

/** An installed binary of this version, as the module leaves it. */
export const binaryOf = (
  version: string | undefined,
  more: Partial<InstalledBinary> = {},
): InstalledBinary => ({
  sha256: digest("a"),
  mode: 0o750,
  uid: 0,
  gid: 0,
  inode: 1,
  isLink: false,
  arch: "amd64",
  version: version === undefined ? undefined : parseVersion(version),
  ...more,
});

/** A host with an empty directory, and what is different there. */
export const observationOf = (
  host: Partial<HostState>,
  options: Partial<FlannelInstallOptions> = {},
  more: Partial<Observation> = {},
): Observation => {
  const wanted = { ...presentOptions, ...options };
  return {
    host: {
      paths: pathsOf(wanted.bin_dir),
      names: [],
      missing: [],
      binary: undefined,
      script: undefined,
      origins: {},
      kept: [],
      leftovers: [],
      running: { current: 0, replaced: 0 },
      ...host,
    },
    request: wanted.state === "present" ? resolveRequest(wanted, "amd64") : undefined,
    uid: 0,
    gid: 0,
    assetSha256: undefined,
    ...more,
  };
};
