// Which emulator the kernel hands a foreign program to (Documentation/admin-guide/binfmt-misc.rst).

import { join } from "node:path";

import { listNames } from "./directory";
import { glanceAtFile } from "./glance";

const REGISTRY = "/proc/sys/fs/binfmt_misc";

/** The emulator for a file that begins with `head`; undefined where none is registered. */
export function tryFindEmulator(head: Buffer, registry = REGISTRY): string | undefined {
  if (glanceAtFile(join(registry, "status")) !== "enabled\n") return undefined;
  const names = listNames(registry).filter((name) => !["register", "status"].includes(name));
  return names
    .map((name) => glanceAtFile(join(registry, name)) ?? "")
    .filter((entry) => matches(entry, head))
    .map((entry) => fieldOf(entry, "interpreter"))[0];
}

/** Entries that go by the end of a file's name have no magic. */
function matches(entry: string, head: Buffer): boolean {
  const magic = Buffer.from(fieldOf(entry, "magic") ?? "", "hex");
  const mask = Buffer.from(fieldOf(entry, "mask") ?? "", "hex");
  const offset = Number(fieldOf(entry, "offset") ?? 0);
  if (!entry.startsWith("enabled\n") || magic.length === 0) return false;
  if (offset + magic.length > head.length) return false;
  return magic.every((byte, index) => {
    const care = mask[index] ?? 0xff;
    return (head.readUInt8(offset + index) & care) === (byte & care);
  });
}

function fieldOf(entry: string, name: string): string | undefined {
  return new RegExp(`^${name} (.+)$`, "m").exec(entry)?.[1];
}
