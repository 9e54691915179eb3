// What is in etcd now.

import { endianness, machine } from "node:os";

import { ModuleError } from "../../base/errors";
import { type ModuleContext } from "../../ansible/module";
import { blindStore, findMissingFile } from "../../etcd/blind-store";
import { EtcdConnection } from "../../etcd/connection";
import { Deadline } from "../../etcd/deadline";
import { parseEndpoints } from "../../etcd/endpoint";
import { type EtcdStore, type StoredEntry, type StoredValue } from "../../etcd/store";
import { secretsIn } from "../../flannel/backend-table";
import {
  type EtcdApi,
  configKeyOf,
  etcdApiOf,
  otherApi,
  subnetsKeyOf,
} from "../../flannel/etcd-layout";
import { type Lease, tryParseLease } from "../../flannel/lease";
import { type ConfigReading, type Reader, readNetworkConfig } from "../../flannel/network-config";
import { parseArch, tryArchOfMachine } from "../../flannel/release-assets";
import { parseVersion } from "../../flannel/version";
import { type FlannelEtcdConfigOptions } from "../../generated/flannel_etcd_config";
import { type Declaration, checkDeclared, readDeclaredDocument } from "./declared";

type Options = FlannelEtcdConfigOptions;

/** A value found at the configuration's key. */
export interface StoredConfig extends StoredValue {
  /** The value as JSON; undefined when it is none. */
  readonly document: unknown;
  readonly reading: ConfigReading;
}

export interface MisplacedConfig extends StoredConfig {
  readonly api: EtcdApi;
  readonly key: string;
}

export interface HeldLease extends Lease {
  readonly entry: StoredEntry;
}

export interface Observation {
  readonly store: EtcdStore;
  readonly key: string;
  readonly reader: Reader;
  readonly declared: Declaration | undefined;
  readonly stored: StoredConfig | undefined;
  /** Configurations where this flannel will not look; looked for only while it would find none. */
  readonly elsewhere: readonly MisplacedConfig[];
  readonly leases: readonly HeldLease[];
  /** True when another writer was faster than this task. */
  readonly raced: boolean;
}

/** What stays the same when a task has to observe again. */
export interface Session {
  readonly api: EtcdApi;
  readonly declared: Declaration | undefined;
  readonly reader: Reader;
  readonly connection: Pick<EtcdConnection, "glance">;
  readonly store: EtcdStore;
}

/** The newest release that reads each API, for tasks that name none. */
const NEWEST: Readonly<Record<EtcdApi, string>> = { v2: "v0.17.0", v3: "v0.28.9" };

/** Checks everything that can be checked without etcd; sends nothing. */
export async function openSession(options: Options, context: ModuleContext): Promise<Session> {
  const document = await readDeclaredDocument(options);
  secretsIn(document).forEach((secret) => {
    context.protect(secret);
  });
  const { api, reader } = chooseReader(options, context);
  const declared = document === undefined ? undefined : checkDeclared(document, reader);
  checkCombination(options, api, declared);
  const endpoints = parseEndpoints(options.endpoints);
  const { username, password } = options;
  const tlsFiles = {
    caFile: options.ca_file,
    certFile: options.cert_file,
    keyFile: options.key_file,
  };
  const missing = context.checkMode ? await findMissingFile(tlsFiles) : undefined;
  if (missing !== undefined) {
    context.warn(
      `${missing} does not exist yet, so etcd could not be asked; predicted for an etcd without configuration`,
    );
    return { api, declared, reader, connection: { glance: blindStore }, store: blindStore(api) };
  }
  const connection = await EtcdConnection.open({
    endpoints,
    tlsFiles,
    credentials:
      username === undefined || password === undefined ? undefined : { username, password },
    transport: options.transport,
    etcdctlPath: options.etcdctl_path,
    deadline: new Deadline(options.timeout * 1000),
  });
  return { api, declared, reader, connection, store: connection.store(api) };
}

