// What the daemon leaves behind on a host when it is stopped, for `purge`.

import { existsSync } from "node:fs";
import { dirname } from "node:path";

import { MASK } from "../../base/secrets";
import { sameBlock, tryParseCidr, formatCidr } from "../../flannel/address";
import { isFlannelDevice } from "../../flannel/devices";
import { type FilteredNetwork, findFlannelTables, renderRuleRemoval } from "../../flannel/firewall";
import { renderPolicyRemoval, renderRouteRemoval } from "../../flannel/kernel-residue";
import { type PodNetworks, parseSubnetEnv } from "../../flannel/subnet-env";
import { tryAskProgram } from "../../host/programs";
import { type FileState } from "../../host/atomic-file";
import { listInterfaces } from "../../host/network";
import { type Change, command, planRemove } from "./changes";

export interface Residue {
  readonly devices: readonly string[];
  /** Inputs for iptables-restore and ip6tables-restore; empty when there is nothing of flannel's. */
  readonly rules: string;
  readonly rules6: string;
  /** "ip flannel-ipv4" and so on. */
  readonly tables: readonly string[];
  /** Inputs for `ip -4 -batch -`, `ip -6 -batch -` and `ip -batch -`; empty as well. */
  readonly routes: string;
  readonly routes6: string;
  readonly policies: string;
  /** Paths of private keys that flannel has made for WireGuard. */
  readonly keys: readonly string[];
}

const ASK_TIMEOUT_MS = 30_000;

/** flannel names no protocol for its routes; those of routing daemons, and the kernel's own, have one. */
const BOOT_ROUTES = ["route", "show", "proto", "boot"];

/** flannel pkg/backend/wireguard, unless this variable says otherwise. */
const WIREGUARD_KEY = "/run/flannel/wgkey";
const KEY_VARIABLE = "WIREGUARD_KEY_FILE";

/** Where the unit has flannel keep its private key, by the running process, or else by its files. */
export function tryFindKeyFile(
  running: ReadonlyMap<string, string> | undefined,
  { unit, environment }: Readonly<Record<"environment" | "unit", FileState | undefined>>,
): string | undefined {
  if (running !== undefined) return running.get(KEY_VARIABLE);
  const line = new RegExp(`^(?:Environment="?)?${KEY_VARIABLE}="?([^"\\n]+)`, "m");
  return line.exec(`${unit?.content ?? ""}\n${environment?.content ?? ""}`)?.[1];
}

/** Finds what is flannel's; a host without these programs has none of it. */
export function observeResidue(declared: PodNetworks, subnetText = "", keyFile?: string): Residue {
  const subnet = parseSubnetEnv(subnetText);
  const interfaces = listInterfaces();
  const v4 = networksOf([subnet.network, declared.network], subnet.subnet);
  const v6 = networksOf([subnet.ipv6_network, declared.ipv6Network], subnet.ipv6_subnet);
  return {
    devices: interfaces.filter(isFlannelDevice),
    rules: renderRuleRemoval(ask("iptables-save"), v4),
    rules6: renderRuleRemoval(ask("ip6tables-save"), v6),
    tables: findFlannelTables(ask("nft", "list", "tables")),
    routes: renderRouteRemoval(ask("ip", "-4", ...BOOT_ROUTES), v4),
    routes6: renderRouteRemoval(ask("ip", "-6", ...BOOT_ROUTES), v6),
    policies: renderPolicyRemoval(ask("ip", "xfrm", "policy"), v4),
    keys: [WIREGUARD_KEY, keyFile ?? WIREGUARD_KEY].filter(
      (path, index, all) => all.indexOf(path) === index && existsSync(path),
    ),
  };
}

/** The networks as the packet filter writes them: without host bits. */
function networksOf(
  networks: readonly (string | undefined)[],
  subnet: string | undefined,
): readonly FilteredNetwork[] {
  const own = tryParseCidr(subnet ?? "");
  const blocks = networks
    .flatMap((text) => text?.split(",") ?? [])
    .flatMap((text) => tryParseCidr(text.trim()) ?? []);
  const unique = blocks.filter((block, i) => blocks.findIndex((b) => sameBlock(b, block)) === i);
  return unique.map((block) => ({
    network: formatCidr(block),
    subnet: own === undefined ? undefined : formatCidr(own),
  }));
}

function ask(file: string, ...args: readonly string[]): string {
  return tryAskProgram(file, args, ASK_TIMEOUT_MS)?.stdout ?? "";
}

/** Takes it away; the subnet file last, because it tells the rules of old releases. */
export function planPurge(
  residue: Residue,
  subnetPath: string,
  subnet: FileState | undefined,
): readonly Change[] {
  return [
    ...planInput("iptables rules", "iptables-restore", RESTORE, residue.rules),
    ...planInput("ip6tables rules", "ip6tables-restore", RESTORE, residue.rules6),
    ...residue.tables.map((table) =>
      command(`delete nftables table ${table}`, "nft", ["delete", "table", ...table.split(" ")]),
    ),
    ...residue.devices.map((device) =>
      command(`delete network device ${device}`, "ip", ["link", "delete", device]),
    ),
    ...planInput("IPv4 routes", "ip", ["-4", ...BATCH], residue.routes),
    ...planInput("IPv6 routes", "ip", ["-6", ...BATCH], residue.routes6),
    ...planInput("IPsec policies", "ip", BATCH, residue.policies),
    ...residue.keys.flatMap((path) =>
      planRemove({ path }, { content: MASK, mode: 0o400, uid: 0, gid: 0 }),
    ),
    // Below /run, the folder was made for the file, by systemd.
    ...planRemove({ path: subnetPath, folderToo: dirname(subnetPath).startsWith("/run/") }, subnet),
  ];
}

const RESTORE = ["--noflush", "--wait", "5"];
const BATCH = ["-batch", "-"];

function planInput(
  what: string,
  program: string,
  args: readonly string[],
  input: string,
): readonly Change[] {
  if (input === "") return [];
  const diff = { before_header: what, after_header: what, before: input, after: "" };
  return [{ ...command(`remove flannel's ${what}`, program, args), input, diff }];
}
