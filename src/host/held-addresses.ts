// Which addresses are taken on this host: its own, its pods' by the records of CNI, its neighbours'.

import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { glanceAtFile, glanceAtNames } from "./glance";
import { LINK, listNeighbours } from "./namespace";

/** Where the CNI plugin `host-local` records what it has given out, a file for each address. */
const RECORDS = "/var/lib/cni/networks";
const ANSWER_MS = 300;

export interface HeldAddresses {
  readonly held: ReadonlySet<string>;
  /** What `host-local` gave out last, for each of its networks. */
  readonly lastGivenOut: readonly string[];
}

/** What is taken by what is written down. */
export function observeHeldAddresses(): HeldAddresses {
  const records = glanceAtNames(RECORDS).map((network) => `${RECORDS}/${network}`);
  const lastGivenOut = records.flatMap((folder) =>
    glanceAtNames(folder)
      .filter((name) => name.startsWith("last_reserved_ip."))
      .map((name) => glanceAtFile(`${folder}/${name}`)?.trim() ?? ""),
  );
  const own = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
  return {
    held: new Set([...own, ...records.flatMap(glanceAtNames), ...listNeighbours()]),
    lastGivenOut,
  };
}

/** The first of these addresses that nobody answers for, asked by ARP or neighbour solicitation. */
export async function tryFindFree(candidates: readonly string[]): Promise<string | undefined> {
  const asked = candidates.slice(0, 4);
  const links = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const blocks = links.flatMap(({ cidr }) => cidr ?? []);
  if ((await findWithin(blocks, asked)) === undefined) return asked[0]; // nowhere to ask
  await provokeNeighbours(asked);
  await sleep(ANSWER_MS);
  const neighbours = new Set(listNeighbours());
  return asked.find((address) => !neighbours.has(address));
}

/** The address that this host has in a subnet ("10.200.1.1/24"); undefined where it has none. */
export async function tryOwnAddress(subnet: string): Promise<string | undefined> {
  const own = Object.entries(networkInterfaces()).filter(([name]) => name !== LINK);
  const addresses = own.flatMap(([, found]) => (found ?? []).map(({ address }) => address));
  return await findWithin([subnet], addresses);
}

/** The first of the addresses that lies in one of the blocks. */
async function findWithin(
  blocks: readonly string[],
  addresses: readonly string[],
): Promise<string | undefined> {
  const { BlockList } = await import("node:net"); // not for runs that refuse their arguments
  const all = new BlockList();
  for (const block of blocks) {
    const [base = "", length] = block.split("/");
    all.addSubnet(base, Number(length), familyOf(base));
  }
  return addresses.find((address) => all.check(address, familyOf(address)));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** A datagram to the port that discards: the kernel has to ask for the neighbour first. */
async function provokeNeighbours(addresses: readonly string[]): Promise<void> {
  const { createSocket } = await import("node:dgram");
  for (const address of addresses) {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("error", () => undefined);
    socket.send("", 9, address, () => {
      socket.close();
    });
  }
}
