// The module as the contract wants it.

import { type Module } from "../../ansible/module";
import { type FlannelUnitOptions, spec } from "../../generated/flannel_unit";
import { type Outcome, apply, nothing, prepare } from "./apply";
import { type Declared, declare } from "./declare";
import { type Observed, observe } from "./observe";
import { type Plan, plan } from "./plan";
import { report } from "./report";
import { secretsOf } from "./secrets";

export const module: Module<FlannelUnitOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  declare,
  observe,
  plan,
  prepare,
  apply,
  nothing,
  report,
};
