// All mutants, room by room.

import { CONTRACT } from "./contract";
import { FLANNEL_ETCD_CONFIG } from "./flannel-etcd-config";
import { FLANNEL_INSTALL } from "./flannel-install";
import { FLANNEL_UNIT } from "./flannel-unit";
import { KNOWLEDGE } from "./knowledge";
import { type Mutant } from "./mutant";

export const MUTANTS: readonly Mutant[] = [
  ...CONTRACT,
  ...KNOWLEDGE,
  ...FLANNEL_ETCD_CONFIG,
  ...FLANNEL_INSTALL,
  ...FLANNEL_UNIT,
];
