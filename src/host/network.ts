// Network interfaces as the kernel shows them.

import { readFile, readdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";

const CLASS = "/sys/class/net";
const IFF_UP = 0x1;

/** Names of all interfaces. */
export async function listInterfaces(): Promise<readonly string[]> {
  return await readdir(CLASS).catch(() => []);
}

/** True if some interface that is up has this address. */
export function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((entry) => entry.address === address),
  );
}

/** Whether an interface is up; undefined when there is none of this name. */
export async function tryIsUp(name: string): Promise<boolean | undefined> {
  try {
    const flags = Number((await readFile(`${CLASS}/${name}/flags`, "utf8")).trim());
    return (flags & IFF_UP) !== 0;
  } catch {
    return undefined;
  }
}
