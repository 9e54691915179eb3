// The waves in which hosts restart flanneld, declared as Ansible's own `serial` is.

import { ModuleError } from "../base/errors";
import { showJson } from "../base/json";
import { type FlannelVersion, isAtLeast } from "./version";

/** One wave: its place among all, and the hosts of the play it begins and ends with. */
export interface Wave {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  /** Index of its first host in the play. */
  readonly first: number;
  readonly size: number;
}

/**
 * The wave of the host at `position` (from 0) of a play of `hosts`. `serial` is a number of hosts, a
 * percentage ("20%"), or a list of them whose last goes on until all hosts are through; 0 or nothing:
 * all at once. Throws `invalid_arguments`.
 */
export function waveOf(serial: unknown, hosts: number, position: number): Wave {
  const waves = wavesOf(serial, Math.max(1, hosts));
  const index = Math.max(0, waves.filter(({ first }) => first <= position).length - 1);
  const { first = 0, size = hosts } = waves[index] ?? {};
  return { index, count: waves.length, first, size };
}

/**
 * True for releases whose daemons lose leases when several begin together: v0.18 to v0.20 read only the
 * first of those that appear in etcd at the same time (subnet/etcd/registry.go, watchSubnets).
 */
export function losesLeases(version: FlannelVersion): boolean {
  return isAtLeast(version, "0.18.0") && !isAtLeast(version, "0.21.0");
}

function wavesOf(serial: unknown, hosts: number): readonly Pick<Wave, "first" | "size">[] {
  const declared: readonly unknown[] = Array.isArray(serial) ? serial : [serial];
  const sizes = declared.map((step) => sizeOf(step, hosts));
  const waves: Pick<Wave, "first" | "size">[] = [];
  for (let first = 0; first < hosts;) {
    const wanted = sizes[Math.min(waves.length, sizes.length - 1)] ?? hosts;
    const size = Math.min(wanted, hosts - first);
    waves.push({ first, size });
    first += size;
  }
  return waves;
}

/** As Ansible rounds: down, but no wave is empty. */
function sizeOf(step: unknown, hosts: number): number {
  if (step === undefined || step === null || step === "") return hosts;
  const [, digits, percent] = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(textOf(step)) ?? [];
  const number = Number(digits);
  if (digits === undefined || (percent === "" && !Number.isInteger(number))) {
    throw new ModuleError(
      "invalid_arguments",
      `restart_serial: ${showJson(step)}: expected a number of hosts, a percentage such as "20%", or a list of them`,
    );
  }
  if (number === 0) return hosts;
  return percent === "" ? number : Math.max(1, Math.floor((hosts * number) / 100));
}

function textOf(step: unknown): string {
  return typeof step === "number" || typeof step === "string" ? String(step) : "";
}
