// Which subnets of a range are free, as flannel's allocateSubnet sees it: one that overlaps a lease is not.

import { type Cidr, sizeOf } from "./address";
import { type SubnetRange, countSubnets } from "./subnet-range";

/** What one family of the leases leaves free. */
export interface Supply {
  /** Subnets in the range that overlap no lease. */
  readonly free: bigint;
  /** Places in the list of those whose end would make a subnet free that is not now. */
  readonly soleHolders: ReadonlySet<number>;
}

interface Span {
  /** Numbers of the first and, exclusive, the last subnet of the range that are not free. */
  readonly from: bigint;
  readonly to: bigint;
  readonly holder: number;
}

/** Counts what `blocks` leave free; undefined stands for the whole address space ("0.0.0.0-0"). */
export function supplyOf(range: SubnetRange, blocks: readonly (Cidr | undefined)[]): Supply {
  const total = countSubnets(range);
  const spans = blocks.flatMap((block, holder) => spanOf(range, total, block, holder));
  return sweep(total, spans);
}

function spanOf(
  { family, subnetLen, min }: SubnetRange,
  total: bigint,
  block: Cidr | undefined,
  holder: number,
): Span[] {
  if (block === undefined) return [{ from: 0n, to: total, holder }];
  const size = sizeOf(family, subnetLen);
  const end = block.base + sizeOf(family, block.length);
  if (end <= min) return [];
  const from = block.base <= min ? 0n : (block.base - min) / size;
  const to = (end - min + size - 1n) / size;
  return from >= total ? [] : [{ from, to: to < total ? to : total, holder }];
}

/** Walks over the range once, with all spans that cover the place. */
function sweep(total: bigint, spans: readonly Span[]): Supply {
  const edges = spans
    .flatMap(({ from, to, holder }) => [
      { at: from, holder, opens: true },
      { at: to, holder, opens: false },
    ])
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const open = new Set<number>();
  const soleHolders = new Set<number>();
  let free = 0n;
  let last = 0n;
  for (const { at, holder, opens } of [...edges, { at: total, holder: -1, opens: false }]) {
    if (at > last && open.size === 0) free += at - last;
    if (at > last && open.size === 1) for (const sole of open) soleHolders.add(sole);
    if (opens) open.add(holder);
    else open.delete(holder);
    last = at;
  }
  return { free, soleHolders };
}
