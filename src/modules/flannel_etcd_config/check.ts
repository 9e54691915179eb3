// Whether flannel could use a configuration, and what else is wrong with it.

import { type Obstacle } from "../../ansible/module";
import {
  type ConfigReading,
  type NetworkConfig,
  type Reader,
  readNetworkConfig,
} from "../../flannel/network-config";

/** A configuration that may be written, or every fault in it. */
export type Checked =
  | {
      readonly config: NetworkConfig;
      /** Worth a warning, but may be meant. */
      readonly notes: readonly string[];
      readonly fault?: undefined;
    }
  | { readonly config?: undefined; readonly fault: Obstacle };

/** Checks the declared document. */
export function checkConfig(document: unknown, reader: Reader): Checked {
  return judge(readNetworkConfig(document, reader));
}

/** What was read, if it may be written; `origin` names it in the fault. */
export function judge({ config, findings }: ConfigReading, origin = "config"): Checked {
  const faults = [...findings.refusals, ...findings.hazards];
  if (config !== undefined && faults.length === 0) return { config, notes: findings.notes };
  const heading = faults.length === 1 ? "" : `${faults.length} faults: `;
  const message = `${origin}: ${heading}${faults.join("; ")}`;
  return { fault: { code: "invalid_config", message, lasting: true, result: { faults } } };
}
