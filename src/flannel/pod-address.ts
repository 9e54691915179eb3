// Which address of a host's subnet a trial may take without taking it from a pod.

import { type Cidr, formatAddress, sizeOf, tryParseAddress, tryParseCidr } from "./address";

/** How many addresses are looked at; more than this many in a row are held by a full host only. */
const CANDIDATES = 64;

/**
 * Addresses of the subnet ("10.200.1.1/24") that a trial may take, the best first: those that the CNI
 * plugin `host-local` gives out last, as it goes round and begins behind the one it gave out last.
 * The subnet's own address is the gateway of its pods, first and last name the network and everybody.
 */
export function podAddressesOf(subnet: string, lastGivenOut: readonly string[]): readonly string[] {
  const block = tryParseCidr(subnet);
  if (block === undefined) return [];
  const gateway = tryParseAddress(subnet.split("/")[0] ?? "")?.value;
  const first = block.base + 1n;
  const last = block.base + sizeOf(block.family, block.length) - 2n;
  const turn = lastGivenOut
    .map((text) => tryParseAddress(text)?.value ?? -1n)
    .find((value) => value > first && value <= last);
  const count = last - first + 1n;
  const found: string[] = [];
  for (let step = 1n; step <= count && found.length < CANDIDATES; step++) {
    const value = backwards(turn ?? last + 1n, step, { first, count });
    if (value !== gateway && value !== block.base + 1n) found.push(format(block, value));
  }
  return found;
}

/** The address that is this many steps before one, going round in the range. */
function backwards(from: bigint, step: bigint, range: { first: bigint; count: bigint }): bigint {
  const offset = (((from - range.first - step) % range.count) + range.count) % range.count;
  return range.first + offset;
}

function format({ family }: Cidr, value: bigint): string {
  return formatAddress({ family, value });
}
