// The plugins that a container runtime runs for the CNI configuration: whether they are there, and which versions of
// CNI they speak. They are asked with CNI_COMMAND=VERSION, which does nothing else.

import { join } from "node:path";

import { isRecord, tryParseRecord } from "../../base/json";
import { tryInspect } from "../../host/file-info";
import { askProgram } from "../../host/programs";
import { type Declared } from "./declare";

/** A plugin that the configuration names, or that flannel's runs in turn. */
export interface CniPlugin {
  readonly name: string;
  readonly isThere: boolean;
  /** That it speaks; undefined where it was not asked, or does not tell. */
  readonly versions: readonly string[] | undefined;
}

const TIMEOUT_MS = 5000;

/** Looks for the plugins of a configuration in a directory. */
export function observePlugins(
  { cniVersion, plugins }: Readonly<Record<string, unknown>>,
  directory: string,
): readonly CniPlugin[] {
  const names = Array.isArray(plugins) ? plugins.filter(isRecord).flatMap(namesIn) : [];
  return [...new Set(names)].map((name) => look(name, join(directory, name), cniVersion));
}

/** flannel's plugin has a bridge made with addresses of the host, if it is not told otherwise. */
function namesIn({ type, delegate, ipam }: Readonly<Record<string, unknown>>): readonly string[] {
  if (type !== "flannel") return [type, isRecord(ipam) ? ipam["type"] : undefined].filter(isText);
  const bridge = isRecord(delegate) ? delegate["type"] : undefined;
  return ["flannel", isText(bridge) ? bridge : "bridge", "host-local"];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function look(name: string, path: string, cniVersion: unknown): CniPlugin {
  const file = tryInspect(path);
  const isThere = file?.isFile === true && (file.mode & 0o111) !== 0;
  // Whether to trust one that others than root may have written is the runtime's business.
  const isAsked = isThere && isText(cniVersion) && file.uid === 0 && (file.mode & 0o022) === 0;
  return { name, isThere, versions: isAsked ? tryAskVersions(path, cniVersion) : undefined };
}

function tryAskVersions(path: string, cniVersion: string): readonly string[] | undefined {
  const question = { env: { CNI_COMMAND: "VERSION" }, input: JSON.stringify({ cniVersion }) };
  try {
    const { stdout } = askProgram(path, [], TIMEOUT_MS, question);
    const versions = tryParseRecord(stdout)?.["supportedVersions"];
    return Array.isArray(versions) ? versions.filter(isText) : undefined;
  } catch {
    return undefined; // what does not run here is told by the runtime
  }
}

/**
 * What keeps pods from starting: plugins that are not in the directory, but for those that the play has brought there,
 * and plugins that do not speak the version of the configuration.
 */
export function warnOfPlugins(
  { cniConf, cniBinDir, replaced }: Pick<Declared, "cniBinDir" | "cniConf" | "replaced">,
  plugins: readonly CniPlugin[],
): readonly string[] {
  const version = cniConf?.["cniVersion"];
  const missing = plugins
    .filter(({ name, isThere }) => !isThere && !replaced.has(`${cniBinDir}/${name}`))
    .map(({ name }) => name);
  const silent = plugins.filter(({ versions }) => versions?.includes(String(version)) === false);
  const then = "so no pod can start with the CNI configuration";
  return [
    ...(missing.length === 0
      ? []
      : [
          `cni_bin_dir: ${cniBinDir}: has no ${missing.join(", ")}, ${then}; flannel's own plugin has releases of its ` +
            "own (flannel_install with program cni-plugin), the others are the CNI project's",
        ]),
    ...silent.map(
      ({ name, versions = [] }) =>
        `cni_conf: cniVersion: ${String(version)}: ${cniBinDir}/${name} speaks ${versions.join(", ")}, ${then}; ` +
        "choose one of these, or install a newer plugin",
    ),
  ];
}
