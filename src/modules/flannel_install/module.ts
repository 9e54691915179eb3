// flannel_install: the flanneld binary of this version, for this CPU, verified, is in place.

import { type Module } from "../../ansible/module";
import { type FlannelInstallOptions, spec } from "../../generated/flannel_install";
import { type Outcome } from "./apply";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import { secretsOf } from "./secrets";
import type * as verbs from "./verbs";

export const module: Module<FlannelInstallOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  secretsOf,
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and at once
  verbs: () => require("./verbs") as typeof verbs,
};
