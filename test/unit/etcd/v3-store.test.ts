import { expect } from "chai";

import { V3Store } from "../../../src/etcd/v3-store";
import { type V3Transport } from "../../../src/etcd/v3-transport";

const HOSTS = 120;

/** A hundred and more leases, each of which is asked for in a process of its own where that `isCostly`. */
function storeOver({ isCostly }: { readonly isCostly: boolean }): [V3Store, string[]] {
  const asked: string[] = [];
  const keys = Array.from({ length: HOSTS }, (_, index) => ({
    key: `/subnets/10.200.${index}.0-24`,
    value: "{}",
    modRevision: index,
    lease: String(index), // "0" is none
  }));
  const transport: V3Transport = {
    isCostly,
    origin: { endpoint: "", etcdVersion: undefined, transport: "etcdctl" },
    range: () => Promise.resolve(keys),
    transact: () => Promise.reject(new Error("nothing is written")),
    timeToLive: (lease) => {
      asked.push(lease);
      return Promise.resolve(Number(lease));
    },
  };
  return [new V3Store([() => transport]), asked];
}

describe("etcd's v3 store", () => {
  for (const [isCostly, lifetimes, told] of [
    [false, true, HOSTS - 1],
    [false, false, HOSTS - 1],
    [true, true, 50],
    [true, false, 0],
  ] as const) {
    const way = isCostly ? "a process for each" : "one connection";
    it(`tells of ${told} of ${HOSTS} leases when they end, with ${way}${lifetimes ? ", asked for" : ""}`, async () => {
      const [store, asked] = storeOver({ isCostly });
      const found = await store.list("/subnets", { lifetimes });
      expect(asked).to.have.length(told);
      const expected = Array.from({ length: HOSTS }, (_, index) =>
        index > 0 && index <= told ? index : undefined,
      );
      expect(found.map(({ ttlSeconds }) => ttlSeconds)).to.deep.equal(expected);
    });
  }
});
