// flannel_overlay: this host's pods reach those of the others, or the sentence says why not.

import { type Module } from "../../ansible/module";
import { type FlannelOverlayOptions, spec } from "../../generated/flannel_overlay";
import { type Outcome } from "./apply";
import { type Declared } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";
import type * as verbs from "./verbs";

export const module: Module<FlannelOverlayOptions, Declared, Observed, Plan, Outcome> = {
  spec,
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late, and at once
  verbs: () => require("./verbs") as typeof verbs,
};
