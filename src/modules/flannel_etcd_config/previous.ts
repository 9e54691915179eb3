// The text before a change that is not settled. It stands in etcd beside the configuration, so that whoever runs
// next knows of the change, wherever the run that made it was killed (docs/adr/0033).

import { tryParseRecord } from "../../base/json";
import { type StoredValue } from "../../etcd/store";
import { type NetworkConfig } from "../../flannel/network-config";

/** What is kept: both texts, as whether a change was made shows in which of them is at the key. */
export interface KeptTexts {
  /** Under which daemons are known to have run. */
  readonly previous: string;
  /** By which it was to be replaced; several where a change was made before the one before was settled. */
  readonly next: readonly string[];
}

/** What is found at the key of the kept texts. */
export interface Previous extends KeptTexts {
  readonly entry: StoredValue;
  /** The previous text as this flannel reads it; undefined: it cannot use it. */
  readonly config: NetworkConfig | undefined;
  /** A next text is at the configuration's key, and nobody has said yet what came of it. */
  readonly isOpen: boolean;
}

/** flannel reads `config` and what is below `subnets`, and passes over this. */
export function previousKeyOf(configKey: string): string {
  return `${configKey}.previous`;
}

/** The value to be stored. */
export function renderKept({ previous, next }: KeptTexts): string {
  return JSON.stringify({ previous, next });
}

/** What was stored; undefined for a value that somebody else has put there. */
export function tryParseKept(value: string): KeptTexts | undefined {
  const { previous, next } = tryParseRecord(value) ?? {};
  const isNext = Array.isArray(next) && next.every((text) => typeof text === "string");
  return typeof previous === "string" && isNext ? { previous, next } : undefined;
}
