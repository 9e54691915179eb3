// Between any two requests of a run etcd may become another one: compacted, full, restarted, silent for a
// while, written to by somebody else. What was to be done is done once, or not, and that is what is told.

import { type ChildProcess } from "node:child_process";

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { CHANGES, type KeyTask, REQUEST } from "../../support/etcd-changes";
import { type Json, resultOf } from "../../support/etcd-config";
import { TcpProxy } from "../../support/tcp-proxy";
import { stride, tally } from "../../support/tally";

const OTHERS = { Network: "10.2.0.0/16", Backend: { Type: "vxlan" } };
const VERSION = "v0.28.9";

interface Event {
  readonly what: string;
  /** Before a request is passed on. */
  readonly happen: (scene: Scene) => Promise<void> | void;
  /** After the run. */
  readonly undo?: (scene: Scene) => Promise<void> | void;
  /** What may be told in place of success, and why. */
  readonly refusal?: RegExp;
  /** Somebody else writes: what they have written may be what is there in the end. */
  readonly isWrite?: boolean;
}

interface Scene {
  readonly cluster: EtcdCluster;
  readonly key: string;
  readonly member: ChildProcess;
}

async function alarm({ cluster }: Scene, action: "ACTIVATE" | "DEACTIVATE"): Promise<void> {
  const body = JSON.stringify({ action, alarm: "NOSPACE" });
  await fetch(`${cluster.endpoints[0] ?? ""}/v3/maintenance/alarm`, { method: "POST", body });
}

const EVENTS: readonly Event[] = [
  {
    what: "is compacted and defragmented",
    happen: ({ cluster, key }) => {
      cluster.etcdctl("put", `${key}/noise`, "1");
      const status = cluster.etcdctl("endpoint", "status", "-w", "json");
      const revision = /"revision":(\d+)/.exec(status)?.[1] ?? "1";
      cluster.etcdctl("compact", revision);
      cluster.etcdctl("defrag");
    },
  },
  {
    what: "is full",
    happen: (scene) => alarm(scene, "ACTIVATE"),
    undo: (scene) => alarm(scene, "DEACTIVATE"),
    refusal: /its database is full/,
  },
  {
    what: "is silent for a second",
    happen: ({ member }) => {
      member.kill("SIGSTOP");
      setTimeout(() => member.kill("SIGCONT"), 1_000);
    },
  },
  {
    what: "is written to by somebody else",
    happen: ({ cluster, key }) => {
      cluster.etcdctl("put", `${key}/config`, JSON.stringify(OTHERS));
    },
    isWrite: true,
    refusal: /Network is 10\.2\.0\.0|again and again/,
  },
  {
    what: "loses the key to somebody else",
    happen: ({ cluster, key }) => {
      cluster.etcdctl("del", `${key}/config`);
    },
    isWrite: true,
  },
];

describe("an etcd that in the middle of a run", function () {
  this.timeout(1_800_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  const directly = (): Json => ({
    ...{ endpoints: cluster.endpoints, prefix: `/moments/${prefixes}`, flannel_version: VERSION },
  });

  async function prepare({ before }: KeyTask): Promise<void> {
    prefixes++;
    if (before !== undefined) await resultOf({ ...directly(), config: before });
  }

  /** The result of the task, with the event before its n-th request; and how many there were. */
  async function runWith(task: KeyTask, event: Event | undefined, nth: number) {
    const [member] = cluster.members;
    if (member === undefined) throw new Error("no member");
    const scene = { cluster, key: `/moments/${prefixes}`, member: member.process };
    let requests = 0;
    const proxy = await TcpProxy.start(member.port, {
      onRequest: async (text) => {
        if (REQUEST.test(text) && ++requests === nth) await event?.happen(scene);
        return true;
      },
    });
    try {
      const result = await resultOf({
        ...directly(),
        ...task.options,
        endpoints: [proxy.endpoint],
      });
      return { result, requests };
    } finally {
      await proxy.stop();
      await event?.undo?.(scene);
    }
  }

  const configNow = async (): Promise<unknown> =>
    (await resultOf({ ...directly(), state: "query" }))["config"];

  for (const event of EVENTS) {
    for (const task of CHANGES) {
      it(`${event.what}: ${task.what}`, async () => {
        await prepare(task);
        const { requests } = await runWith(task, undefined, 0);
        for (let nth = 1; nth <= requests; nth += stride()) {
          await prepare(task);
          const at = `before request ${nth}`;
          const { result } = await runWith(task, event, nth);
          const now = await configNow();
          tally();
          if (result["failed"] === true) {
            expect(String(result["msg"]), at).to.match(event.refusal ?? /^nothing may fail$/);
            expect(result["changed"], at).to.equal(false);
            expect(now, at).to.deep.equal(event.isWrite === true ? OTHERS : (task.before ?? null));
          } else {
            if (event.isWrite !== true) expect(result["changed"], at).to.equal(true);
            const kept = result["changed"] === true ? task.after : result["config"];
            expect(now, at).to.deep.equal(kept);
          }
        }
      });
    }
  }
});
