// etcd's v3 API through etcdctl, for clusters whose JSON gateway is off or refuses the certificate.

import { stat } from "node:fs/promises";
import { join } from "node:path";

import { isRecord, tryParseRecord } from "../base/json";
import { ModuleError } from "../base/errors";
import { Deadline } from "../host/deadline";
import { type CommandResult, lastWordsOf, runCommand } from "../host/programs";
import { type Endpoint } from "./endpoint";
import { EndpointError } from "./endpoint-error";
import { type Failover } from "./failover";
import { type Members } from "./members";
import { type Credentials, type StoreOrigin } from "./store";
import { type TlsFiles } from "./tls";
import { translateRefusal } from "./v3-refusals";
import {
  type GuardedWrite,
  type KeyValue,
  type TransactionAnswer,
  type V3Transport,
  TransportRefusedError,
  readKeyValues,
  readTransaction,
} from "./v3-transport";

export interface EtcdctlOptions {
  readonly etcdctlPath: string | undefined;
  readonly tlsFiles: TlsFiles;
  readonly credentials: Credentials | undefined;
}

type Json = Readonly<Record<string, unknown>>;

export class V3Etcdctl implements V3Transport {
  readonly isCostly = true;
  #program: string | undefined;

  constructor(
    private readonly failover: Failover,
    private readonly members: Members,
    private readonly options: EtcdctlOptions,
  ) {}

  get origin(): StoreOrigin {
    return this.members.originOf(this.failover.current, "etcdctl");
  }

  async range(key: string, { prefix }: { readonly prefix: boolean }): Promise<readonly KeyValue[]> {
    const args = ["get", ...(prefix ? ["--prefix"] : []), "--", key];
    return readKeyValues(await this.#run(args, undefined, true));
  }

  async transact({ key, ifRevision, value }: GuardedWrite): Promise<TransactionAnswer> {
    const operation =
      value === undefined ? `del ${quote(key)}` : `put ${quote(key)} ${quote(value)}`;
    // Compares, then what to do if they hold, then what else; each part ends with an empty line.
    const script = `mod(${quote(key)}) = "${ifRevision}"\n\n${operation}\n\n\n`;
    return readTransaction(await this.#run(["txn"], script, false));
  }

  /** A process for each lease, so only for those who want to know. */
  async timeToLive(lease: string): Promise<number | undefined> {
    const id = BigInt(lease).toString(16);
    const answer = await this.#run(["lease", "timetolive", id], undefined, true);
    const seconds = Number(answer["ttl"] ?? -1);
    return seconds < 0 ? undefined : seconds;
  }

  #run(args: readonly string[], input: string | undefined, repeatable: boolean): Promise<Json> {
    return this.failover.run(
      async (endpoint, timeoutMs) => {
        const deadline = new Deadline(timeoutMs);
        await this.#meet(endpoint, timeoutMs);
        return this.#attempt(endpoint, args, input, deadline.remainingMs());
      },
      { repeatable },
    );
  }

  /**
   * Connects before etcdctl does: what is wrong with network, TLS or port has an exact reason here and
   * at once, where etcdctl says after its time that this was over. A port for gRPC alone is not asked.
   */
  async #meet(endpoint: Endpoint, timeoutMs: number): Promise<void> {
    try {
      await this.members.versionOf(endpoint, timeoutMs);
    } catch (error) {
      if (error instanceof EndpointError && error.isForeign) return;
      throw error;
    }
    const fault = await this.members.faultOfPort(endpoint, timeoutMs);
    if (fault !== undefined) throw fault;
  }

