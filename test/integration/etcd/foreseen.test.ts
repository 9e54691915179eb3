// What the module foresees of a daemon's next start is what the real flanneld then does: two hosts, of
// which one starts anew. Needs root and a flanneld in the lab's cache (`make lab-up` builds it).

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { kill } from "../../support/etcd";
import { type Json, VXLAN_CONFIG } from "../../support/etcd-config";
import { NEW_TAG } from "../../support/releases";

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const PROGRAM = join(CACHE, "ansible-role-flanneld", "releases", NEW_TAG, "flanneld-amd64");
const ENDPOINT = "http://10.8.0.5:2379";
/** Where the first daemon's subnet is not: flannel takes one of the first hundred. */
const UPPER_HALF = { SubnetMin: "10.200.128.0" };
const DUAL_STACK = { ...VXLAN_CONFIG, EnableIPv6: true, IPv6Network: "fd00:200::/48" };

/** How a start of the daemon went. */
type Start = "ready" | "ended" | "stuck";

/** A host of its own, as far as flanneld can see. */
class Host {
  readonly #namespace: string;
  readonly #subnetFile: string;
  #daemon: ChildProcess | undefined;

  constructor(
    readonly number: number,
    folder: string,
  ) {
    this.#namespace = `foreseen-${process.pid}-${number}`;
    this.#subnetFile = join(folder, `subnet-${number}.env`);
    execFileSync("ip", ["netns", "add", this.#namespace]);
    this.run("ip", "link", "set", "lo", "up");
  }

  get address(): string {
    return `10.8.0.${this.number}`;
  }

  /** A cable between the two. */
  connect(other: Host): void {
    const peer = ["peer", "name", "d0", "netns", other.#namespace];
    this.run("ip", "link", "add", "d0", "type", "veth", ...peer);
    for (const host of [this, other]) {
      host.run("ip", "addr", "add", `${host.address}/24`, "dev", "d0");
      host.run("ip", "addr", "add", `fd08::${host.number}/64`, "dev", "d0", "nodad");
      host.run("ip", "link", "set", "d0", "up");
    }
  }

  run(...command: string[]): void {
    execFileSync("ip", ["netns", "exec", this.#namespace, ...command], { stdio: "ignore" });
  }

  spawn(...command: string[]): ChildProcess {
    return spawn("ip", ["netns", "exec", this.#namespace, ...command], { stdio: "ignore" });
  }

  /** The module's result, also of a failure. */
  ask(file: string, options: Json): Json {
    const input = { endpoints: ENDPOINT, flannel_version: NEW_TAG, prefix: "/lab", ...options };
    const command = ["netns", "exec", this.#namespace, "node", file];
    try {
      const output = execFileSync("ip", command, { input: JSON.stringify(input) });
      return JSON.parse(output.toString()) as Json;
    } catch (error) {
      return JSON.parse(String((error as { stdout: unknown }).stdout)) as Json;
    }
  }

  /** Starts the daemon as systemd would, three times at most. */
  async start(): Promise<Start> {
    let start: Start = "ended";
    for (let attempt = 0; attempt < 3 && start === "ended"; attempt++) {
      start = await this.#startOnce();
    }
    return start;
  }

  async #startOnce(): Promise<Start> {
    await this.stop();
    const before = this.#written();
    const flags = [`-etcd-endpoints=${ENDPOINT}`, "-etcd-prefix=/lab", "-iface=d0"];
    flags.push(`-public-ipv6=fd08::${this.number}`, `-subnet-file=${this.#subnetFile}`);
    const daemon = this.spawn(PROGRAM, ...flags, "-ip-masq=false");
    this.#daemon = daemon;
    for (let waited = 0; waited < 16; waited++) {
      if (this.#written() > before) return "ready";
      if (daemon.exitCode !== null || daemon.signalCode !== null) return "ended";
      await sleep(250);
    }
    return "stuck";
  }

  async stop(): Promise<void> {
    if (this.#daemon !== undefined) await kill(this.#daemon);
    this.#daemon = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    execFileSync("ip", ["netns", "delete", this.#namespace]);
  }

  /** When it last wrote its subnet; 0 before the first time. */
  #written(): number {
    return existsSync(this.#subnetFile) ? statSync(this.#subnetFile).mtimeMs : 0;
  }
}

describe(`what is foreseen of the real flanneld ${NEW_TAG}`, function () {
  this.timeout(120_000);
  let folder: string;
  let library: string | undefined;
  let hosts: readonly [Host, Host] | undefined;
  let etcd: ChildProcess | undefined;

  before(async function () {
    if (process.getuid?.() !== 0 || process.arch !== "x64" || !existsSync(PROGRAM)) this.skip();
    folder = mkdtempSync(join(tmpdir(), "foreseen-"));
    library = buildModule("flannel_etcd_config");
    hosts = [new Host(5, folder), new Host(6, folder)];
    hosts[0].connect(hosts[1]);
    const urls = ["--listen-client-urls", "--advertise-client-urls"].map(
      (flag) => `${flag}=${ENDPOINT}`,
    );
    etcd = hosts[0].spawn("etcd", ...urls, `--data-dir=${join(folder, "etcd")}`);
    for (let attempt = 0; attempt < 60; attempt++) {
      if (ask({ state: "query" })["failed"] !== true) return;
      await sleep(250);
    }
    throw new Error("etcd does not get ready");
  });

  after(async () => {
    for (const host of hosts ?? []) await host.remove();
    if (etcd !== undefined) await kill(etcd);
    for (const path of [folder, library]) {
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
    }
  });

  function ask(options: Json): Json {
    return provided()[0].ask(join(library ?? "", "flannel_etcd_config.cjs"), options);
  }

  function leaseOf(result: Json, { address }: Host): Json | undefined {
    return (result["leases"] as Json[]).find((lease) => lease["public_ip"] === address);
  }

  /** Name, before, after; what is foreseen; how the start goes, and what becomes of the lease. */
  const cases: [string, Json, Json, string, Start, "same" | "another" | "gone"][] = [
    [
      "a larger network",
      VXLAN_CONFIG,
      withKeys({ Network: "10.192.0.0/12" }),
      "keeps",
      "ready",
      "same",
    ],
    [
      "not of the length",
      VXLAN_CONFIG,
      withKeys({ SubnetLen: 26 }),
      "renumbered",
      "ready",
      "another",
    ],
    ["other bounds", VXLAN_CONFIG, withKeys(UPPER_HALF), "renumbered", "ready", "another"],
    ["IPv6 off", DUAL_STACK, VXLAN_CONFIG, "renumbered", "ready", "another"],
    ["IPv6 on", VXLAN_CONFIG, DUAL_STACK, "cannot_start", "ended", "gone"],
    ["IPv4 off", DUAL_STACK, { ...DUAL_STACK, EnableIPv4: false }, "cannot_start", "stuck", "same"],
  ];
  for (const [name, before, after, foreseen, start, lease] of cases) {
    it(`with ${name}: ${foreseen}`, async () => {
      const [restarted, other] = provided();
      ask({ state: "absent", purge_leases: true, allow_disruptive: true });
      expect(ask({ config: before })).to.include({ changed: true });
      for (const host of [restarted, other]) expect(await host.start()).to.equal("ready");
      const update = { config: after, if_exists: "update" };
      const asked = ask(update);
      const held = leaseOf(asked, restarted);
      expect(held?.["after_restart"], JSON.stringify(asked)).to.equal(foreseen);
      expectRefusal(asked, foreseen, held, restarted);
      ask({ ...update, allow_disruptive: true });
      expect(await restarted.start()).to.equal(start);
      const found = ask({ state: "query" });
      const now = leaseOf(found, restarted)?.["subnet"];
      const told = now === undefined ? "gone" : now === held?.["subnet"] ? "same" : "another";
      expect(told, String(now)).to.equal(lease);
      expect(leaseOf(found, other)?.["subnet"]).to.equal(leaseOf(asked, other)?.["subnet"]);
      if (start === "ended") await expectStartTogether();
      for (const host of [restarted, other]) await host.stop();
    });
  }

  /** What the documentation advises: when every lease without IPv6 is gone, all of them start. */
  async function expectStartTogether(): Promise<void> {
    const [one, other] = provided();
    for (const host of [other, one]) expect(await host.start()).to.equal("ready");
    for (const host of [one, other]) {
      expect(leaseOf(ask({ state: "query" }), host)?.["ipv6_subnet"]).to.be.a("string");
    }
  }

  function provided(): readonly [Host, Host] {
    if (hosts === undefined) throw new Error("there are no hosts");
    return hosts;
  }
});

/** Only what keeps all subnets is written without leave; the refusal names host and subnet. */
function expectRefusal(result: Json, foreseen: string, held: Json | undefined, host: Host): void {
  if (foreseen === "keeps") {
    expect(result).to.include({ changed: true });
  } else {
    expect(result).to.include({ failed: true, error_code: "refused" });
    expect(result["msg"]).to.include(`${String(held?.["subnet"])} of ${host.address}`);
  }
}

function withKeys(keys: Json): Json {
  return { ...VXLAN_CONFIG, ...keys };
}
