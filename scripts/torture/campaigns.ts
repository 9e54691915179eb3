// The campaigns of `make torture`, as data. A suite that exists is a campaign with a row in one of these lists.

import { type Campaign } from "./campaign";
import { ETCD } from "./campaigns/etcd";
import { FUZZ } from "./campaigns/fuzz";
import { HOSTILE, RACES } from "./campaigns/hostile";
import { HOSTS } from "./campaigns/hosts";
import { DURABILITY, KILLS } from "./campaigns/kills";

export const CAMPAIGNS: readonly Campaign[] = [
  ...KILLS,
  DURABILITY,
  ...HOSTILE,
  ...RACES,
  ...ETCD,
  ...FUZZ,
  ...HOSTS,
];
