// Five controllers at once, a hundred times: of one declaration one of them writes; of five each write is told,
// none is lost on the way, and who does not get what it declares says so.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { type Json, resultOf } from "../../support/etcd-config";
import { scaled, tally } from "../../support/tally";

const CONTROLLERS = 5;
const ROUNDS = 100;
const VERSION = "v0.28.9";
const API_OF = [
  ["v2", "v0.17.0"],
  ["v3", VERSION],
] as const;

const configOf = (number: number): Json => ({
  Network: `10.${100 + number}.0.0/16`,
  Backend: { Type: "vxlan" },
});

describe("five controllers", function () {
  this.timeout(1_800_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  const optionsFor = (version: string, more: Json): Json => ({
    ...{ endpoints: cluster.endpoints, prefix: `/controllers/${prefixes}` },
    ...{ flannel_version: version, timeout: 60, ...more },
  });

  /** All at about the same moment. */
  function race(version: string, declared: (number: number) => Json): Promise<readonly Json[]> {
    prefixes++;
    return Promise.all(
      Array.from({ length: CONTROLLERS }, async (_, number) => {
        await sleep(Math.random() * 20);
        return resultOf(optionsFor(version, declared(number)));
      }),
    );
  }

  const writersAmong = (results: readonly Json[]): readonly Json[] =>
    results.filter(({ changed }) => changed === true);

  /** How often the key was written, and what is there. */
  async function outcomeOf(version: string): Promise<{ writes: number; config: unknown }> {
    const { config } = await resultOf(optionsFor(version, { state: "query" }));
    const text = cluster.etcdctl("get", "-w", "json", `/controllers/${prefixes}/config`);
    return { writes: Number(/"version":(\d+)/.exec(text)?.[1] ?? 0), config };
  }

  for (const [api, version] of API_OF) {
    it(`${api}: of one declaration: one write, and nobody fails`, async () => {
      for (let round = 0; round < scaled(ROUNDS); round++) {
        const results = await race(version, () => ({ config: configOf(0) }));
        expect(results.map(({ msg }) => msg)).to.deep.equal(results.map(() => undefined));
        expect(writersAmong(results), `round ${round}`).to.have.length(1);
        for (const { config } of results) expect(config).to.deep.equal(configOf(0));
        tally();
      }
    });
  }

  for (const ifExists of ["keep", "fail"] as const) {
    it(`of five declarations, if_exists ${ifExists}: one write, and the others say what is there`, async () => {
      for (let round = 0; round < scaled(ROUNDS); round++) {
        const declared = (number: number): Json => ({
          config: configOf(number),
          if_exists: ifExists,
        });
        const results = await race(VERSION, declared);
        const [winner, ...more] = writersAmong(results);
        expect(more, `round ${round}`).to.deep.equal([]);
        const { writes, config } = await outcomeOf(VERSION);
        expect([writes, config]).to.deep.equal([1, winner?.["config"]]);
        for (const loser of results.filter((result) => result !== winner)) {
          const told = ifExists === "fail" ? loser["msg"] : loser["warnings"];
          expect(JSON.stringify(told)).to.include("Network is 10.1");
        }
        tally();
      }
    });
  }

  it("of five declarations, if_exists update: every write is told, and the last one is there", async () => {
    for (let round = 0; round < scaled(ROUNDS); round++) {
      const declared = (number: number): Json => ({
        config: configOf(number),
        if_exists: "update",
      });
      const results = await race(VERSION, declared);
      const { writes, config } = await outcomeOf(VERSION);
      const writers = writersAmong(results);
      expect(writers, `round ${round}`).to.have.length(writes);
      expect(writers.map((result) => result["config"])).to.deep.include(config);
      for (const loser of results.filter(({ failed }) => failed === true))
        expect(loser["msg"]).to.match(/Network is 10\.1|again and again/);
      tally();
    }
  });
});
