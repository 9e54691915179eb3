// The network configuration in etcd is what is declared, or the result says why not.

import { type Module } from "../../ansible/module";
import { type FlannelEtcdConfigOptions, spec } from "../../generated/flannel_etcd_config";
import { type Outcome, apply, nothing } from "./apply";
import { type Declared, declare } from "./declare";
import { type Observed, observe } from "./observe";
import { type Plan, plan } from "./plan";
import { report } from "./report";
import { secretsOf } from "./secrets";

export const module: Module<FlannelEtcdConfigOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  declare,
  observe,
  plan,
  apply,
  nothing,
  report,
};
