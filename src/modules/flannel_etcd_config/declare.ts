// What the options mean. Nothing is asked and nothing is connected here.

import { type Context } from "../../ansible/module";
import { ModuleError } from "../../base/errors";
import { Deadline } from "../../host/deadline";
import { parseEndpoints } from "../../etcd/endpoint";
import type * as etcdConnection from "../../etcd/connection";
import { type Survey } from "../../etcd/survey";
import { type TlsFiles } from "../../etcd/tls";
import { type EtcdApi, configKeyOf, etcdApiOf } from "../../flannel/etcd-layout";
import { findPrefixFault } from "../../flannel/etcd-prefix";
import { trustWithoutPair } from "../../flannel/etcd-trust";
import { parseArch } from "../../flannel/arch";
import { type Reservation, readReservations } from "../../flannel/reservation";
import { secretsIn } from "../../flannel/secret-text";
import { type FlannelVersion, parseVersion, tagOf } from "../../flannel/version";
import { type FlannelEtcdConfigOptions } from "../../generated/flannel_etcd_config";
import { checkConfig } from "./check";
import { readDocument } from "./document";
import { type Lacks, readLacks } from "./lacks";
import { type Outcomes, readOutcomes } from "./outcomes";

type Options = FlannelEtcdConfigOptions;

export interface Declared {
  readonly state: Options["state"];
  readonly ifExists: Options["if_exists"];
  readonly migratesFromV2: boolean;
  readonly reservations: readonly Reservation[];
  readonly forgetsV2: boolean;
  /** Releases that run, by host: null where none does, and any other text where nothing is known. */
  readonly running: Readonly<Record<string, unknown>>;
  readonly purgesLeases: boolean;
  readonly allowsDisruption: boolean;
  readonly prefix: string;
  readonly api: EtcdApi;
  /** Who will read the configuration, for messages. */
  readonly readerName: string;
  readonly version: FlannelVersion;
  /** Undefined: those of the host the task runs on. */
  readonly architectures: readonly string[] | undefined;
  /** Undefined: the task declares no configuration. */
  readonly document: unknown;
  /** What hosts lack for it. */
  readonly lacks: Lacks;
  /** Whether the text before a change is kept until the change is settled. */
  readonly keepsPrevious: boolean;
  /** How daemons have come up, and whose are to be waited for. */
  readonly outcomes: Outcomes;
  readonly hosts: readonly string[];
  /** Of the write that is to be settled; undefined: whichever is found. */
  readonly revision: number | undefined;
  readonly etcd: DeclaredEtcd;
}

/** The way to etcd: stores to work on, and to glance at, and what is known of the cluster. */
export interface EtcdAccess extends Pick<
  etcdConnection.EtcdConnection,
  "store" | "glance" | "leftV2"
> {
  survey(): Pick<Survey, "begun" | "result">;
}

export interface DeclaredEtcd {
  readonly tlsFiles: TlsFiles;
  /** Connects at the first call, once a run; attempts after a lost race share time and connection. */
  readonly connect: () => Promise<EtcdAccess>;
}

/** The newest release that reads each API, for tasks that name none. */
const NEWEST: Readonly<Record<EtcdApi, string>> = { v2: "v0.17.0", v3: "v0.28.9" };

/** Checks all that can be checked without host and etcd. */
export async function declare(options: Options, context: Context): Promise<Declared> {
  const document = await readDocument(options, context);
  // JSON5 spells a string in many ways, so its secrets are known only now.
  secretsIn(document).forEach((secret) => {
    context.protect(secret);
  });
  const api = chooseApi(options, context);
  checkPrefix(options, api);
  const { flannel_version: given } = options;
  const version = parseVersion(given ?? NEWEST[api], "flannel_version");
  const architectures = options.architectures?.map(parseArch);
  if (document !== undefined) checkDocument(document, version, architectures);
  checkCombination(options, api, document);
  warnOfTrust(options, version, context);
  return {
    state: options.state,
    ifExists: options.if_exists,
    migratesFromV2: options.migrate_from_v2,
    reservations: readReservations(options.reservations ?? {}),
    forgetsV2: options.forget_v2,
    running: options.running ?? {},
    purgesLeases: options.purge_leases,
    allowsDisruption: options.allow_disruptive,
    prefix: options.prefix,
    api,
    readerName: given ?? "the flannel that is declared",
    version,
    architectures,
    document,
    lacks: readLacks(options.lacks),
    keepsPrevious: options.keep_previous || options.state !== "present",
    outcomes: readOutcomes(options.outcomes),
    hosts: options.hosts,
    revision: options.revision,
    etcd: declareEtcd(options, context),
  };
}

