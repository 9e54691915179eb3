// Runs flannel_etcd_config in this process: with everything real but the process boundary, or on
// scenes, which are an etcd in memory.

import { join } from "node:path";

import { parseArguments } from "../../src/ansible/arguments";
import { type Context } from "../../src/ansible/module";
import { parseOptions } from "../../src/ansible/options";
import { ModuleError } from "../../src/base/errors";
import { Redactor } from "../../src/ansible/redact";
import { ModuleRun } from "../../src/ansible/run";
import {
  type EtcdStore,
  type FolderStore,
  type StoredEntry,
  type StoredValue,
  type V2Tree,
  type WriteAnswer,
} from "../../src/etcd/store";
import { blindSurvey } from "../../src/etcd/blind-store";
import { type EtcdApi, otherApi } from "../../src/flannel/etcd-layout";
import { type Declared } from "../../src/modules/flannel_etcd_config/declare";
import { module } from "../../src/modules/flannel_etcd_config/module";
import { type Observed } from "../../src/modules/flannel_etcd_config/observe";
import { type Plan } from "../../src/modules/flannel_etcd_config/plan";
import { buildModule } from "./build-module";
import { runModuleFile } from "./run-module";

export type Json = Readonly<Record<string, unknown>>;

export const VXLAN_CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } } as const;

/** A result that says failed. */
export class FailedRun extends Error {
  readonly code: string;

  constructor(readonly result: Json) {
    super(String(result["msg"]));
    this.code = String(result["error_code"]);
  }
}

/** Another Node.js, to run the module as it ships with; test/long does. */
const OTHER_NODE = process.env["FLANNEL_TEST_NODE"];

/** The result of a run as Ansible reads it, also of one that failed. */
export async function resultOf(options: Json, settings: Json = {}): Promise<Json> {
  if (OTHER_NODE !== undefined) return runUnder(OTHER_NODE, { ...options, ...settings });
  const args = parseArguments(JSON.stringify({ ...options, ...settings }));
  const result = await new ModuleRun(module).execute(args);
  return JSON.parse(JSON.stringify(result)) as Json;
}

async function runUnder(node: string, options: Json): Promise<Json> {
  built ??= join(buildModule("flannel_etcd_config"), "flannel_etcd_config.cjs");
  return (await runModuleFile(node, options, [built])).result;
}
let built: string | undefined;

/** The result of a run that must succeed. Throws FailedRun. */
export async function runEtcdConfig(options: Json, settings: Json = {}): Promise<Json> {
  const result = await resultOf(options, settings);
  if (result["failed"] === true) throw new FailedRun(result);
  return result;
}

/** The same in check mode with diff. */
export function checkEtcdConfig(options: Json): Promise<Json> {
  return runEtcdConfig(options, { _ansible_check_mode: true, _ansible_diff: true });
}

/** The result of a run that must fail. */
export async function failureOf(options: Json, settings: Json = {}): Promise<FailedRun> {
  const result = await resultOf(options, settings);
  if (result["failed"] === true) return new FailedRun(result);
  throw new Error("the run did not fail");
}

/** An etcd in memory: both stores, without a cluster and without time. */
export class MemoryEtcd {
  readonly #stores = { v2: new MemoryFolders("v2"), v3: new MemoryStore("v3") };
  /** Whether the v2 API is on. */
  hasV2 = true;

  store(api: EtcdApi): MemoryStore {
    return this.#stores[api];
  }

  glance(api: EtcdApi): MemoryStore {
    return this.#stores[api];
  }

  leftV2(): MemoryFolders {
    const off = new ModuleError("unsupported", "its v2 API is off");
    return this.hasV2 ? this.#stores.v2 : new MemoryFolders("v2", off);
  }

  survey(): typeof blindSurvey {
    return blindSurvey;
  }
}

/** A guarded store that lets somebody else write in the moment before a write. */
export class MemoryStore implements EtcdStore {
  readonly origin = { endpoint: "memory", etcdVersion: "3.4.23", transport: "gateway" } as const;
  readonly #entries = new Map<string, StoredEntry>();
  #revision = 0;
  /** What somebody else does to this store before each write of the module. */
  meanwhile: (key: string) => void = () => undefined;
  /** A key that this user may neither read nor write. */
  forbidden: string | undefined;

  constructor(readonly api: EtcdApi) {}

