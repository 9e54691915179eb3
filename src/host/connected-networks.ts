// The IPv4 networks that devices are directly connected to. Read from the routes: os.networkInterfaces()
// leaves out a bridge that nothing is plugged into, and a process to ask would be dear for every run.

import { readFileSync } from "node:fs";

const ROUTES = "/proc/net/route";
const RTF_GATEWAY = 0x2;

/** Networks of a device as CIDR, "10.200.7.0/24"; empty where there is no such device. */
export function connectedNetworksOf(device: string): readonly string[] {
  try {
    return parseRoutes(readFileSync(ROUTES, "utf8"), device);
  } catch {
    return [];
  }
}

/** Of a table of IPv4 routes, whose addresses are numbers of the machine's byte order, in hex. */
export function parseRoutes(text: string, device: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [name, destination = "", , flags = "", , , , mask = ""] = line.split("\t");
    if (name !== device || (parseInt(flags, 16) & RTF_GATEWAY) !== 0) return [];
    const [address, bits] = [bytesOf(destination), bytesOf(mask)];
    if (address === undefined || bits === undefined) return [];
    const length = bits
      .map((byte) => byte.toString(2))
      .join("")
      .replace(/0/g, "").length;
    return [`${address.join(".")}/${length}`];
  });
}

function bytesOf(hex: string): readonly number[] | undefined {
  if (!/^[0-9A-F]{8}$/i.test(hex)) return undefined;
  return [...new Uint8Array(new Uint32Array([parseInt(hex, 16)]).buffer)];
}
