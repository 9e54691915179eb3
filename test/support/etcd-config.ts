// Runs flannel_etcd_config in this process, with everything real but the process boundary.

import { parseArguments } from "../../src/ansible/arguments";
import { ModuleError } from "../../src/base/errors";
import { execute } from "../../src/ansible/module";
import { Redactor } from "../../src/ansible/redact";
import { createModule } from "../../src/modules/flannel_etcd_config/module";

export type Json = Readonly<Record<string, unknown>>;

export const VXLAN_CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } } as const;

/** The result, printed and read again as Ansible would. Throws ModuleError. */
export async function runEtcdConfig(options: Json, settings: Json = {}): Promise<Json> {
  const redactor = new Redactor();
  const args = parseArguments(JSON.stringify({ ...options, ...settings }));
  const result = redactor.redact(await execute(createModule(), args, redactor));
  return JSON.parse(JSON.stringify(result)) as Json;
}

/** The same in check mode with diff. */
export function checkEtcdConfig(options: Json): Promise<Json> {
  return runEtcdConfig(options, { _ansible_check_mode: true, _ansible_diff: true });
}

/** The error of a run that must fail. */
export async function failureOf(options: Json, settings: Json = {}): Promise<ModuleError> {
  try {
    await runEtcdConfig(options, settings);
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
  throw new Error("the run did not fail");
}
