// What flannel_overlay is made of.

import { type Module } from "../../ansible/module";
import { type FlannelOverlayOptions, spec } from "../../generated/flannel_overlay";
import { type Outcome, apply, nothing } from "./apply";
import { type Declared, declare } from "./declare";
import { type Observed, observe } from "./observe";
import { type Plan, plan } from "./plan";
import { report } from "./report";

export const module: Module<FlannelOverlayOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  declare,
  observe,
  plan,
  apply,
  nothing,
  report,
};
