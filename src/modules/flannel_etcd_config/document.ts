// The configuration that the task declares, from a dict, from text or from single options.

import { coerce } from "../../ansible/coerce";
import { type Context } from "../../ansible/module";
import { ModuleError, messageOf } from "../../base/errors";
import { escapeSeparators, findTwins } from "../../flannel/declared-text";
import { isTooDeep } from "../../flannel/secret-text";
import { convertTemplated } from "../../flannel/templated";
import { type FlannelEtcdConfigOptions } from "../../generated/flannel_etcd_config";

type Options = Pick<
  FlannelEtcdConfigOptions,
  "config" | "network" | "subnet_len" | "subnet_min" | "subnet_max" | "backend"
>;

/** The declared document before it is checked; undefined when the task declares none. */
export async function readDocument(
  options: Options,
  context: Pick<Context, "protect" | "warn">,
): Promise<unknown> {
  const { config, backend } = options;
  if (isTooDeep(config ?? backend)) throw tooDeep(config === undefined ? "backend" : "config");
  if (typeof config === "string") return parseText(config, context);
  return config === undefined ? documentOf(options) : convertTemplated(config, coerce);
}

function documentOf({ network, subnet_len, subnet_min, subnet_max, backend }: Options): unknown {
  const given = {
    Network: network,
    SubnetLen: subnet_len,
    SubnetMin: subnet_min,
    SubnetMax: subnet_max,
    Backend: backend === undefined ? undefined : convertTemplated(backend, coerce),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

async function parseText(
  text: string,
  context: Pick<Context, "protect" | "warn">,
): Promise<unknown> {
  const document = await parseLenient(text, context);
  if (isTooDeep(document)) throw tooDeep("config");
  for (const key of findTwins(text)) {
    context.warn(`config: ${key} is given twice, the last one counts`);
  }
  return document;
}

/** Most text is plain JSON; the larger parser is loaded for the rest. */
async function parseLenient(
  text: string,
  context: Pick<Context, "protect" | "warn">,
): Promise<unknown> {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const { default: parse } = await import("json5/lib/parse.js");
    try {
      return parse<unknown>(escapeSeparators(text));
    } catch (error) {
      context.protect(text); // whatever is in it: nobody can tell where its secrets are
      throw new ModuleError(
        "invalid_config",
        `config: the text is neither JSON nor JSON5: ${messageOf(error)}`,
      );
    }
  }
}

function tooDeep(option: string): ModuleError {
  return new ModuleError(
    "invalid_config",
    `${option}: is nested too deeply, flannel's configuration has two levels`,
  );
}
