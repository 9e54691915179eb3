// The IPv4 networks that devices are directly connected to, and those that there are routes to. Read from the
// routes: os.networkInterfaces() leaves out a bridge that nothing is plugged into, and a process to ask would be
// dear for every run.

import { glanceAtFile } from "./glance";

const ROUTES = "/proc/net/route";
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;

interface Route {
  readonly device: string;
  readonly network: string;
  readonly flags: number;
}

/** Destinations of the main table's routes as CIDR, but for those that lead nowhere. */
export function listRoutedNetworks(): ReadonlySet<string> {
  return new Set(readRoutes(glanceAtFile(ROUTES) ?? "").map(({ network }) => network));
}

/** Networks of a device as CIDR, "10.200.7.0/24"; empty where there is no such device. */
export function connectedNetworksOf(device: string): readonly string[] {
  return parseRoutes(glanceAtFile(ROUTES) ?? "", device);
}

/** Those in a table of IPv4 routes. */
export function parseRoutes(text: string, device: string): readonly string[] {
  return readRoutes(text)
    .filter((route) => route.device === device && (route.flags & RTF_GATEWAY) === 0)
    .map(({ network }) => network);
}

/** Addresses are numbers of the machine's byte order, in hex. */
export function readRoutes(text: string): readonly Route[] {
  return text.split("\n").flatMap((line) => {
    const [device = "", destination = "", , word = "", , , , mask = ""] = line.split("\t");
    const [address, bits] = [bytesOf(destination), bytesOf(mask)];
    const flags = parseInt(word, 16);
    if (address === undefined || bits === undefined || (flags & RTF_REJECT) !== 0) return [];
    const length = bits
      .map((byte) => byte.toString(2))
      .join("")
      .replace(/0/g, "").length;
    return [{ device, network: `${address.join(".")}/${length}`, flags }];
  });
}

function bytesOf(hex: string): readonly number[] | undefined {
  if (!/^[0-9A-F]{8}$/i.test(hex)) return undefined;
  return [...new Uint8Array(new Uint32Array([parseInt(hex, 16)]).buffer)];
}
