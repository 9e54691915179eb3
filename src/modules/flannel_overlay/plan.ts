// Decides where an echo is served, and what has to go first. Pure.

import { type Plan as AnyPlan } from "../../ansible/module";
import { type Change, type Post, end, remove, serve } from "./changes";
import { type Declared } from "./declare";
import { type Observed, type Remains, type Site, type Tried, mtuOf } from "./observe";

export interface Plan extends AnyPlan<Change> {
  /** Why an echo is not served, or not like a pod. */
  readonly hindrances: readonly string[];
}

const NOT_LIKE_POD =
  "the overlay was tried from this host's own address only, not like a pod: state serving says why";

export function plan(declared: Declared, observed: Observed): Plan {
  const leftovers = planEnd(observed.remains);
  if (declared.state === "silent") return { changes: leftovers, hindrances: [] };
  if (declared.state === "tried") return planTrial(observed.tried);
  const posts = observed.sites.flatMap((site) => postOf(site, observed.knowsNamespaces) ?? []);
  const otherwise = observed.sites.flatMap((site) => hostPost(site) ?? []);
  const service = posts.length === 0 ? [] : [serve(posts, otherwise, mtuOf(observed.lease))];
  const hindrances = findHindrances(declared, observed);
  return { changes: [...leftovers, ...service], hindrances, warnings: hindrances };
}

function planTrial(tried: Tried | undefined): Plan {
  const isPartial = tried !== undefined && !tried.likePod;
  const hindrances = [...(tried?.faults ?? []), ...(isPartial ? [NOT_LIKE_POD] : [])];
  return { changes: [], hindrances, warnings: hindrances };
}

function planEnd(remains: Remains): readonly Change[] {
  return [
    ...(remains.processes.length > 0 ? [end(remains.processes)] : []),
    ...(remains.namespace || remains.link ? [remove(remains)] : []),
  ];
}

function postOf(site: Site, knowsNamespaces: boolean): Post | undefined {
  const { family, free, own } = site;
  if (free === undefined || hindranceOf(site, knowsNamespaces) !== undefined) return hostPost(site);
  return { family, place: "pod", address: free, own, isLent: false };
}

/** The host's own address in the subnet; where it has none (host-gw before the first pod), one for the trial. */
function hostPost({ family, own, free }: Site): Post | undefined {
  const address = own ?? free;
  return address === undefined
    ? undefined
    : { family, place: "host", address, isLent: own === undefined };
}

function findHindrances(
  declared: Declared,
  { lease, sites, knowsNamespaces }: Observed,
): readonly string[] {
  if (lease === undefined)
    return [`no echo: there is no ${declared.subnetFile}: flanneld has no lease yet`];
  if (sites.length === 0) return [`no echo: ${declared.subnetFile} names no subnet`];
  const reasons = sites.map((site) => hindranceOf(site, knowsNamespaces));
  return [...new Set(reasons.flatMap((reason) => (reason === undefined ? [] : [reason])))].map(
    (reason) => `the overlay is tried from the host's own address, not like a pod: ${reason}`,
  );
}

function hindranceOf(site: Site, knowsNamespaces: boolean): string | undefined {
  if (!knowsNamespaces)
    return "this host has no ip program that supports network namespaces (iproute2)";
  if (site.free === undefined) return `no address of ${site.subnet} is free`;
  if (site.isForwarding) return undefined;
  return site.family === "ipv4"
    ? "net.ipv4.ip_forward is off, so no pod of this host reaches another host: flannel_ip_forward: true"
    : "net.ipv6.conf.all.forwarding is off, so no pod of this host reaches another host by IPv6";
}
