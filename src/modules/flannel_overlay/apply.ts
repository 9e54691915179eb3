// Serves the echo and removes it. A run that is killed in between leaves what the next one finds by name.

import { type Run } from "../../ansible/module";
import { ModuleError, messageOf } from "../../base/errors";
import { type Place } from "../../flannel/reach";
import { endEchoes, findEchoes, startEcho } from "../../host/echo";
import {
  lendAddresses,
  makeNamespace,
  observeOwnNetwork,
  removeOwnNetwork,
} from "../../host/namespace";
import { type Change, type Post } from "./changes";
import { type Declared, type Echo } from "./declare";
import { type Observed } from "./observe";
import { type Plan } from "./plan";

export interface Outcome {
  readonly echo: Readonly<Record<string, Echo>>;
  /** Why it is not served like a pod although that was planned. */
  readonly hindrance?: string;
}

export const nothing: Outcome = { echo: {} };

type Serve = Extract<Change, { kind: "serve" }>;

export async function apply(
  change: Change,
  outcome: Outcome,
  run: Run<Declared, Observed, Plan>,
): Promise<Outcome> {
  switch (change.kind) {
    case "end":
      await endEchoes(change.processes);
      return outcome;
    case "remove":
      removeOwnNetwork(change);
      return outcome;
    case "serve":
      return serveOrFallBack(change, run.declared.lifetimeMs);
  }
}

/** A container may have no right to make namespaces; then the host's own address is better than nothing. */
async function serveOrFallBack(change: Serve, lifetimeMs: number): Promise<Outcome> {
  const hasPod = change.posts.some(({ place }) => place === "pod");
  try {
    return { echo: await serve(change.posts, change.mtu, lifetimeMs) };
  } catch (error) {
    await clear();
    if (!hasPod || change.otherwise.length === 0) throw error;
    const echo = await serve(change.otherwise, change.mtu, lifetimeMs);
    return { echo, hindrance: messageOf(error) };
  }
}

async function clear(): Promise<void> {
  await endEchoes(findEchoes());
  removeOwnNetwork(observeOwnNetwork());
}

async function serve(
  posts: readonly Post[],
  mtu: number,
  lifetimeMs: number,
): Promise<Outcome["echo"]> {
  const lent = posts.filter(({ isLent }) => isLent).map(({ address }) => address);
  const [pod, host] = (["pod", "host"] as const).map((place) =>
    posts.filter((post) => post.place === place),
  );
  if (pod !== undefined && pod.length > 0) makeNamespace(addressesOf(pod), mtu);
  if (lent.length > 0) lendAddresses(lent);
  const served = await Promise.all([
    startAt("pod", pod ?? [], lifetimeMs),
    startAt("host", host ?? [], lifetimeMs),
  ]);
  return Object.fromEntries(served.flatMap((echoes) => Object.entries(echoes)));
}

async function startAt(
  place: Place,
  posts: readonly Post[],
  lifetimeMs: number,
): Promise<Outcome["echo"]> {
  if (posts.length === 0) return {};
  const served = await startEcho(place, { addresses: addressesOf(posts), lifetimeMs });
  const found = posts.map(({ family, own }, index) => {
    const at = served[index];
    if (at === undefined) throw new ModuleError("host", "the echo did not start at every address");
    return [family, { ...at, place, ...(own === undefined ? {} : { own }) }] as const;
  });
  return Object.fromEntries(found);
}

function addressesOf(posts: readonly Post[]): readonly string[] {
  return posts.map(({ address }) => address);
}