  async #attempt(
    endpoint: Endpoint,
    args: readonly string[],
    input: string | undefined,
    timeoutMs: number,
  ): Promise<Json> {
    this.#program ??= await findProgram(this.options.etcdctlPath);
    const seconds = Math.max(0.1, timeoutMs / 1000 - 0.1).toFixed(3);
    const flags = [
      "-w",
      "json",
      `--endpoints=${addressOf(endpoint)}`,
      `--command-timeout=${seconds}s`,
    ];
    flags.push(`--dial-timeout=${seconds}s`, ...tlsFlagsOf(this.options.tlsFiles));
    const result = await this.#start([...flags, ...args], input, timeoutMs);
    if (result.exitCode === 0) return parseOutput(result.stdout);
    throw translateRefusal(reasonIn(result), {
      where: endpoint.url,
      withCredentials: this.options.credentials !== undefined,
    });
  }

  async #start(
    args: readonly string[],
    input: string | undefined,
    timeoutMs: number,
  ): Promise<CommandResult> {
    const program = this.#program ?? "etcdctl";
    try {
      return await runCommand(program, args, {
        timeoutMs,
        env: { ...withoutForeign(process.env), ...userOf(this.options.credentials) },
        ...(input === undefined ? {} : { input }),
      });
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      if (error.code === "timeout") {
        throw new EndpointError(error.message, { code: "timeout", sent: true, cause: error });
      }
      throw new TransportRefusedError(`${error.message} (or point etcdctl_path to it)`, {
        cause: error,
      });
    }
  }
}

/** With a port, which etcdctl does not add by itself. */
function addressOf({ secure, host, port }: Endpoint): string {
  return `${secure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** etcdctl_path may name the program or the folder it lies in (the role's etcd_bin_dir). */
async function findProgram(path: string | undefined): Promise<string> {
  if (path === undefined) return "etcdctl";
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  return isFolder ? join(path, "etcdctl") : path;
}

function tlsFlagsOf({ caFile, certFile, keyFile }: TlsFiles): string[] {
  return [
    ...(caFile === undefined ? [] : [`--cacert=${caFile}`]),
    ...(certFile === undefined ? [] : [`--cert=${certFile}`]),
    ...(keyFile === undefined ? [] : [`--key=${keyFile}`]),
  ];
}

/**
 * etcdctl takes each of its flags from the environment as well, and ends where both are given. What Go
 * trusts is said by flag, or is the system's.
 */
function withoutForeign(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const names = Object.keys(environment).filter((name) => /^(ETCDCTL|SSL_CERT)_/.test(name));
  return { ...Object.fromEntries(names.map((name) => [name, undefined])), ETCDCTL_API: "3" };
}

/** By environment: arguments can be read by every user of the host. */
function userOf(credentials: Credentials | undefined): Readonly<Record<string, string>> {
  if (credentials === undefined) return {};
  return { ETCDCTL_USER: `${credentials.username}:${credentials.password}` };
}

/** etcdctl unquotes with Go's rules, of which JSON's escapes are a part. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** The last line of the error output says why; if not more than that time is over, the log before it does. */
export function reasonIn({
  stderr,
  stdout,
  exitCode,
}: Pick<CommandResult, "stderr" | "stdout" | "exitCode">): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const told = lines.filter((line) => line.startsWith("Error:"));
  const reason = told.at(-1) ?? lines.at(-1) ?? `etcdctl ended with exit code ${exitCode}`;
  const logged = /deadline exceeded/.test(reason) ? lines.flatMap(errorLoggedIn).at(-1) : undefined;
  return lastWordsOf(logged === undefined ? reason : `${reason}: ${logged}`);
}

/** What a line of the client's log says went wrong: the innermost description of gRPC. */
function errorLoggedIn(line: string): string[] {
  const error = tryParseRecord(line)?.["error"];
  return typeof error === "string" ? [error.replace(/^.*desc = /s, "").replace(/^"|"$/g, "")] : [];
}

function parseOutput(stdout: string): Json {
  try {
    // Ids of etcd's leases are larger than a JavaScript number is exact; values are in base64.
    const exact = stdout.replace(/"lease":(\d+)/g, '"lease":"$1"');
    const parsed: unknown = JSON.parse(exact);
    if (isRecord(parsed)) return parsed;
    const [first] = Array.isArray(parsed) ? (parsed as unknown[]) : [];
    if (isRecord(first)) return first;
  } catch {
    // said below, for all that is not a JSON object
  }
  throw new EndpointError("etcdctl printed something that is not JSON", { code: "unsupported" });
}
