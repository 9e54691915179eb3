// The way back to a host without flanneld: the daemon first, and what others may need last.

import {
  type Change,
  enablement,
  forget,
  planRemove,
  reload,
  removeFolder,
  systemctlStep,
} from "./changes";
import { planConfFiles } from "./conf-files";
import { type Declared } from "./declare";
import { planHostSettings } from "./host-settings";
import { type Observed } from "./observe";
import { planPurge } from "./residue";
import { hideSecretFlags, maskValues } from "./secrets";

/** Stop, disable and removal, in the order in which a killed run can be taken up again. */
export function planRemoval(declared: Declared, observed: Observed): readonly Change[] {
  const { unitName, unitPath, environmentPath, subnetFile, secretNames } = declared;
  const { systemd, files, links, settings, residue } = observed;
  const hide = (text: string) => hideSecretFlags(text, secretNames);
  const removals = [
    ...files.dropIns.flatMap(({ path, file }) => planRemove({ path, folderToo: true }, file, hide)),
    ...planRemove({ path: unitPath }, files.unit, hide),
    ...planRemove({ path: environmentPath }, files.environment, maskValues),
  ];
  const mustReload = removals.length > 0 || systemd?.needsReload === true;
  return [
    ...planStop(declared, observed),
    ...(links.length === 0 ? [] : [enablement("disable", unitName, links, [])]),
    ...removals,
    ...(mustReload ? [reload()] : []),
    ...(systemd?.activeState === "failed"
      ? [systemctlStep(`forget the failure of ${unitName}`, "reset-failed", unitName)]
      : []),
    ...planConfFiles(observed.confFiles),
    ...(observed.switch === undefined ? [] : [forget(unitName)]),
    ...planRemoveOptionsDir(declared, observed),
    ...planHostSettings(settings),
    ...(residue === undefined ? [] : planPurge(residue, subnetFile, files.subnet)),
  ];
}

/** The directory goes with what was ours in it, unless others have put something there. */
function planRemoveOptionsDir(
  { optionsDir, environmentPath, confFiles, switchFolder }: Declared,
  { optionsDir: folder }: Observed,
): readonly Change[] {
  const ours = [environmentPath, switchFolder, ...confFiles.map(({ path }) => path)];
  const isEmptied = folder?.names.every((name) => ours.includes(`${optionsDir}/${name}`));
  return isEmptied === true ? [removeFolder(optionsDir)] : [];
}

/** Stops what runs, or is about to. */
export function planStop({ unitName }: Declared, { systemd }: Observed): readonly Change[] {
  if (systemd === undefined || ["inactive", "failed"].includes(systemd.activeState)) return [];
  return [systemctlStep(`stop ${unitName}`, "stop", unitName)];
}
