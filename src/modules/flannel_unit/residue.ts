// What the daemon leaves behind on a host when it is stopped, for `purge`.

import { dirname } from "node:path";

import { sameBlock, tryParseCidr, formatCidr } from "../../flannel/address";
import { isFlannelDevice } from "../../flannel/devices";
import { type FilteredNetwork, findFlannelTables, renderRuleRemoval } from "../../flannel/firewall";
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
}

const ASK_TIMEOUT_MS = 30_000;

/** Finds flannel's devices, rules and tables; a host without these programs has no rules. */
export function observeResidue(declared: PodNetworks, subnetText = ""): Residue {
  const subnet = parseSubnetEnv(subnetText);
  const interfaces = listInterfaces();
  const v4 = networksOf([subnet.network, declared.network], subnet.subnet);
  const v6 = networksOf([subnet.ipv6_network, declared.ipv6Network], subnet.ipv6_subnet);
  return {
    devices: interfaces.filter(isFlannelDevice),
    rules: renderRuleRemoval(ask("iptables-save"), v4),
    rules6: renderRuleRemoval(ask("ip6tables-save"), v6),
    tables: findFlannelTables(ask("nft", "list", "tables")),
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
    ...planRules("iptables", residue.rules),
    ...planRules("ip6tables", residue.rules6),
    ...residue.tables.map((table) =>
      command(`delete nftables table ${table}`, "nft", ["delete", "table", ...table.split(" ")]),
    ),
    ...residue.devices.map((device) =>
      command(`delete network device ${device}`, "ip", ["link", "delete", device]),
    ),
    // Below /run, the folder was made for the file, by systemd.
    ...planRemove({ path: subnetPath, folderToo: dirname(subnetPath).startsWith("/run/") }, subnet),
  ];
}

function planRules(program: string, input: string): readonly Change[] {
  if (input === "") return [];
  const restore = command(`remove flannel's ${program} rules`, `${program}-restore`, [
    "--noflush",
    "--wait",
    "5",
  ]);
  const diff = { before_header: program, after_header: program, before: input, after: "" };
  return [{ ...restore, input, diff }];
}
