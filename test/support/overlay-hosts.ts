// Hosts of an overlay on this machine: each a network, process and mount namespace of its own, joined by
// a veth as the network below, with plain routes (as host-gw writes them) as the overlay.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import { parseLine } from "./run-module";
import { type Program } from "./system-calls";

/** What a host of a scene has that others do not. */
export interface HostSettings {
  readonly forwarding?: boolean;
  readonly lease?: boolean;
  /** The only host. */
  readonly isAlone?: boolean;
}

export class OverlayHost {
  readonly subnet: string;
  readonly v6Subnet: string;
  readonly subnetFile: string;
  #holder: ChildProcess | undefined;

  constructor(
    readonly number: 1 | 2,
    readonly mtu = 1450,
  ) {
    this.subnet = `10.200.${number}.1/24`;
    this.v6Subnet = `fd00:200:0:${number}::1/64`;
    this.subnetFile = join(mkdtempSync(join(tmpdir(), "overlay-")), "subnet.env");
  }

  get name(): string {
    return `worker-${this.number}`;
  }

  get pid(): string {
    return String(this.#holder?.pid);
  }

  /** Runs a command in this host; its output is returned, a failure thrown. */
  async sh(script: string): Promise<string> {
    const { stdout } = await execa("nsenter", this.#inside(["sh", "-ec", script]));
    return stdout;
  }

  /** Runs the module in this host. */
  async run(
    library: string,
    options: object,
    checkMode = false,
    path?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const given = { subnet_file: this.subnetFile, _ansible_check_mode: checkMode, ...options };
    const { stdout } = await execa(
      "/usr/bin/nsenter",
      this.#inside([process.execPath, join(library, "flannel_overlay.cjs")]),
      {
        input: JSON.stringify({ ANSIBLE_MODULE_ARGS: given }),
        reject: false,
        stripFinalNewline: false,
        ...(path === undefined ? {} : { env: { PATH: path } }),
      },
    );
    return parseLine(stdout);
  }

  /** Runs the module in this host, and kills it after this time. */
  async runAndKill(library: string, options: object, afterMs: number): Promise<void> {
    const given = { subnet_file: this.subnetFile, ...options };
    writeFileSync(`${this.subnetFile}.json`, JSON.stringify({ ANSIBLE_MODULE_ARGS: given }));
    const module = `${process.execPath} ${join(library, "flannel_overlay.cjs")}`;
    const killed = `timeout -s KILL ${afterMs / 1000} ${module} ${this.subnetFile}.json`;
    await this.sh(`${killed} >/dev/null 2>&1 || true`);
  }

  /** The module in this host, for those who do more with it than run it. */
  program(library: string, options: object): Program {
    const given = { subnet_file: this.subnetFile, ...options };
    return {
      within: ["nsenter", ...this.#inside([])],
      command: [process.execPath, join(library, "flannel_overlay.cjs")],
      input: JSON.stringify({ ANSIBLE_MODULE_ARGS: given }),
    };
  }

  #inside(command: readonly string[]): string[] {
    const init = `/proc/${this.pid}`;
    const spaces = ["net", "mnt", "pid_for_children"].map((space, index) => {
      return `--${["net", "mount", "pid"][index] ?? ""}=${init}/ns/${space}`;
    });
    return [...spaces, ...command];
  }

  /** Brings the host up, without any network yet. */
  async up(): Promise<void> {
    const script =
      "mount -t tmpfs tmpfs /run; mount -t sysfs sysfs /sys; echo up; exec sleep infinity";
    const args = [
      "--net",
      "--mount",
      "--pid",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "sh",
      "-c",
      script,
    ];
    const holder = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#holder = holder;
    await new Promise((resolve) => holder.stdout.once("data", resolve));
  }

  /** Sets addresses, routes and lease. */
  async configure(settings: HostSettings = {}): Promise<void> {
    const { forwarding = true, lease = true, isAlone = false } = settings;
    const other = this.number === 1 ? 2 : 1;
    const forward = forwarding ? 1 : 0;
    if (isAlone) await this.sh("ip link add eth0 type veth peer name eth0-end");
    await this.sh(`
      ip link set lo up; ip link set eth0 up
      ip address add 10.9.0.${this.number}/24 dev eth0
      ip address add fd00:9::${this.number}/64 dev eth0 nodad
      ip link add flannel.1 type veth peer name flannel.1-end
      ip link set flannel.1-end up; ip link set flannel.1 up
      ip address add 10.200.${this.number}.0/32 dev flannel.1
      ip address add fd00:200:0:${this.number}::/128 dev flannel.1 nodad
      ip route add 10.200.${other}.0/24 via 10.9.0.${other}
      ip route add fd00:200:0:${other}::/64 via fd00:9::${other}
      echo ${forward} >/proc/sys/net/ipv4/ip_forward
      echo ${forward} >/proc/sys/net/ipv6/conf/all/forwarding`);
    this.writeLease(lease);
  }

  writeLease(hasSubnet: boolean): void {
    const subnets = `FLANNEL_SUBNET=${this.subnet}\nFLANNEL_IPV6_SUBNET=${this.v6Subnet}\n`;
    writeFileSync(
      this.subnetFile,
      `FLANNEL_NETWORK=10.200.0.0/16\n${hasSubnet ? subnets : ""}FLANNEL_MTU=${this.mtu}\nFLANNEL_IPMASQ=true\n`,
    );
  }

  down(): void {
    this.#holder?.kill("SIGKILL");
  }
}

/** Lets the hosts' overlay go over network cards of which those of some hosts send wrong checksums. */
export async function plugCarelessCards(
  [one, two]: readonly [OverlayHost, OverlayHost],
  careless: readonly OverlayHost[],
): Promise<ChildProcess> {
  const args = [
    join(__dirname, "careless-nic.py"),
    one.pid,
    two.pid,
    ...careless.map(({ pid }) => pid),
  ];
  const cards = spawn("python3", args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => cards.stdout.once("data", resolve));
  for (const [host, other] of [
    [one, two],
    [two, one],
  ] as const) {
    await host.sh(`ip link set nic0 mtu ${host.mtu} up
      ip route replace 10.200.${other.number}.0/24 dev nic0
      ip route replace fd00:200:0:${other.number}::/64 dev nic0`);
  }
  return cards;
}

/** Two hosts that reach each other. */
export async function joinHosts(
  settings: readonly [HostSettings?, HostSettings?] = [],
): Promise<readonly [OverlayHost, OverlayHost]> {
  const hosts = [new OverlayHost(1), new OverlayHost(2)] as const;
  for (const host of hosts) await host.up();
  const [one, two] = hosts;
  await execa("ip", [
    "link",
    "add",
    "eth0",
    "netns",
    one.pid,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    two.pid,
  ]);
  for (const [index, host] of hosts.entries()) await host.configure(settings[index]);
  return hosts;
}
