// The packet filter rules flannel makes, told apart from everybody else's, to be taken away.

/** The pod network and this host's part of it, as in subnet.env. */
export interface FilteredNetwork {
  readonly network: string;
  readonly subnet: string | undefined;
}

/** nftables' tables of flannel, since 0.25 (pkg/trafficmngr/nftables). */
const NFT_TABLES = ["ip flannel-ipv4", "ip6 flannel-ipv6"];

/** Chains of flannel, since 0.20 (pkg/trafficmngr/iptables). */
const CHAINS = ["FLANNEL-POSTRTG", "FLANNEL-FWD"];

/**
 * The input for `iptables-restore --noflush` that removes flannel's rules and chains found in the
 * output of `iptables-save`; an empty string when there are none. Rules of old releases bear no
 * mark, so they are recognised by their whole text for these networks.
 */
export function renderRuleRemoval(saved: string, networks: readonly FilteredNetwork[]): string {
  const marked = new Set(networks.flatMap(unmarkedRules));
  const tables: string[] = [];
  for (const [, table = "", body = ""] of saved.matchAll(/^\*(\w+)\n([^]*?)^COMMIT$/gm)) {
    const lines = body.split("\n");
    const own = CHAINS.filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)));
    const rules = lines.filter((line) => isFlannelRule(line, marked));
    const commands = [
      // References first: a chain can only go when nothing jumps to it.
      ...rules.map((rule) => rule.replace("-A ", "-D ")),
      ...own.map((chain) => `-F ${chain}`),
      ...own.map((chain) => `-X ${chain}`),
    ];
    if (commands.length > 0) tables.push([`*${table}`, ...commands, "COMMIT", ""].join("\n"));
  }
  return tables.join("");
}

/** Flannel's tables among the lines of `nft list tables`, as `nft delete table` takes them. */
export function findFlannelTables(listing: string): readonly string[] {
  const tables = new Set(listing.split("\n").map((line) => line.replace(/^table /, "").trim()));
  return NFT_TABLES.filter((table) => tables.has(table));
}

function isFlannelRule(line: string, unmarked: ReadonlySet<string>): boolean {
  const chain = /^-A (\S+) /.exec(line)?.[1];
  if (chain === undefined || CHAINS.includes(chain)) return false; // flushed with its chain
  return (
    / --comment "flanneld (masq|forward)"/.test(line) ||
    CHAINS.some((own) => line.endsWith(` -j ${own}`)) ||
    unmarked.has(line)
  );
}

/** network/iptables.go up to 0.19, as iptables-save prints it. */
function unmarkedRules({ network, subnet }: FilteredNetwork): readonly string[] {
  const multicast = network.includes(":") ? "ff00::/8" : "224.0.0.0/4";
  const masquerade = ["-j MASQUERADE", "-j MASQUERADE --random-fully"];
  return [
    `-A POSTROUTING -s ${network} -d ${network} -j RETURN`,
    ...masquerade.map((jump) => `-A POSTROUTING -s ${network} ! -d ${multicast} ${jump}`),
    ...(subnet === undefined ? [] : [`-A POSTROUTING ! -s ${network} -d ${subnet} -j RETURN`]),
    ...masquerade.map((jump) => `-A POSTROUTING ! -s ${network} -d ${network} ${jump}`),
    `-A FORWARD -s ${network} -j ACCEPT`,
    `-A FORWARD -d ${network} -j ACCEPT`,
  ];
}
