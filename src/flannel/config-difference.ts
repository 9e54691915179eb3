// What differs between two configurations as flannel reads them.

import { isRecord } from "../base/json";
import { MASK } from "../base/secrets";
import { type Setting, isSecretName } from "./backend-table";
import { type NetworkConfig } from "./network-config";
import { hideSecrets } from "./secret-text";

export interface Difference {
  /** "Network", "Backend.VNI". */
  readonly key: string;
  /** null where the setting does not exist. */
  readonly before: Setting | null;
  /** A whole configuration where the one found is unusable. */
  readonly after: Setting | Readonly<Record<string, unknown>> | null;
}

/** Of one setting, not of a whole configuration. */
export interface SettingDifference extends Difference {
  readonly after: Setting | null;
}

type Settings = ReadonlyMap<string, Setting>;

/** Every setting that differs in effect; spelling, order and defaults written out do not count. */
export function differencesOf(
  before: NetworkConfig,
  after: NetworkConfig,
): readonly SettingDifference[] {
  const sameType = before.settings.get("Backend.Type") === after.settings.get("Backend.Type");
  const keys = new Set([...before.settings.keys(), ...after.settings.keys()]);
  return [...keys]
    .filter((key) => !isSameSetting(before.settings.get(key), after.settings.get(key)))
    .filter((key) => sameType || isTold(key, before) || isTold(key, after))
    .map((key) => ({
      key,
      before: shownSetting(before.settings, key),
      after: shownSetting(after.settings, key),
    }));
}

/** All of a configuration that flannel cannot use differs from the declared one, whose secrets stay hidden. */
export function differenceOfAll(
  refusals: readonly string[],
  { document }: NetworkConfig,
): Difference {
  const after = hideSecrets(document) as Readonly<Record<string, unknown>>;
  return { key: "config", before: `unusable: ${refusals.join("; ")}`, after };
}

/** "Backend.VNI is 1, expected 7"; secrets stay masked. */
export function describeDifference({ key, before, after }: SettingDifference): string {
  if (isSecretKey(key)) return `${key} differs`;
  const shown = (value: Setting | null): string => (value === null ? "not set" : String(value));
  return `${key} is ${shown(before)}, expected ${shown(after)}`;
}

/** Settings may be lists, as the route tables of aws-vpc are. */
function isSameSetting(one: Setting | undefined, other: Setting | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** Defaults of options that only one of two backends has would be noise. */
function isTold(key: string, { document }: NetworkConfig): boolean {
  if (!key.startsWith("Backend.")) return true;
  return isRecord(document["Backend"]) && key.slice("Backend.".length) in document["Backend"];
}

function shownSetting(settings: Settings, key: string): Setting | null {
  const value = settings.get(key);
  if (value === undefined) return null;
  return isSecretKey(key) ? MASK : (hideSecrets(value) as Setting);
}

function isSecretKey(key: string): boolean {
  return isSecretName(key.replace(/^Backend\./, ""));
}