function chooseApi(options: Options, context: Context): EtcdApi {
  const { flannel_version: given, api: wanted } = options;
  const byVersion =
    given === undefined ? undefined : etcdApiOf(parseVersion(given, "flannel_version"));
  const api = wanted === "auto" ? (byVersion ?? "v3") : wanted;
  if (byVersion !== undefined && byVersion !== api) {
    context.warn(
      `api: ${api}: flannel ${String(given)} reads etcd's ${byVersion} API and will not see this configuration`,
    );
  }
  return api;
}

/** With some prefixes the daemon crashes, or looks beside etcd's keys. What was written there can be removed. */
function checkPrefix({ prefix, state }: Options, api: EtcdApi): void {
  const leadsOut = api === "v2" && configKeyOf(prefix, "v3").startsWith("../");
  if (state !== "present" && !leadsOut) return;
  const fault = leadsOut ? "expected a folder of etcd's v2 store" : findPrefixFault(prefix);
  if (fault === undefined) return;
  throw new ModuleError("invalid_arguments", `prefix: ${JSON.stringify(prefix)}: ${fault}`);
}

/** What a daemon with the same files would do, where that is dangerous or nothing at all. */
function warnOfTrust(options: Options, version: FlannelVersion, context: Context): void {
  const { ca_file, cert_file, flannel_version, endpoints, state } = options;
  const usesTls = endpoints.some((endpoint) => endpoint.startsWith("https:"));
  if (!usesTls || ca_file === undefined || cert_file !== undefined) return;
  if (flannel_version === undefined || state !== "present") return;
  const trust = trustWithoutPair(version);
  const told =
    trust === "nobody"
      ? "does not start without a client certificate"
      : trust === "anybody"
        ? "does not verify the server without a client certificate, so anyone can pose as etcd"
        : undefined;
  if (told === undefined) return;
  context.warn(
    `ca_file: flannel ${tagOf(version)} ${told}; give it one (cert_file and key_file here), or use a release from v0.20.1 on`,
  );
}

/** Throws all faults but those that depend on the CPU of the host, where that counts. */
function checkDocument(
  document: unknown,
  version: FlannelVersion,
  architectures: readonly string[] = [],
): void {
  const { fault } = checkConfig(document, { version, architectures });
  if (fault === undefined) return;
  throw new ModuleError(
    fault.code,
    fault.message,
    fault.result === undefined ? {} : { result: fault.result },
  );
}

function checkCombination(options: Options, api: EtcdApi, document: unknown): void {
  if (options.state === "present" && document === undefined && !options.migrate_from_v2) {
    throw new ModuleError(
      "invalid_arguments",
      "config: nothing is declared, give config or network and backend (or state: query to look)",
    );
  }
  if (api === "v2" && options.forget_v2) {
    throw new ModuleError(
      "invalid_arguments",
      "forget_v2: this flannel reads etcd's v2 store; take a flannel_version from v0.18.0 on first",
    );
  }
  if (api === "v2" && options.transport !== "auto") {
    throw new ModuleError(
      "invalid_arguments",
      `transport: ${options.transport}: is for the v3 API, but this flannel reads v2; leave transport out`,
    );
  }
}

function declareEtcd(options: Options, context: Context): DeclaredEtcd {
  const { username, password } = options;
  const endpoints = parseEndpoints(options.endpoints);
  for (const { url } of endpoints.filter(({ hasPort }) => !hasPort)) {
    context.warn(
      `endpoints: ${url} has no port; 2379 was assumed, but flannel itself does not accept an address without one`,
    );
  }
  const tlsFiles = {
    caFile: options.ca_file,
    certFile: options.cert_file,
    keyFile: options.key_file,
  };
  const connection: etcdConnection.ConnectionOptions = {
    endpoints,
    tlsFiles,
    credentials:
      username === undefined || password === undefined ? undefined : { username, password },
    transport: options.transport,
    etcdctlPath: options.etcdctl_path,
    deadline: new Deadline(options.timeout * 1000),
  };
  return { tlsFiles, connect: once(() => loadEtcd().EtcdConnection.open(connection)) };
}

/** HTTP and TLS take a while to load, and a task that is refused needs neither. */
function loadEtcd(): typeof etcdConnection {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() cannot load a file of our own
  return require("../../etcd/connection") as typeof etcdConnection;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
