// Real etcd servers on loopback, one or several members, with or without TLS.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Certificates } from "./certificates";

export interface EtcdOptions {
  readonly members?: number;
  readonly certificates?: Certificates;
  /** Name of the server's certificate, "server" by default. */
  readonly serverCertificate?: string;
  readonly flags?: readonly string[];
}

export interface Member {
  readonly endpoint: string;
  /** Where the other members speak to this one. */
  readonly peer: string;
  readonly port: number;
  readonly process: ChildProcess;
}

/** Debian's package unless told otherwise (test/long runs these tests with other releases). */
const PROGRAM = process.env["FLANNEL_TEST_ETCD"] ?? "etcd";

/** From etcd 3.6 on there is no v2 API, and no flag for it. */
const HAS_V2 = process.env["FLANNEL_TEST_ETCD_V2"] !== "no";

/** A running cluster; `stop` ends its members and removes their data. */
export class EtcdCluster {
  readonly #later: ChildProcess[] = [];

  private constructor(
    readonly members: readonly Member[],
    private readonly folder: string,
    private readonly certificates: Certificates | undefined,
  ) {}

  static async start(options: EtcdOptions = {}): Promise<EtcdCluster> {
    const folder = mkdtempSync(join(tmpdir(), "etcd-test-"));
    const count = options.members ?? 1;
    const ports = await freePorts(count * 2);
    const peers = ports.slice(count).map((port) => `http://127.0.0.1:${port}`);
    const initial = peers.map((peer, index) => `m${index}=${peer}`).join(",");
    const members = ports.slice(0, count).map((port, index) => {
      const scheme = options.certificates === undefined ? "http" : "https";
      const endpoint = `${scheme}://127.0.0.1:${port}`;
      const peer = peers[index] ?? "";
      const flags = memberFlags(folder, index, endpoint, peer, initial);
      return { endpoint, peer, port, process: launch(options, flags) };
    });
    const cluster = new EtcdCluster(members, folder, options.certificates);
    try {
      await Promise.all(members.map((member) => cluster.#waitUntilHealthy(member)));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get endpoints(): string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  get peers(): string[] {
    return this.members.map(({ peer }) => peer);
  }

  /** Runs etcdctl (v3) as the administrator of the test. */
  etcdctl(...args: string[]): string {
    return this.etcdctlWith({ ETCDCTL_API: "3" }, ...args);
  }

  /** Runs etcdctl with these environment variables; without ETCDCTL_API=3 it speaks v2. */
  etcdctlWith(env: Readonly<Record<string, string>>, ...args: string[]): string {
    const v3 = env["ETCDCTL_API"] === "3";
    const files = this.certificates;
    const [ca, cert, key] = v3 ? ["cacert", "cert", "key"] : ["ca-file", "cert-file", "key-file"];
    const tls =
      files === undefined
        ? []
        : [
            `--${ca}=${files.ca}`,
            `--${cert}=${files.certificate("client")}`,
            `--${key}=${files.key("client")}`,
          ];
    return execFileSync("etcdctl", [`--endpoints=${this.endpoints.join(",")}`, ...tls, ...args], {
      env: { ...process.env, ETCDCTL_API: "2", ...env },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 20_000,
    });
  }

  /** Starts a member that may not vote yet; returns its endpoint. */
  async addLearner(): Promise<string> {
    const [port = 0, peerPort = 0] = await freePorts(2);
    const [endpoint, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
    const index = this.members.length;
    this.etcdctl("member", "add", `m${index}`, "--learner", `--peer-urls=${peer}`);
    const voters = this.peers.map((url, voter) => `m${voter}=${url}`);
    const initial = [...voters, `m${index}=${peer}`].join(",");
    const flags = memberFlags(this.folder, index, endpoint, peer, initial);
    const process = launch({}, [...flags, "--initial-cluster-state=existing"]);
    this.#later.push(process);
    // It is never healthy, for that needs a read through the leader.
    for (let attempt = 0; attempt < 150; attempt++) {
      if (await isHealthy(`${endpoint}/version`, undefined)) return endpoint;
      await sleep(100);
    }
    throw new Error(`the learner at ${endpoint} does not answer`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#later.map(kill));
    await Promise.all(this.members.map(({ process }) => kill(process)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #waitUntilHealthy({ endpoint, process }: Member): Promise<void> {
    for (let attempt = 0; attempt < 150; attempt++) {
      if (process.exitCode !== null) throw new Error(`etcd ended with code ${process.exitCode}`);
      if (await isHealthy(`${endpoint}/health`, this.certificates)) return;
      await sleep(100);
    }
    throw new Error(`etcd at ${endpoint} does not get healthy`);
  }
}

/** Kills a process at once and waits for its end. */
export async function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill("SIGKILL");
  await ended;
}

/** Ports that nothing listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function memberFlags(
  folder: string,
  index: number,
  endpoint: string,
  peer: string,
  initial: string,
): string[] {
  return [
    `--name=m${index}`,
    `--data-dir=${join(folder, String(index))}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${initial}`,
    // Short elections: the tests wait for some.
    "--heartbeat-interval=50",
    "--election-timeout=500",
    "--log-level=error",
  ];
}

function launch(options: EtcdOptions, flags: readonly string[]): ChildProcess {
  const files = options.certificates;
  const name = options.serverCertificate ?? "server";
  const tls =
    files === undefined
      ? []
      : [
          `--cert-file=${files.certificate(name)}`,
          `--key-file=${files.key(name)}`,
          `--trusted-ca-file=${files.ca}`,
          "--client-cert-auth",
        ];
  const extra = (options.flags ?? []).filter((flag) => HAS_V2 || !flag.startsWith("--enable-v2"));
  const args = [...flags, ...tls, ...extra];
  return spawn(PROGRAM, args, {
    stdio: "ignore",
    // etcd reads every flag from the environment, too.
    env: { PATH: process.env["PATH"] ?? "" },
  });
}

function isHealthy(url: string, files: Certificates | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const secure = files === undefined ? {} : files.material("client");
    const request = files === undefined ? getHttp(url) : getHttps(url, secure);
    request.on("error", () => {
      resolve(false);
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
  });
}