  /** Somebody else's write; a value that is no text is written as JSON. Returns the revision. */
  put(key: string, value: unknown, ttlSeconds?: number): number {
    const revision = ++this.#revision;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    this.#entries.set(key, { key, value: text, revision, ttlSeconds });
    return revision;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  read(key: string): Promise<StoredValue | undefined> {
    if (key === this.forbidden) return Promise.reject(new ModuleError("permission", "forbidden"));
    return Promise.resolve(this.#entries.get(key));
  }

  list(folder: string): Promise<readonly StoredEntry[]> {
    const entries = [...this.#entries.values()];
    return Promise.resolve(entries.filter(({ key }) => key.startsWith(`${folder}/`)));
  }

  create(key: string, value: string): Promise<WriteAnswer> {
    return this.#write(key, value, undefined);
  }

  replace(key: string, value: string, revision: number): Promise<WriteAnswer> {
    return this.#write(key, value, revision);
  }

  remove(key: string, revision: number): Promise<WriteAnswer> {
    return this.#write(key, undefined, revision);
  }

  #write(key: string, value: string | undefined, guard?: number): Promise<WriteAnswer> {
    this.meanwhile(key);
    if (this.#entries.get(key)?.revision !== guard) return Promise.resolve({ outcome: "conflict" });
    if (value === undefined) this.#entries.delete(key);
    const revision = value === undefined ? ++this.#revision : this.put(key, value);
    return Promise.resolve({ outcome: "done", revision });
  }
}

/** The v2 store, with the folders that were made for its keys. */
export class MemoryFolders extends MemoryStore implements FolderStore {
  readonly folders = new Set<string>();

  constructor(
    api: EtcdApi,
    private readonly fault?: Error,
  ) {
    super(api);
  }

  override put(key: string, value: unknown, ttlSeconds?: number): number {
    for (let end = key.lastIndexOf("/"); end > 0; end = key.lastIndexOf("/", end - 1)) {
      this.folders.add(key.slice(0, end));
    }
    return super.put(key, value, ttlSeconds);
  }

  async tree(folder: string): Promise<V2Tree | undefined> {
    if (this.fault !== undefined) throw this.fault;
    if (!this.folders.has(folder)) return undefined;
    const isBelow = (key: string): boolean => key.startsWith(`${folder}/`);
    const keys = this.keys().filter(isBelow);
    const entries = await Promise.all(
      keys.map(async (key) => ({ key, ttlSeconds: undefined, ...(await this.read(key)) })),
    );
    const folders = [...this.folders].filter((key) => key === folder || isBelow(key));
    return {
      entries: entries as StoredEntry[],
      folders: folders.sort((a, b) => b.length - a.length),
    };
  }

  removeFolder(folder: string): Promise<void> {
    const all = [...this.folders, ...this.keys()];
    if (!all.some((key) => key.startsWith(`${folder}/`))) this.folders.delete(folder);
    return Promise.resolve();
  }
}

/** What is in etcd before a run; a value that is no text is JSON. */
export interface Scene {
  readonly api?: EtcdApi;
  readonly stored?: unknown;
  /** At the same key of the other store. */
  readonly other?: unknown;
  /** "10.200.1.0-24", as flannel names the keys of leases. */
  readonly leases?: readonly string[];
  /** Another writer was faster once already. */
  readonly raced?: boolean;
  /** flannel's name for the CPU of the host the task runs on; that of the real one by default. */
  readonly cpu?: string;
}

const PREFIX = "/net";
export const CONFIG_KEY = `${PREFIX}/config`;

export function leaseKeyOf(name: string): string {
  return `${PREFIX}/subnets/${name}`;
}

/** What a daemon writes about the lease with this number. */
export function leaseValue(index: number): string {
  return `{"PublicIP":"10.8.0.${index + 1}","BackendType":"vxlan"}`;
}

/** An etcd in which all is as in the scene. */
export function etcdOf({ api = "v3", stored, other, leases = [] }: Scene): MemoryEtcd {
  const etcd = new MemoryEtcd();
  const store = etcd.store(api);
  leases.forEach((name, index) => store.put(leaseKeyOf(name), leaseValue(index), 86_400));
  if (other !== undefined) etcd.store(otherApi(api)).put(CONFIG_KEY, other);
  if (stored !== undefined) store.put(CONFIG_KEY, stored);
  return etcd;
}

/** The module with another etcd behind it than the one its options name. */
function moduleOn(etcd: MemoryEtcd): typeof module {
  const verbs = module.verbs();
  return {
    ...module,
    verbs: () => ({
      ...verbs,
      declare: async (options, context) => {
        const declared = await verbs.declare(options, context);
        return { ...declared, etcd: { tlsFiles: {}, connect: () => Promise.resolve(etcd) } };
      },
    }),
  };
}

/** Options that every task has, for the store of the scene. */
function optionsFor({ api = "v3" }: Scene, options: Json): Json {
  const version = api === "v3" ? "v0.28.9" : "v0.17.0";
  const common = { endpoints: ["http://memory:1"], prefix: PREFIX, flannel_version: version };
  return { ...common, architectures: ["amd64"], ...options };
}

/** The result of a whole run on an etcd in memory. */
export async function runInMemory(
  etcd: MemoryEtcd,
  scene: Scene,
  options: Json,
  settings: Json = {},
): Promise<Json> {
  const args = parseArguments(JSON.stringify({ ...optionsFor(scene, options), ...settings }));
  const result = await new ModuleRun(moduleOn(etcd)).execute(args);
  return JSON.parse(JSON.stringify(result)) as Json;
}

/** Everything the module says to the loop before the first change. */
export interface Planned {
  readonly declared: Declared;
  readonly observed: Observed;
  readonly plan: Plan;
  readonly secrets: readonly unknown[];
  readonly warnings: readonly string[];
}

/** What the module would do in this scene. */
export async function planFor(scene: Scene, options: Json): Promise<Planned> {
  const [secrets, warnings]: [unknown[], string[]] = [[], []];
  const context: Context = {
    checkMode: false,
    attempt: scene.raced === true ? 2 : 1,
    warn: (message) => warnings.push(message),
    protect: (secret) => secrets.push(secret),
  };
  const typed = parseOptions(module.spec, optionsFor(scene, options), new Redactor());
  const verbs = moduleOn(etcdOf(scene)).verbs();
  const declared = await verbs.declare(typed, context);
  const seen = await verbs.observe(declared, context);
  const { cpu } = scene;
  const reader = cpu === undefined ? seen.reader : { ...seen.reader, architectures: [cpu] };
  const observed = { ...seen, reader };
  return { declared, observed, plan: verbs.plan(declared, observed, context), secrets, warnings };
}
