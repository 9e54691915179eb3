// The CPU of this host.

import { endianness, machine } from "node:os";

import { type Arch, tryArchOfMachine } from "../../flannel/arch";

export interface Cpu {
  /** What `uname -m` calls it. */
  readonly machine: string;
  /** flannel's name of it; undefined when flannel is not released for it. */
  readonly arch: Arch | undefined;
}

/** The CPU that this process runs on. */
export function readCpu(): Cpu {
  return { machine: machine(), arch: tryArchOfMachine(machine(), endianness()) };
}
