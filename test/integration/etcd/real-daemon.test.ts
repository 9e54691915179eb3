// The real flanneld of two generations, in a network namespace of its own, takes up what the module
// wrote. Needs root and a flanneld in the lab's cache (`make lab-up` builds it).

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { kill } from "../../support/etcd";
import { type Json, VXLAN_CONFIG } from "../../support/etcd-config";

const CACHE = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
const ENDPOINT = "http://127.0.0.1:2379";
const DUAL_STACK = {
  ...VXLAN_CONFIG,
  EnableIPv6: true,
  IPv6Network: "fd00:200::/48",
};

/** A namespace with an address that other hosts could reach. */
class Namespace {
  readonly name = `flannel-test-${process.pid}`;

  constructor() {
    execFileSync("ip", ["netns", "add", this.name]);
    this.run("ip", "link", "set", "lo", "up");
    this.run("ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1");
    this.run("ip", "addr", "add", "10.8.0.5/24", "dev", "d0");
    this.run("ip", "addr", "add", "fd08::5/64", "dev", "d0", "nodad");
    for (const device of ["d0", "d1"]) this.run("ip", "link", "set", device, "up");
  }

  run(...command: string[]): string {
    return execFileSync("ip", ["netns", "exec", this.name, ...command], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  spawn(...command: string[]): ChildProcess {
    return spawn("ip", ["netns", "exec", this.name, ...command], { stdio: "ignore" });
  }

  remove(): void {
    execFileSync("ip", ["netns", "delete", this.name]);
  }
}

interface Generation {
  readonly version: string;
  readonly config: Json;
}

const GENERATIONS: readonly Generation[] = [
  { version: "v0.15.1", config: VXLAN_CONFIG },
  { version: "v0.28.9", config: VXLAN_CONFIG },
  { version: "v0.28.9", config: DUAL_STACK },
];

for (const { version, config } of GENERATIONS) {
  const family = "EnableIPv6" in config ? "dual stack" : "IPv4";
  describe(`the real flanneld ${version}, ${family}`, function () {
    this.timeout(60_000);
    const program = join(CACHE, "ansible-role-flanneld", "releases", version, "flanneld-amd64");
    const processes: ChildProcess[] = [];
    let namespace: Namespace | undefined;
    let library: string | undefined;
    let folder: string;

    before(async function () {
      if (process.getuid?.() !== 0 || process.arch !== "x64" || !existsSync(program)) this.skip();
      folder = mkdtempSync(join(tmpdir(), "real-daemon-"));
      library = buildModule("flannel_etcd_config");
      namespace = new Namespace();
      processes.push(namespace.spawn("etcd", "--enable-v2", `--data-dir=${join(folder, "etcd")}`));
      await waitFor(() => runModule({ state: "query" })["failed"] !== true);
    });

    after(async () => {
      await Promise.all(processes.map(kill));
      namespace?.remove();
      for (const path of [folder, library]) {
        if (path !== undefined) rmSync(path, { recursive: true, force: true });
      }
    });

    function runModule(options: Json): Json {
      const input = { endpoints: ENDPOINT, flannel_version: version, prefix: "/lab", ...options };
      const file = join(library ?? "", "flannel_etcd_config.cjs");
      const command = ["netns", "exec", namespace?.name ?? "", "node", file];
      try {
        const output = execFileSync("ip", command, { input: JSON.stringify(input) });
        return JSON.parse(output.toString()) as Json;
      } catch (error) {
        return JSON.parse(String((error as { stdout: unknown }).stdout)) as Json;
      }
    }

    /** A daemon that knows of no subnet that it had, and what it wrote about the one it has now. */
    async function startDaemon(): Promise<{ daemon: ChildProcess; environment: string }> {
      const file = join(folder, "subnet.env");
      rmSync(file, { force: true });
      const flags = [`-etcd-endpoints=${ENDPOINT}`, "-etcd-prefix=/lab", "-iface=d0"];
      if (family === "dual stack") flags.push("-public-ipv6=fd08::5");
      const daemon = namespace?.spawn(program, ...flags, `-subnet-file=${file}`, "-ip-masq=false");
      if (daemon === undefined) throw new Error("there is no namespace");
      processes.push(daemon);
      await waitFor(() => existsSync(file));
      return { daemon, environment: readFileSync(file, "utf8") };
    }

    it("starts with the configuration that was written, and its lease is told", async () => {
      expect(runModule({ config })).to.deep.include({ changed: true });
      const { environment } = await startDaemon();
      expect(environment).to.include("FLANNEL_NETWORK=10.200.0.0/16");
      const query = runModule({ state: "query" });
      const [lease] = query["leases"] as Json[];
      expect(lease).to.include({ public_ip: "10.8.0.5", backend_type: "vxlan" });
      const [network] = String(lease?.["subnet"]).split(".0/");
      expect(environment).to.include(`FLANNEL_SUBNET=${network ?? "none"}.1/24`);
      if (family === "dual stack") expect(lease?.["ipv6_subnet"]).to.match(/^fd00:200:.*\/64$/);
      expect(lease?.["expires_in"]).to.be.within(86_000, 86_400);
      expect(query["capacity"]).to.include({ hosts: 255, subnets_in_use: 1 });
    });

    it("keeps its network from being changed or removed", () => {
      const changed = { ...config, Backend: { Type: "host-gw" } };
      for (const options of [{ config: changed, if_exists: "update" }, { state: "absent" }]) {
        const refused = runModule(options);
        expect(refused).to.include({ failed: true, error_code: "refused" });
        expect(refused["msg"]).to.include("of 10.8.0.5");
      }
      expect(runModule({ config })).to.include({ changed: false });
    });

    it("takes the subnet that is reserved for it, and keeps it", async () => {
      const [had] = runModule({ state: "query" })["leases"] as Json[];
      const third = had?.["subnet"] === "10.200.7.0/24" ? 8 : 7; // flannel chooses by chance
      const subnet = `10.200.${third}.0/24${family === "dual stack" ? `,fd00:200:0:${third}::/64` : ""}`;
      const reservations = { "10.8.0.5": subnet };
      const refused = runModule({ config, reservations });
      expect(refused).to.include({ failed: true, error_code: "refused" });
      expect(refused["msg"]).to.include("for 10.8.0.5: the host has 10.200.");
      const running = processes.at(-1);
      const moved = runModule({ config, reservations, allow_disruptive: true });
      expect(moved["changes"]).to.have.length(2);
      // At the loss of its lease it ends, and systemd starts it anew.
      await waitFor(() => running?.exitCode === 0);
      for (let start = 0; start < 2; start++) {
        const { daemon, environment } = await startDaemon();
        expect(environment).to.include(`FLANNEL_SUBNET=10.200.${third}.1/24`);
        if (family === "dual stack") expect(environment).to.include(`=fd00:200:0:${third}::1/64`);
        const result = runModule({ config, reservations, state: "query" });
        expect((result["reservations"] as Json[])[0]).to.include({ in_effect: true });
        const [lease, ...others] = result["leases"] as Json[];
        expect(others).to.deep.equal([]);
        expect(lease).to.include({ subnet: `10.200.${third}.0/24`, backend_type: "vxlan" });
        // From v0.18 on flannel makes a lease of 24 hours of it.
        if (version === "v0.15.1") expect(lease).to.include({ expires_in: null });
        else expect(lease?.["expires_in"]).to.be.within(86_000, 86_400);
        expect(runModule({ config, reservations })).to.include({ changed: false });
        await kill(daemon);
      }
    });
  });
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    if (isTrue()) return;
    await sleep(250);
  }
  throw new Error("waited in vain");
}
