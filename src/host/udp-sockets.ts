// Which UDP ports of this network namespace are taken, and by whom.

import { glanceAtFile, glanceAtLink, glanceAtNames } from "./glance";

export interface UdpSocket {
  readonly port: number;
  /** Of one of the kernel's own, for a tunnel device, 0 or one that no process has. */
  readonly inode: number;
}

/** Reads the tables of both families; empty where there are none. */
export function listUdpSockets(): readonly UdpSocket[] {
  return ["/proc/net/udp", "/proc/net/udp6"].flatMap((path) =>
    parseUdpTable(glanceAtFile(path) ?? ""),
  );
}

/** Lines such as "  12: 00000000:2118 00000000:0000 07 … 0 0 31337 …": see proc_net_tcp.txt. */
export function parseUdpTable(text: string): readonly UdpSocket[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const port = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(fields[1] ?? "")?.[1];
    const inode = Number(fields[9]);
    return port === undefined || Number.isNaN(inode) ? [] : [{ port: parseInt(port, 16), inode }];
  });
}

/** The process that has a socket open: "wg-daemon (process 42)"; undefined where none is found. */
export function tryFindOwner(inode: number): string | undefined {
  const target = `socket:[${inode}]`;
  const pid = glanceAtNames("/proc").find(
    (name) => /^\d+$/.test(name) && holds(`/proc/${name}/fd`, target),
  );
  return pid && `${glanceAtFile(`/proc/${pid}/comm`)?.trim() ?? ""} (process ${pid})`;
}

function holds(directory: string, target: string): boolean {
  return glanceAtNames(directory).some((name) => glanceAtLink(`${directory}/${name}`) === target);
}
