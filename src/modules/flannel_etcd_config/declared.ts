// The configuration that the task declares, from a dict, from text or from single options.

import { coerce } from "../../ansible/coerce";
import { ModuleError, messageOf } from "../../base/errors";
import { isRecord } from "../../base/json";
import { optionKind } from "../../flannel/backend-table";
import { type NetworkConfig, type Reader, readNetworkConfig } from "../../flannel/network-config";
import { type FlannelEtcdConfigOptions } from "../../generated/flannel_etcd_config";

type Options = FlannelEtcdConfigOptions;

export interface Declaration {
  readonly config: NetworkConfig;
  /** Worth a warning, but may be meant. */
  readonly notes: readonly string[];
}

/** The declared document before it is checked; undefined when the task declares none. Text is a promise. */
export function readDeclaredDocument(options: Options): unknown {
  const { config, network, subnet_len, subnet_min, subnet_max, backend } = options;
  if (config !== undefined) {
    return typeof config === "string" ? parseText(config) : convertTemplated(config);
  }
  const given = {
    Network: network,
    SubnetLen: subnet_len,
    SubnetMin: subnet_min,
    SubnetMax: subnet_max,
    Backend: backend === undefined ? undefined : convertTemplated(backend),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Checks a declared document; throws one `invalid_config` with all faults. */
export function checkDeclared(document: unknown, reader: Reader, origin = "config"): Declaration {
  const { config, findings } = readNetworkConfig(document, reader);
  const faults = [...findings.refusals, ...findings.hazards];
  if (config !== undefined && faults.length === 0) return { config, notes: findings.notes };
  const heading = faults.length === 1 ? "" : `${faults.length} faults: `;
  throw new ModuleError("invalid_config", `${origin}: ${heading}${faults.join("; ")}`, {
    result: { faults },
  });
}

/** Most text is plain JSON; the larger parser is loaded for the rest. */
async function parseText(text: string): Promise<unknown> {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const { default: json5 } = await import("json5");
    try {
      return json5.parse<unknown>(text);
    } catch (error) {
      throw new ModuleError(
        "invalid_config",
        `config: the text is neither JSON nor JSON5: ${messageOf(error)}`,
      );
    }
  }
}

/** Templates turn numbers and truth values into strings; nulls mean "not given". */
function convertTemplated(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const kind = optionKind(key);
      if (isRecord(item)) return [key, convertTemplated(item)];
      const converts = typeof item === "string" && (kind === "int" || kind === "bool");
      return [key, converts ? coerce(kind, item) : item];
    }),
  );
}
