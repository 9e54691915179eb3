// Which configuration files the options are about: to be written, or to be taken back.

import { ModuleError } from "../../base/errors";
import { type FlannelVersion } from "../../flannel/version";
import { type FlannelUnitOptions } from "../../generated/flannel_unit";
import { cniFileOf, cniFileToRemove } from "./cni-config";
import { type ConfFile } from "./conf-files";
import { netConfOf, netConfToRemove } from "./net-conf";

type Given = Pick<
  FlannelUnitOptions,
  "cni_conf" | "cni_conf_path" | "net_conf_path" | "only" | "state"
>;

/** What is known of the network configuration that flanneld is to find. */
interface Known {
  readonly document: Readonly<Record<string, unknown>>;
  readonly version: FlannelVersion | undefined;
  readonly isKube: boolean;
}

/** The files in the order in which they are written. Throws ModuleError for what cannot be meant. */
export function declareConfFiles(given: Given, known: Known): readonly ConfFile[] {
  const { only, state } = given;
  if ((only === undefined) !== (state !== "present")) {
    throw new ModuleError(
      "invalid_arguments",
      "only: use it with state: present, and state: present with it, to write one thing and no more",
    );
  }
  if (only === "certificates") return [];
  if (only === "cni") return declareCniConf(given);
  if (only === "network") return declareNetConf(given, { ...known, isKube: true });
  return [...declareNetConf(given, known), ...declareCniConf(given)];
}

function declareNetConf(
  { state, net_conf_path: path }: Given,
  { document, version, isKube }: Known,
): readonly ConfFile[] {
  if (path === undefined) return [];
  if (state === "absent") return [netConfToRemove(path)];
  return isKube ? [netConfOf(path, document, version)] : [];
}

function declareCniConf({
  state,
  cni_conf_path: path,
  cni_conf: conf,
}: Given): readonly ConfFile[] {
  if (path === undefined) {
    if (conf === undefined) return [];
    throw new ModuleError(
      "invalid_arguments",
      "cni_conf: also needs cni_conf_path, where to write it",
    );
  }
  if (state === "absent") return [cniFileToRemove(path)];
  return conf === undefined ? [] : [cniFileOf(path, conf)];
}
