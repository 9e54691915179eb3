// flannel_install: the flanneld binary of this version, for this CPU, verified, is in place.

import { type Module } from "../../ansible/module";
import { type FlannelInstallOptions, spec } from "../../generated/flannel_install";
import { type Outcome, apply, nothing } from "./apply";
import { type Declared, declare } from "./declare";
import { type Observed, observe } from "./observe";
import { type Plan, plan } from "./plan";
import { report } from "./report";
import { secretsOf } from "./secrets";

export const module: Module<FlannelInstallOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  declare,
  observe,
  plan,
  apply,
  nothing,
  report,
};
