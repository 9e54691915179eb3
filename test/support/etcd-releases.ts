// Real releases of etcd beside Debian's, built from their modules and kept in the cache (scripts/lab/go-program):
// minutes the first time. And one member that goes from release to release with its data.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePorts } from "./etcd";

/** Debian's own is 3.4. */
export const ETCD_3_5 = "v3.5.35";
export const ETCD_3_6 = "v3.6.16";
export const ETCD_3_7 = "v3.7.3";

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");

/** The program of an etcd release if it is in the cache. */
export function tryEtcd(version: string): string | undefined {
  const program = join(CACHE, "ansible-role-flanneld", "etcd", version, "etcd");
  return existsSync(program) ? program : undefined;
}

/** The program of an etcd release, built unless it is in the cache. */
export function provideEtcd(version: string): string {
  const builder = join(__dirname, "..", "..", "scripts", "lab", "go-program");
  const folder = execFileSync(builder, ["etcd", version, "etcd"], { encoding: "utf8" }).trim();
  return join(folder, "etcd");
}

/** A cluster of one, whose program may be another one at each start. */
export class WalkingMember {
  #process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly endpoint: string,
    private readonly peer: string,
  ) {}

  static async create(): Promise<WalkingMember> {
    const [client, peer] = await freePorts(2);
    const folder = mkdtempSync(join(tmpdir(), "etcd-walk-"));
    return new WalkingMember(
      folder,
      `http://127.0.0.1:${String(client)}`,
      `http://127.0.0.1:${String(peer)}`,
    );
  }

  /** What the last start has logged. */
  get log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  /** Whether this program serves from the data that is there; if not, it has ended. */
  async starts(program: string, ...flags: string[]): Promise<boolean> {
    await this.stop();
    const log = openSync(join(this.folder, "log"), "w");
    const all = [
      `--data-dir=${join(this.folder, "data")}`,
      `--listen-client-urls=${this.endpoint}`,
      `--advertise-client-urls=${this.endpoint}`,
      `--listen-peer-urls=${this.peer}`,
      `--initial-advertise-peer-urls=${this.peer}`,
      `--initial-cluster=default=${this.peer}`,
    ];
    const env = { PATH: process.env["PATH"] ?? "" };
    const child = spawn(program, [...all, ...flags], { stdio: ["ignore", log, log], env });
    this.#process = child;
    for (let attempt = 0; attempt < 150 && child.exitCode === null; attempt++) {
      if (await serves(this.endpoint)) return true;
      await sleep(100);
    }
    return false;
  }

  /** Stops it as systemd would. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A request to the v2 API: the status of the answer. */
  async v2(method: string, path: string, value?: string): Promise<number> {
    const body = value === undefined ? {} : { body: new URLSearchParams({ value }) };
    const answer = await fetch(`${this.endpoint}/v2/keys${path}`, { method, ...body });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Runs etcdctl (v3). */
  etcdctl(...args: string[]): string {
    return execFileSync("etcdctl", [`--endpoints=${this.endpoint}`, ...args], {
      env: { ...process.env, ETCDCTL_API: "3" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

/** By a read of v3: with the v2 API on, etcd 3.4 and 3.5 answer /health by way of v2, and leave an entry of it. */
async function serves(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/v3/kv/range`, { method: "POST", body: '{"key":"AA=="}' })).ok;
  } catch {
    return false;
  }
}
