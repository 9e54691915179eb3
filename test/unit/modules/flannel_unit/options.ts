// Options as the contract hands them to the module: completed with the defaults.

import { parseOptions } from "../../../../src/ansible/options";
import { Redactor } from "../../../../src/ansible/redact";
import { type FlannelUnitOptions, spec } from "../../../../src/generated/flannel_unit";

export function optionsOf(given: Readonly<Record<string, unknown>> = {}): FlannelUnitOptions {
  return parseOptions(spec, given, new Redactor());
}
