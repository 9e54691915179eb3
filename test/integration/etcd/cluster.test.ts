// Three members and many writers: failover, elections in the middle of a run, and races.

import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { EtcdCluster, type Member, kill } from "../../support/etcd";
import {
  FailedRun,
  type Json,
  VXLAN_CONFIG,
  failureOf,
  runEtcdConfig,
} from "../../support/etcd-config";
import { TcpProxy } from "../../support/tcp-proxy";

const GENERATIONS = [
  { api: "v2", version: "v0.17.0", isWrite: /^PUT \/v2\/keys/ },
  { api: "v3", version: "v0.28.9", isWrite: /^POST \/v3\/kv\/txn/ },
] as const;

const OTHER_CONFIG = { Network: "10.99.0.0/16", Backend: { Type: "vxlan" } } as const;

describe("three members", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;

  beforeEach(async () => {
    cluster = await EtcdCluster.start({ members: 3, flags: ["--enable-v2"] });
  });

  afterEach(() => cluster.stop());

  function leader(): Member {
    const status = JSON.parse(cluster.etcdctl("endpoint", "status", "-w", "json")) as {
      Endpoint: string;
      Status: { header: { member_id: number }; leader: number };
    }[];
    const found = status.find(({ Status }) => Status.header.member_id === Status.leader);
    const member = cluster.members.find(({ endpoint }) => endpoint === found?.Endpoint);
    if (member === undefined) throw new Error("the cluster has no leader");
    return member;
  }

  for (const { api, version, isWrite } of GENERATIONS) {
    it(`${api}: the leader dies between read and write`, async () => {
      const first = leader();
      const others = cluster.members.filter((member) => member !== first);
      let kills = 0;
      const proxy = await TcpProxy.start(first.port, {
        onRequest: async (text) => {
          if (!isWrite.test(text)) return true;
          kills++;
          await kill(first.process);
          return false;
        },
      });
      try {
        const endpoints = [proxy.endpoint, ...others.map(({ endpoint }) => endpoint)];
        const options = { endpoints, flannel_version: version, config: VXLAN_CONFIG };
        const result = await runEtcdConfig(options);
        expect(kills).to.equal(1);
        expect(result).to.deep.include({ changed: true, config: VXLAN_CONFIG });
        expect(result["endpoint"]).to.be.oneOf(others.map(({ endpoint }) => endpoint));
        expect(await runEtcdConfig(options)).to.include({ changed: false });
      } finally {
        await proxy.stop();
      }
    });

    it(`${api}: the leader dies after the write, before its answer`, async () => {
      const first = leader();
      const others = cluster.members.filter((member) => member !== first);
      const proxy = await TcpProxy.start(first.port, {
        answerLimit: (text) => (isWrite.test(text) ? 0 : undefined),
        onAnswerCut: () => kill(first.process),
      });
      try {
        const endpoints = [proxy.endpoint, ...others.map(({ endpoint }) => endpoint)];
        const options = { endpoints, flannel_version: version, config: VXLAN_CONFIG };
        const result = await runEtcdConfig(options);
        expect(first.process.killed).to.equal(true);
        expect(result).to.deep.include({ changed: true, config: VXLAN_CONFIG });
        expect(await runEtcdConfig(options)).to.include({ changed: false });
      } finally {
        await proxy.stop();
      }
    });

    it(`${api}: without a majority the run ends in time and says why`, async () => {
      const [survivor, ...victims] = cluster.members;
      await Promise.all(victims.map(({ process }) => kill(process)));
      const started = performance.now();
      const error = await failureOf({
        endpoints: cluster.endpoints,
        flannel_version: version,
        config: VXLAN_CONFIG,
        timeout: 5,
      });
      expect(performance.now() - started).to.be.below(6_500);
      expect(error.message)
        .to.include(`${survivor?.endpoint ?? ""}: `)
        .and.include("refused");
      expect(error.code).to.be.oneOf(["timeout", "network"]);
    });
  }
});

