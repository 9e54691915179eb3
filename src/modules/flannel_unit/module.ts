// flannel_unit: the unit says what was declared, and the running daemon is that unit.

import { type Module } from "../../ansible/module";
import { type FlannelUnitOptions, spec } from "../../generated/flannel_unit";
import { type Outcome } from "./apply";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { secretsOf } from "./secrets";
import type * as verbs from "./verbs";

export const module: Module<FlannelUnitOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and at once
  verbs: () => require("./verbs") as typeof verbs,
};
