import { expect } from "chai";

import { ModuleError, StaleObservationError } from "../../../src/base/errors";
import { LostAnswerError } from "../../../src/etcd/endpoint-error";
import { type KeyChange, changeKey } from "../../../src/etcd/change-key";
import { type EtcdStore, type StoredValue, type WriteAnswer } from "../../../src/etcd/store";

type Fate = "answered" | "lost before" | "lost after" | "late";

/** One key with real compare-and-swap, whose answers get lost as scripted. */
class FlakyStore implements EtcdStore {
  readonly api = "v3";
  readonly origin = { endpoint: "memory", etcdVersion: "0", transport: "gateway" as const };
  writes = 0;
  /** Why nothing can be read, if so. */
  fault: Error | undefined;
  #late: (() => void) | undefined;

  constructor(
    public now: StoredValue | undefined,
    readonly fates: Fate[],
  ) {}

  read(): Promise<StoredValue | undefined> {
    if (this.fault !== undefined) return Promise.reject(this.fault);
    return Promise.resolve(this.now);
  }

  list(): Promise<[]> {
    return Promise.resolve([]);
  }

  create(_key: string, value: string): Promise<WriteAnswer> {
    return this.#write(value, undefined);
  }

  replace(_key: string, value: string, revision: number): Promise<WriteAnswer> {
    return this.#write(value, revision);
  }

  remove(_key: string, revision: number): Promise<WriteAnswer> {
    return this.#write(undefined, revision);
  }

  #write(value: string | undefined, guard: number | undefined): Promise<WriteAnswer> {
    this.writes++;
    // A request that was on its way when its answer was given up arrives before the next one.
    this.#late?.();
    this.#late = undefined;
    const fate = this.fates.shift() ?? "answered";
    if (fate === "lost before") return Promise.reject(new LostAnswerError("cut"));
    if (fate === "late") {
      this.#late = () => void this.#carryOut(value, guard);
      return Promise.reject(new LostAnswerError("cut"));
    }
    const answer = this.#carryOut(value, guard);
    return fate === "lost after"
      ? Promise.reject(new LostAnswerError("cut"))
      : Promise.resolve(answer);
  }

  #carryOut(value: string | undefined, guard: number | undefined): WriteAnswer {
    if (this.now?.revision !== guard) return { outcome: "conflict" };
    const revision = (guard ?? 0) + 1;
    this.now = value === undefined ? undefined : { value, revision };
    return { outcome: "done", revision };
  }
}

const OLD: StoredValue = { value: "old", revision: 7 };

const CHANGES: [string, StoredValue | undefined, string | undefined][] = [
  ["create", undefined, "new"],
  ["replace", OLD, "new"],
  ["remove", OLD, undefined],
];

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
}

describe("changing a key", () => {
  for (const [name, before, after] of CHANGES) {
    const change: KeyChange = { key: "/k", before, after };
    const expected = after === undefined ? 0 : (before?.revision ?? 0) + 1;
    const fates: Fate[][] = [
      ["answered"],
      ["lost after"],
      ["lost before", "answered"],
      ["lost before", "lost after"],
      ["late", "answered"],
      ["late", "lost after"],
      ["lost before", "lost before", "late", "answered"],
    ];
    for (const fate of fates) {
      it(`${name}: happens once when the answer is ${fate.join(", then ")}`, async () => {
        const store = new FlakyStore(before, [...fate]);
        expect(await changeKey(store, change)).to.equal(expected);
        expect(store.now?.value).to.equal(after);
        expect(store.now?.revision ?? 0).to.equal(expected);
      });
    }

    it(`${name}: gives up when every answer is lost`, async () => {
      const store = new FlakyStore(before, Array<Fate>(10).fill("lost before"));
      const error = await failureOf(changeKey(store, change));
      expect(error).to.be.instanceOf(ModuleError).with.property("code", "network");
      expect(store.writes).to.equal(4);
      expect(store.now).to.equal(before);
    });

    it(`${name}: leaves what someone else wrote`, async () => {
      for (const fate of [["answered"], ["lost before"], ["late"]] as Fate[][]) {
        const theirs = { value: "theirs", revision: 99 };
        const store = new FlakyStore(theirs, fate);
        const error = await failureOf(changeKey(store, change));
        expect(error).to.be.instanceOf(StaleObservationError);
        expect(store.now).to.equal(theirs);
      }
    });
  }

  it("says that it may have happened where nobody can be asked any more", async () => {
    const store = new FlakyStore(OLD, ["lost after"]);
    store.fault = new ModuleError("network", "etcd is gone", { result: { endpoint_errors: [] } });
    const change = { key: "/k", before: OLD, after: "new" };
    const error = await failureOf(changeKey(store, change));
    expect(error).to.deep.include({ code: "network", result: { endpoint_errors: [] } });
    expect(error)
      .to.have.property("message")
      .that.matches(/^etcd is gone\n.*\/k: .*may have taken effect$/);
  });
});
