// What is in etcd now.

import { endianness, machine } from "node:os";

import { type Context } from "../../ansible/module";
import { ModuleError } from "../../base/errors";
import { blindFolders, blindStore, blindSurvey, findMissingFile } from "../../etcd/blind-store";
import { type Cluster, explainFailure } from "../../etcd/cluster";
import { type EtcdStore, type StoredEntry, type StoredValue } from "../../etcd/store";
import { type EtcdApi, configKeyOf, otherApi, subnetsKeyOf } from "../../flannel/etcd-layout";
import { type Lease, tryParseLease } from "../../flannel/lease";
import { type ConfigReading, type Reader, readNetworkText } from "../../flannel/network-config";
import { tryArchOfMachine } from "../../flannel/arch";
import { secretsInText } from "../../flannel/secret-text";
import { checkConfig } from "./check";
import { type Declared, type EtcdAccess } from "./declare";
import { type KeptTexts, type Previous, previousKeyOf, tryParseKept } from "./previous";
import { type V2Sight, lookForRemains } from "./v2-remains";

/** A value found at the configuration's key. */
export interface StoredConfig extends StoredValue {
  /** What flannel makes of the value. */
  readonly reading: ConfigReading;
}

export interface MisplacedConfig extends StoredConfig {
  readonly api: EtcdApi;
  readonly key: string;
}

export interface HeldLease extends Lease {
  readonly entry: StoredEntry;
}

export interface Observed {
  readonly store: EtcdStore;
  readonly key: string;
  /** With whose eyes configurations are read; the CPUs may be those of this host. */
  readonly reader: Reader;
  readonly stored: StoredConfig | undefined;
  /** The text before a change that nobody has settled yet. */
  readonly previous: Previous | undefined;
  /** Whether etcd lets this user keep one. */
  readonly mayKeep: boolean;
  /** Configurations where this flannel will not look; looked for only while it would find none. */
  readonly elsewhere: readonly MisplacedConfig[];
  readonly leases: readonly HeldLease[];
  /** What is left in the v2 store; undefined where nobody asked. */
  readonly v2: V2Sight | undefined;
  /** Undefined where no endpoint has said anything of it. */
  readonly cluster: Cluster | undefined;
  /** True when another writer was faster than this task. */
  readonly raced: boolean;
}

/** Reads the configuration, the leases and, where it may explain something, other places. */
export async function observe(declared: Declared, context: Context): Promise<Observed> {
  const { prefix, api, version, state } = declared;
  const reader = { version, architectures: declared.architectures ?? ownArchitecture() };
  const access = await openAccess(declared, context);
  const store = access.store(api);
  const survey = access.survey();
  const key = configKeyOf(prefix, api);
  const found = await store.read(key).catch(async (error: unknown) => {
    throw explainFailure(error, await survey.begun());
  });
  const stored = readStored(found, reader, context);
  const [kept, entries, cluster] = await Promise.all([
    declared.keepsPrevious ? readPrevious(store, stored, key, reader, context) : NONE_KEPT,
    store.list(subnetsKeyOf(prefix, api), { lifetimes: state === "query" }),
    survey.result({ thorough: !isSettled(declared, stored, reader) }),
  ]);
  const leases = readLeases(entries);
  const elsewhere =
    stored === undefined && state !== "absent"
      ? await lookElsewhere(declared, access, reader, context)
      : [];
  const v2 = await lookBack(declared, access, context);
  const raced = context.attempt > 1;
  return { store, key, reader, stored, ...kept, elsewhere, leases, v2, cluster, raced };
}

async function openAccess({ etcd }: Declared, context: Context): Promise<EtcdAccess> {
  const missing = context.checkMode ? findMissingFile(etcd.tlsFiles) : undefined;
  if (missing === undefined) return etcd.connect();
  context.warn(
    `${missing} does not exist yet, so etcd could not be asked; predicted for an etcd without configuration`,
  );
  const survey = (): typeof blindSurvey => blindSurvey;
  return { store: blindStore, glance: blindStore, leftV2: blindFolders, survey };
}