describe("many writers", function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let library: string;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
    library = buildModule("flannel_etcd_config");
  });

  after(async () => {
    await cluster.stop();
    rmSync(library, { recursive: true, force: true });
  });

  /** One run in a process of its own, as a host would do it. */
  function spawnRun(options: Json): Promise<Json> {
    return new Promise((resolve, reject) => {
      const child = spawn("node", [join(library, "flannel_etcd_config.cjs")]);
      let output = "";
      child.stdout.on("data", (piece: Buffer) => (output += piece.toString()));
      child.on("error", reject);
      child.on("close", () => {
        resolve(JSON.parse(output) as Json);
      });
      child.stdin.end(JSON.stringify(options));
    });
  }

  for (const { api, version, isWrite } of GENERATIONS) {
    const base = (): Json => ({
      endpoints: cluster.endpoints,
      prefix: `/many/${prefixes}`,
      flannel_version: version,
    });

    it(`${api}: a hundred runs of the same play write once`, async () => {
      prefixes++;
      const options = { ...base(), config: VXLAN_CONFIG };
      const results = await Promise.all(Array.from({ length: 100 }, () => runEtcdConfig(options)));
      expect(results.filter(({ changed }) => changed === true)).to.have.length(1);
      expect(new Set(results.map(({ revision }) => revision)).size).to.equal(1);
      for (const { config } of results) expect(config).to.deep.equal(VXLAN_CONFIG);
    });

    it(`${api}: twenty processes of the same play write once`, async () => {
      prefixes++;
      const options = { ...base(), config: VXLAN_CONFIG, timeout: 60 };
      const results = await Promise.all(Array.from({ length: 20 }, () => spawnRun(options)));
      expect(results.filter(({ changed }) => changed === true)).to.have.length(1);
      expect(results.filter(({ failed }) => failed === true)).to.deep.equal([]);
    });

    /** Two runs that both have read before either writes. */
    async function race(options: Json): Promise<PromiseSettledResult<Json>[]> {
      prefixes++;
      let waiting: (() => void)[] = [];
      const proxy = await TcpProxy.start(cluster.members[0]?.port ?? 0, {
        onRequest: async (text) => {
          if (!isWrite.test(text)) return true;
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 2) for (const proceed of waiting) proceed();
          });
          waiting = [];
          return true;
        },
      });
      try {
        const common = { ...base(), endpoints: [proxy.endpoint], ...options };
        return await Promise.allSettled([
          runEtcdConfig({ ...common, config: VXLAN_CONFIG }),
          runEtcdConfig({ ...common, config: OTHER_CONFIG }),
        ]);
      } finally {
        await proxy.stop();
      }
    }

    it(`${api}: of two configurations one wins, the other reports the conflict`, async () => {
      for (const ifExists of ["update", "fail"]) {
        const outcomes = await race({ if_exists: ifExists });
        const winners = outcomes.filter(({ status }) => status === "fulfilled");
        const losers = outcomes.flatMap((one) =>
          one.status === "rejected" ? [one.reason as FailedRun] : [],
        );
        expect([winners.length, losers.length]).to.deep.equal([1, 1]);
        expect(losers[0]).to.be.instanceOf(FailedRun).with.property("code", "conflict");
        expect(losers[0]?.message).to.include("Network is 10.");
        const query = await runEtcdConfig({ ...base(), state: "query" });
        const [winner] = winners as PromiseFulfilledResult<Json>[];
        expect(query["config"]).to.deep.equal(winner?.value["config"]);
      }
    });

    it(`${api}: with if_exists keep the loser warns`, async () => {
      const outcomes = await race({ if_exists: "keep" });
      const results = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const changed = results.map((result) => result["changed"]);
      expect(changed).to.have.members([true, false]);
      const loser = results.find((result) => result["changed"] === false);
      expect((loser?.["warnings"] as string[])[0]).to.include(
        "someone else wrote it while this task ran",
      );
    });
  }
});
