// A clock that is set while flannel_etcd_config runs, or was wrong before: the task is done as ever, in the time that it
// was given; where certificates stand against it, the message says so.

import { join } from "node:path";
import { rmSync } from "node:fs";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { Certificates } from "../../support/certificates";
import { EtcdCluster } from "../../support/etcd";
import { CHANGES, type KeyTask, REQUEST } from "../../support/etcd-changes";
import { type Json, VXLAN_CONFIG, resultOf } from "../../support/etcd-config";
import { runModuleFile } from "../../support/run-module";
import { stride, tally } from "../../support/tally";
import { TcpProxy, startSilentServer } from "../../support/tcp-proxy";
import { WrongClock } from "../../support/wrong-clock";

const VERSION = "v0.28.9";
const DAY = 86_400;
const YEAR = 365 * DAY;
const TIMEOUT_S = 5;
/** For Node.js, on a machine that has other things to do. */
const START_S = 10;

const STEPS: readonly (readonly [string, number])[] = [
  ["a second on", 1],
  ["a day on", DAY],
  ["thirty years on", 30 * YEAR],
  ["a second back", -1],
  ["a day back", -DAY],
  ["forty years back", -40 * YEAR],
];

describe("flannel_etcd_config by a clock", function () {
  this.timeout(1_800_000);
  let library: string;
  let clock: WrongClock;
  let prefixes = 0;

  before(() => {
    library = buildModule("flannel_etcd_config");
  });
  after(() => {
    rmSync(library, { recursive: true });
  });
  beforeEach(() => {
    clock = new WrongClock();
  });
  afterEach(() => {
    clock.remove();
  });

  /** A run by this clock, and how long it took by a right one. */
  async function run(options: Json): Promise<{ result: Json; seconds: number }> {
    const begunMs = performance.now();
    const file = join(library, "flannel_etcd_config.cjs");
    const { result } = await runModuleFile(
      process.execPath,
      { timeout: TIMEOUT_S, flannel_version: VERSION, ...options },
      [file],
      clock.env,
    );
    return { result, seconds: (performance.now() - begunMs) / 1000 };
  }

  describe("that is set in the middle", () => {
    let etcd: EtcdCluster;
    before(async () => {
      etcd = await EtcdCluster.start();
    });
    after(() => etcd.stop());

    const directly = (): Json => ({ endpoints: etcd.endpoints, prefix: `/clock/${prefixes}` });

    async function prepare({ before }: KeyTask): Promise<void> {
      prefixes++;
      clock.set(0);
      const options = { ...directly(), flannel_version: VERSION };
      if (before !== undefined) await resultOf({ ...options, config: before });
    }

    /** The task, while the clock is set before its n-th request; and how many there were. */
    async function runWith(task: KeyTask, offset: number, nth: number) {
      let requests = 0;
      const proxy = await TcpProxy.start(etcd.members[0]?.port ?? 0, {
        onRequest: (text) => {
          if (REQUEST.test(text) && ++requests === nth) clock.set(offset);
          return true;
        },
      });
      try {
        const told = await run({ ...directly(), ...task.options, endpoints: [proxy.endpoint] });
        return { ...told, requests };
      } finally {
        await proxy.stop();
      }
    }

    for (const [what, offset] of STEPS) {
      for (const task of CHANGES) {
        it(`${what}: does its task: ${task.what}`, async () => {
          await prepare(task);
          const { requests } = await runWith(task, 0, 0);
          for (let nth = 1; nth <= requests; nth += stride()) {
            await prepare(task);
            const { result, seconds } = await runWith(task, offset, nth);
            const at = `before request ${nth}: ${String(result["msg"])}`;
            expect([result["failed"], result["changed"]], at).to.deep.equal([undefined, true]);
            const query = { ...directly(), flannel_version: VERSION, state: "query" };
            expect((await resultOf(query))["config"], at).to.deep.equal(task.after);
            expect(seconds, at).to.be.below(TIMEOUT_S + START_S);
            tally();
          }
        });
      }

      it(`${what}: waits for an etcd that is silent as long as it was told to`, async () => {
        const silent = await startSilentServer();
        const proxy = await TcpProxy.start(Number(new URL(silent.endpoint).port), {
          onRequest: () => {
            clock.set(offset);
            return true;
          },
        });
        const options = { endpoints: [proxy.endpoint], config: VXLAN_CONFIG };
        const { result, seconds } = await run(options).finally(async () => {
          await proxy.stop();
          await silent.stop();
        });
        expect(result).to.include({ failed: true, changed: false });
        expect(seconds).to.be.within(TIMEOUT_S - 1, TIMEOUT_S + START_S);
        tally();
      });
    }
  });

  describe("and certificates that are good for some days", () => {
    let files: Certificates;
    let etcd: EtcdCluster;
    before(async () => {
      files = new Certificates();
      for (const name of ["server", "client"]) files.issue(name);
      etcd = await EtcdCluster.start({ certificates: files });
    });
    after(async () => {
      await etcd.stop();
      files.remove();
    });

    const secure = (client = "client"): Json => ({
      ...{ endpoints: etcd.endpoints, prefix: `/certificates/${++prefixes}`, config: VXLAN_CONFIG },
      ca_file: files.ca,
      ...{ cert_file: files.certificate(client), key_file: files.key(client) },
    });

    const WRONG: readonly (readonly [string, number, RegExp])[] = [
      [
        "years ahead",
        3 * YEAR,
        /client\.pem expired on .*; renew it, unless this host's clock is wrong/,
      ],
      ["years behind", -3 * YEAR, /not valid yet \(is this host's clock right\?\)/],
    ];
    for (const [what, offset, words] of WRONG) {
      it(`says so where the clock is ${what}`, async () => {
        clock.set(offset);
        const { result } = await run(secure());
        expect(result).to.include({ failed: true, changed: false });
        expect(result["msg"]).to.match(words);
        tally();
      });
    }

    it("says so where the client's one expires between any two pieces of what is said to etcd", async () => {
      const { pieces } = await runUntil(secure(), 0, 0);
      for (let nth = 1; nth <= pieces; nth += stride()) {
        const expiry = Date.now() + 4_000;
        files.issue("brief", { seconds: 4 });
        const options = secure("brief");
        const { result } = await runUntil(options, nth, expiry + 1_000);
        const at = `piece ${nth}: ${String(result["msg"])}`;
        const now = (await resultOf({ ...options, ...secureClient(), state: "query" }))["config"];
        expect(now, at).to.deep.equal(result["failed"] === true ? null : VXLAN_CONFIG);
        expect(result["changed"], at).to.equal(result["failed"] !== true);
        if (result["failed"] === true) expect(result["msg"], at).to.match(/refused: it expired on/);
        tally();
      }
    });

    const secureClient = (): Json => ({
      ...{ cert_file: files.certificate("client"), key_file: files.key("client") },
      flannel_version: VERSION,
    });

    /** A run whose n-th piece is held back until this moment. */
    async function runUntil(options: Json, nth: number, untilMs: number) {
      let pieces = 0;
      const proxy = await TcpProxy.start(etcd.members[0]?.port ?? 0, {
        onRequest: async () => {
          if (++pieces === nth)
            await new Promise((resolve) => setTimeout(resolve, untilMs - Date.now()));
          return true;
        },
      });
      const endpoints = [proxy.endpoint.replace("http:", "https:")];
      try {
        const { result } = await run({ ...options, endpoints, timeout: 30 });
        return { result, pieces };
      } finally {
        await proxy.stop();
      }
    }
  });
});
