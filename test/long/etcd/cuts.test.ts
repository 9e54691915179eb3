// Any answer of etcd may be cut at any byte, and several of them in one run: what was to be done is done once,
// or the run says truly what it knows.

import { expect } from "chai";
import fc from "fast-check";

import { EtcdCluster } from "../../support/etcd";
import { CHANGES, type KeyTask, OLD, REQUEST } from "../../support/etcd-changes";
import { type Json, resultOf } from "../../support/etcd-config";
import { TcpProxy } from "../../support/tcp-proxy";
import { scaled, stride, tally } from "../../support/tally";

const MIXED_RUNS = 1_500;

const TASKS: readonly KeyTask[] = [
  ...CHANGES,
  { what: "query", options: { state: "query" }, before: OLD, after: OLD },
];

const APIS = [
  ["v2", "v0.17.0"],
  ["v3", "v0.28.9"],
] as const;

describe("answers that are cut", function () {
  this.timeout(3_600_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  const directly = (version: string): Json => ({
    ...{ endpoints: cluster.endpoints, prefix: `/cuts/${prefixes}`, flannel_version: version },
    transport: "auto",
  });

  async function prepare({ before }: KeyTask, version: string): Promise<void> {
    prefixes++;
    if (before === undefined) return;
    const made = await resultOf({ ...directly(version), config: before });
    expect(made["msg"]).to.equal(undefined);
    expect(made["changed"]).to.equal(true);
  }

  const configNow = async (version: string): Promise<unknown> =>
    (await resultOf({ ...directly(version), state: "query" }))["config"];

  /** Runs the task through a proxy; `limitOf` tells how much of the answer to the n-th request may pass. */
  async function runThrough(
    task: KeyTask,
    version: string,
    limitOf: (nth: number) => number | undefined,
    more: { readonly others?: readonly string[]; readonly timeout?: number } = {},
  ): Promise<{ readonly result: Json; readonly requests: number; readonly bytes: number }> {
    let requests = 0;
    const proxy = await TcpProxy.start(cluster.members[0]?.port ?? 0, {
      answerLimit: (text) => (REQUEST.test(text) ? limitOf(++requests) : limitOf(requests)),
    });
    try {
      const { others = [], timeout = 30 } = more;
      const options = { ...directly(version), ...task.options, timeout };
      const result = await resultOf({ ...options, endpoints: [proxy.endpoint, ...others] });
      return { result, requests, bytes: proxy.answerBytes };
    } finally {
      await proxy.stop();
    }
  }

  for (const [api, version] of APIS) {
    for (const task of TASKS) {
      const isWrite = task.what !== "query";

      /** Cuts the n-th answer, and returns how long it was. */
      async function cut(nth: number, limit: number, others: readonly string[]): Promise<number> {
        await prepare(task, version);
        const at = `answer ${nth} cut at ${limit}, ${others.length} other endpoints`;
        const limitOf = (asked: number) => (asked === nth ? limit : undefined);
        const { result, bytes } = await runThrough(task, version, limitOf, { others });
        const isDone = result["failed"] !== true;
        // What was only asked for is asked of the next endpoint, and a write is looked for.
        if (others.length > 0) expect(result["msg"], at).to.equal(undefined);
        if (isDone) expect(result, at).to.deep.include({ changed: isWrite, config: task.after });
        else expect(result, at).to.include({ changed: false, error_code: "network" });
        const expected = isDone ? task.after : (task.before ?? null);
        expect(await configNow(version), at).to.deep.equal(expected);
        tally();
        return bytes;
      }

      it(`${api}: ${task.what}: each answer at each byte`, async () => {
        await prepare(task, version);
        const whole = await runThrough(task, version, () => undefined);
        expect(whole.result).to.deep.include({ changed: isWrite, config: task.after });
        for (let nth = 1; nth <= whole.requests; nth++) {
          for (const others of [[], cluster.endpoints]) {
            let length = 1;
            for (let limit = 0; limit < length; limit += stride()) {
              length = Math.max(length, await cut(nth, limit, others));
            }
          }
        }
      });
    }

    it(`${api}: several answers of one run`, async () => {
      const cuts = fc.array(fc.option(fc.integer({ min: 0, max: 400 }), { freq: 2 }), {
        minLength: 4,
        maxLength: 12,
      });
      const runs = fc.record({ task: fc.constantFrom(...TASKS), cuts });
      const numRuns = scaled(MIXED_RUNS);
      await fc.assert(
        fc.asyncProperty(runs, async ({ task, cuts: limits }) => {
          tally();
          await prepare(task, version);
          const limitOf = (nth: number): number | undefined => limits[nth - 1] ?? undefined;
          const { result } = await runThrough(task, version, limitOf, { timeout: 4 });
          const now = await configNow(version);
          const isDone = JSON.stringify(now) === JSON.stringify(task.after);
          if (result["failed"] !== true) {
            expect(result).to.deep.include({ changed: isWriteOf(task), config: task.after });
            expect(isDone).to.equal(true);
          } else {
            expect(result["error_code"]).to.be.oneOf(["network", "timeout", "tls"]);
            if (isWriteOf(task) && isDone && result["changed"] !== true)
              expect(result["msg"]).to.include("may have taken effect");
          }
        }),
        { numRuns, endOnFailure: true },
      );
    });
  }
});

function isWriteOf({ what }: KeyTask): boolean {
  return what !== "query";
}
