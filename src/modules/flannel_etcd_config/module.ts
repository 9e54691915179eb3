// The network configuration in etcd is what is declared, or the result says why not.

import { type Module } from "../../ansible/module";
import { type FlannelEtcdConfigOptions, spec } from "../../generated/flannel_etcd_config";
import { type Outcome } from "./apply";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { secretsOf } from "./secrets";
import type * as verbs from "./verbs";

export const module: Module<FlannelEtcdConfigOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and at once
  verbs: () => require("./verbs") as typeof verbs,
};