/** Reads the configuration, the leases and, where it may explain something, other places. */
export async function observe(
  options: Options,
  session: Session,
  raced: boolean,
  context: ModuleContext,
): Promise<Observation> {
  const { api, declared, reader, store } = session;
  const key = configKeyOf(options.prefix, api);
  const stored = readStored(await store.read(key), reader, context);
  const leases = readLeases(await store.list(subnetsKeyOf(options.prefix, api)));
  const elsewhere =
    stored === undefined && options.state !== "absent"
      ? await lookElsewhere(options, session, context)
      : [];
  return { store, key, reader, declared, stored, elsewhere, leases, raced };
}

function chooseReader(
  options: Options,
  context: ModuleContext,
): { readonly api: EtcdApi; readonly reader: Reader } {
  const { flannel_version: given } = options;
  const byVersion =
    given === undefined ? undefined : etcdApiOf(parseVersion(given, "flannel_version"));
  const api = options.api === "auto" ? (byVersion ?? "v3") : options.api;
  if (byVersion !== undefined && byVersion !== api) {
    context.warn(
      `api: ${api}: flannel ${String(given)} reads etcd's ${byVersion} API and will not see this configuration`,
    );
  }
  const version = parseVersion(given ?? NEWEST[api], "flannel_version");
  const architectures = options.architectures?.map(parseArch) ?? ownArchitecture();
  return { api, reader: { version, architectures } };
}

/** Unknown where flannel has no release for this CPU: the etcd host need not run flanneld. */
function ownArchitecture(): readonly string[] {
  const own = tryArchOfMachine(machine(), endianness());
  return own === undefined ? [] : [own];
}

function checkCombination(options: Options, api: EtcdApi, declared: Declaration | undefined): void {
  if (options.state === "present" && declared === undefined && !options.migrate_from_v2) {
    throw new ModuleError(
      "invalid_arguments",
      "config: nothing is declared, give config or network and backend (or state: query to look)",
    );
  }
  if (api === "v2" && options.transport !== "auto") {
    throw new ModuleError(
      "invalid_arguments",
      `transport: ${options.transport}: is a way to the v3 API, but this flannel reads v2; leave transport out`,
    );
  }
}

function readStored(
  found: StoredValue | undefined,
  reader: Reader,
  context: ModuleContext,
): StoredConfig | undefined {
  if (found === undefined) return undefined;
  const document = tryParse(found.value);
  secretsIn(document).forEach((secret) => {
    context.protect(secret);
  });
  return { ...found, document, reading: readNetworkConfig(document, reader) };
}

/** In the order of the subnets, because v2 lists in any order. */
function readLeases(entries: readonly StoredEntry[]): readonly HeldLease[] {
  const leases = entries.flatMap((entry) => {
    const lease = tryParseLease(entry);
    return lease === undefined ? [] : [{ ...lease, entry }];
  });
  return leases.sort((a, b) => ((a.subnet?.base ?? 0n) < (b.subnet?.base ?? 0n) ? -1 : 1));
}

/** The same key in the other store; in v3 also the key that differs by the slash in front. */
async function lookElsewhere(
  { prefix }: Options,
  { api, reader, connection }: Session,
  context: ModuleContext,
): Promise<readonly MisplacedConfig[]> {
  const respelled = prefix.startsWith("/") ? prefix.replace(/^\/+/, "") : `/${prefix}`;
  const places = [
    { api: otherApi(api), key: configKeyOf(prefix, otherApi(api)) },
    ...(api === "v3" && respelled !== "" ? [{ api, key: configKeyOf(respelled, api) }] : []),
  ];
  const found: MisplacedConfig[] = [];
  for (const place of places) {
    const config = readStored(await glanceAt(connection, place), reader, context);
    if (config !== undefined) found.push({ ...config, ...place });
  }
  return found;
}

/** Only to explain: a place that cannot be read has nothing to say. */
async function glanceAt(
  connection: Session["connection"],
  { api, key }: { readonly api: EtcdApi; readonly key: string },
): Promise<StoredValue | undefined> {
  try {
    return await connection.glance(api).read(key);
  } catch {
    return undefined;
  }
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
