// What the user sees: where the echo is, who is reached, and what to do where one is not.

import { type Told } from "../../ansible/module";
import { type Verdict, judge } from "../../flannel/verdict";
import { type Outcome } from "./apply";
import { type Change } from "./changes";
import { type Declared } from "./declare";
import { type Observed, mtuOf } from "./observe";
import { type Plan } from "./plan";

export function report(
  declared: Declared,
  observed: Observed,
  plan: Plan,
  { outcome }: Told<Change, Outcome>,
): Readonly<Record<string, unknown>> {
  const { state } = declared;
  const isServed = Object.keys(outcome.echo).length > 0;
  return {
    state,
    echo: isServed ? outcome.echo : null,
    hindrances: hindrancesOf(plan, outcome),
    checksum_errors: observed.receivedWrong ?? null,
    ...(state === "tried" ? verdictOf(declared, observed) : {}),
  };
}

function hindrancesOf({ hindrances }: Plan, { hindrance }: Outcome): readonly string[] {
  if (hindrance === undefined) return hindrances;
  return [...hindrances, `at the host's own address, not like a pod: ${hindrance}`];
}

function verdictOf(declared: Declared, { tried, lease }: Observed): Record<string, unknown> {
  if (tried === undefined && declared.peers.length > 0)
    return { ok: null, tried: 0, verdict: NOT_IN_CHECK_MODE };
  const { text, oddities, ...verdict } = verdictAbout(declared, { tried, lease });
  return { ...verdict, oddities, like_pod: tried?.likePod ?? false, verdict: text };
}

const NOT_IN_CHECK_MODE = "nothing was tried: check mode";

function verdictAbout(
  declared: Declared,
  { tried, lease }: Pick<Observed, "tried" | "lease">,
): Verdict {
  const { peers, backend, subnetFile } = declared;
  const trials = tried?.trials ?? [];
  const hasSubnet = lease?.subnet !== undefined || lease?.ipv6_subnet !== undefined;
  return judge(
    peers.map(({ host }) => ({ host, trials: trials.filter((trial) => trial.host === host) })),
    { mtu: mtuOf(lease), backend, checksumErrors: tried?.checksumErrors ?? { pod: 0, host: 0 } },
    hasSubnet
      ? []
      : [`this host has no subnet in ${subnetFile}, so none of its pods reaches another host`],
  );
}