/** At what earlier releases left in v2, where it is to be told or removed. */
async function lookBack(
  { api, state, forgetsV2, prefix }: Declared,
  access: EtcdAccess,
  context: Context,
): Promise<V2Sight | undefined> {
  if (api === "v2" || (state !== "query" && !forgetsV2)) return undefined;
  const sight = await lookForRemains(access.leftV2(), prefix);
  sight.remains?.entries.forEach(({ value }) => {
    secretsInText(value).forEach((secret) => {
      context.protect(secret);
    });
  });
  return sight;
}

/** Whether the declared text is there, letter by letter, so that nothing will be written. */
function isSettled(
  { document, state }: Declared,
  stored: StoredConfig | undefined,
  reader: Reader,
): boolean {
  if (state !== "present" || document === undefined) return false;
  const { config } = checkConfig(document, reader);
  return config !== undefined && stored?.value === JSON.stringify(config.document);
}

/** Unknown where flannel has no release for this CPU: the etcd host need not run flanneld. */
function ownArchitecture(): readonly string[] {
  const own = tryArchOfMachine(machine(), endianness());
  return own === undefined ? [] : [own];
}

function readStored(
  found: StoredValue | undefined,
  reader: Reader,
  context: Context,
): StoredConfig | undefined {
  if (found === undefined) return undefined;
  secretsInText(found.value).forEach((secret) => {
    context.protect(secret);
  });
  return { ...found, reading: readNetworkText(found.value, reader) };
}

type Kept = Pick<Observed, "mayKeep" | "previous">;

const NONE_KEPT: Kept = { previous: undefined, mayKeep: true };

/** Nobody can go back to it, so it is as one that is over. */
const UNREADABLE: KeptTexts = { previous: "", next: [] };

/** What stands beside the configuration; a user of etcd who may read no more than flannel does has nothing there. */
async function readPrevious(
  store: EtcdStore,
  stored: StoredConfig | undefined,
  key: string,
  reader: Reader,
  context: Context,
): Promise<Kept> {
  const entry = await store.read(previousKeyOf(key)).catch((error: unknown) => {
    if (error instanceof ModuleError && error.code === "permission") return null;
    throw error;
  });
  if (entry === null) return { previous: undefined, mayKeep: false };
  if (entry === undefined) return NONE_KEPT;
  const texts = tryParseKept(entry.value) ?? UNREADABLE;
  [texts.previous, ...texts.next].flatMap(secretsInText).forEach((secret) => {
    context.protect(secret);
  });
  const { config } = readNetworkText(texts.previous, reader);
  const isOpen = stored !== undefined && texts.next.includes(stored.value);
  return { previous: { ...texts, entry, config, isOpen }, mayKeep: true };
}

/** In the order of the subnets, because v2 lists in any order. */
function readLeases(entries: readonly StoredEntry[]): readonly HeldLease[] {
  const leases = entries.flatMap((entry) => {
    const lease = tryParseLease(entry);
    return lease === undefined ? [] : [{ ...lease, entry }];
  });
  return leases.sort((a, b) => Number(startOf(a) - startOf(b)));
}

function startOf({ subnet, ipv6Subnet }: Lease): bigint {
  return (subnet ?? ipv6Subnet)?.base ?? 0n;
}

/** The same key in the other store; in v3 also the key that differs by the slash in front. */
async function lookElsewhere(
  { prefix, api }: Declared,
  access: EtcdAccess,
  reader: Reader,
  context: Context,
): Promise<readonly MisplacedConfig[]> {
  const respelled = prefix.startsWith("/") ? prefix.replace(/^\/+/, "") : `/${prefix}`;
  const places = [
    { api: otherApi(api), key: configKeyOf(prefix, otherApi(api)) },
    ...(api === "v3" && respelled !== "" ? [{ api, key: configKeyOf(respelled, api) }] : []),
  ];
  const found: MisplacedConfig[] = [];
  for (const place of places) {
    const value = await tryRead(access.glance(place.api), place.key);
    const config = readStored(value, reader, context);
    if (config !== undefined) found.push({ ...config, ...place });
  }
  return found;
}

/** Only to explain: a place that cannot be read has nothing to say. */
async function tryRead(store: EtcdStore, key: string): Promise<StoredValue | undefined> {
  try {
    return await store.read(key);
  } catch {
    return undefined;
  }
}
