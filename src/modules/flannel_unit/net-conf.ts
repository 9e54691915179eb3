// The network configuration for kube-subnet-mgr: a file that flanneld reads instead of etcd.

import { coerce } from "../../ansible/coerce";
import { ModuleError } from "../../base/errors";
import { isRecord, tryParseRecord } from "../../base/json";
import { MASK } from "../../base/secrets";
import { isSecretName } from "../../flannel/backend-table";
import { readNetworkConfig } from "../../flannel/network-config";
import { convertTemplated } from "../../flannel/templated";
import { type FlannelVersion, tagOf } from "../../flannel/version";
import { type ConfFile, printJson } from "./conf-files";
import { takesNetConfPath } from "./settings";

type Document = Readonly<Record<string, unknown>>;

/** Where flannel before v0.12.0 looks, and nowhere else (subnet/kube/kube.go). */
const FIXED_PATH = "/etc/kube-flannel/net-conf.json";

/**
 * The file to write, if flannel of this version can use it. Throws `invalid_config` with all faults of
 * the document, and `invalid_arguments` where flannel would not find the file.
 */
export function netConfOf(
  path: string,
  document: Document,
  version: FlannelVersion | undefined,
): ConfFile {
  if (version === undefined) {
    throw new ModuleError(
      "invalid_arguments",
      "net_conf_path: also needs flannel_version, by whose rules the network configuration is checked",
    );
  }
  if (!takesNetConfPath(version) && path !== FIXED_PATH) {
    throw new ModuleError(
      "invalid_arguments",
      `net_conf_path: ${path}: flannel ${tagOf(version)} reads ${FIXED_PATH} only, give that path or a release from v0.12.0 on`,
    );
  }
  return { ...netConfToRemove(path), content: printJson(sortKeys(checked(document, version))) };
}

/** The file to remove. */
export function netConfToRemove(path: string): ConfFile {
  return { path, content: undefined, hide: hideSecrets, isForDaemon: true, isShared: false };
}

function checked(document: Document, version: FlannelVersion): Document {
  const { config, findings } = readNetworkConfig(convertTemplated(document, coerce), {
    version,
    architectures: [],
    manager: "kubernetes",
  });
  const faults = [...findings.refusals, ...findings.hazards];
  if (config !== undefined && faults.length === 0) return config.document;
  const heading = faults.length === 1 ? "" : `${faults.length} faults: `;
  throw new ModuleError("invalid_config", `network_config: ${heading}${faults.join("; ")}`, {
    result: { faults },
  });
}

/** In the order of to_nice_json, with which this file used to be written: a new one is a restart. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, sortKeys(item)]));
}

/** The text without the values of secret names; of text that is no JSON, nobody can tell where they are. */
function hideSecrets(text: string): string {
  const document = tryParseRecord(text);
  return document === undefined ? `${MASK} (not JSON)\n` : printJson(mask(document));
}

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, isSecretName(name) ? MASK : mask(item)]),
  );
}
