// What is told of the cluster behind the endpoints, with real clusters in every state.

import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { EtcdCluster, kill } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, failureOf, runEtcdConfig } from "../../support/etcd-config";
import { TcpProxy } from "../../support/tcp-proxy";

const V3 = { flannel_version: "v0.28.9", config: VXLAN_CONFIG };
const QUERY = { flannel_version: "v0.28.9", state: "query" };

const warningsOf = (result: Json): string => ((result["warnings"] ?? []) as string[]).join("\n");
const clusterOf = (result: Json): Json => result["cluster"] as Json;

describe("the cluster behind the endpoints", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ members: 3, flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  const optionsFor = (options: Json, endpoints = cluster.endpoints): Json => ({
    ...options,
    endpoints,
    prefix: `/members/${++prefixes}`,
  });

  for (const [name, way] of [
    ["v2", { flannel_version: "v0.17.0", config: VXLAN_CONFIG }],
    ["v3 gateway", V3],
    ["v3 etcdctl", { ...V3, transport: "etcdctl" }],
  ] as const) {
    it(`${name}: all members, all well: told, and no word of warning`, async () => {
      const options = optionsFor(way);
      const first = await runEtcdConfig(options);
      expect(first).to.include({ changed: true }).and.not.have.property("warnings");
      const told = clusterOf(first);
      expect(told).to.deep.include({ has_leader: true, alarms: [] });
      expect(told["ids"]).to.have.length(1);
      const endpoints = told["endpoints"] as Json[];
      expect(endpoints.map(({ endpoint }) => endpoint)).to.deep.equal(cluster.endpoints);
      expect(endpoints.filter(({ leader }) => leader === true)).to.have.length(1);
      const members = told["members"] as Json[];
      expect(members.map(({ name: own }) => own)).to.have.members(["m0", "m1", "m2"]);
      expect(members.every(({ listed }) => listed === true)).to.equal(true);
      const second = await runEtcdConfig(options);
      expect(second).to.include({ changed: false });
      expect(clusterOf(second)["ids"]).to.deep.equal(told["ids"]);
    });
  }

  it("members that are not named: a warning before a write, none when nothing is to do", async () => {
    const options = optionsFor(V3, cluster.endpoints.slice(0, 1));
    for (const settings of [{ _ansible_check_mode: true }, {}]) {
      const result = await runEtcdConfig(options, settings);
      expect(warningsOf(result)).to.include("endpoints: 2 of 3 members not listed: ");
    }
    expect(await runEtcdConfig(options)).to.not.have.property("warnings");
  });

  it("no change costs one more request at each endpoint", async () => {
    const counts = cluster.members.map(() => [] as string[]);
    const proxies = await Promise.all(
      cluster.members.map(({ port }, index) =>
        TcpProxy.start(port, {
          onRequest: (text) => {
            counts[index]?.push(text.split(" ").slice(0, 2).join(" "));
            return true;
          },
        }),
      ),
    );
    try {
      const options = optionsFor(
        V3,
        proxies.map(({ endpoint }) => endpoint),
      );
      await runEtcdConfig(options);
      for (const count of counts) count.length = 0;
      expect(await runEtcdConfig(options)).to.include({ changed: false });
      const status = "POST /v3/maintenance/status";
      expect(counts[0]).to.have.members([
        "GET /version",
        "POST /v3/kv/range",
        "POST /v3/kv/range",
        status,
      ]);
      expect(counts.slice(1)).to.deep.equal([[status], [status]]);
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    }
  });

  it("a silent member costs a run two seconds at most", async () => {
    const proxy = await TcpProxy.start(cluster.members[0]?.port ?? 0, {
      onRequest: () => new Promise(() => undefined),
    });
    try {
      const options = optionsFor(V3, [...cluster.endpoints.slice(0, 2), proxy.endpoint]);
      const started = performance.now();
      const result = await runEtcdConfig(options);
      expect(warningsOf(result)).to.include(
        `endpoints: ${proxy.endpoint}: timeout: connected, but`,
      );
      expect(performance.now() - started).to.be.within(1_500, 2_600);
    } finally {
      await proxy.stop();
    }
  });

  it("the port of the peers is told, and hinders nobody", async () => {
    const endpoints = [...cluster.endpoints, cluster.peers[0] ?? ""];
    const result = await runEtcdConfig(optionsFor(V3, endpoints));
    expect(result).to.include({ changed: true });
    expect(warningsOf(result)).to.include("members talk to each other");
  });
});

describe("endpoints of several clusters", function () {
  this.timeout(60_000);

  it("three of one member each, by mistake: told at every run, and before a write", async () => {
    const clusters = await Promise.all([1, 2, 3].map(() => EtcdCluster.start()));
    try {
      const endpoints = clusters.flatMap((one) => one.endpoints);
      const options = { ...V3, endpoints };
      for (const settings of [{ _ansible_check_mode: true }, {}, {}]) {
        const result = await runEtcdConfig(options, settings);
        expect(warningsOf(result)).to.include("belong to 3 separate clusters");
        expect(clusterOf(result)["ids"]).to.have.length(3);
      }
      const query = await runEtcdConfig({ ...QUERY, endpoints });
      expect(warningsOf(query)).to.include("hosts that ask different ones do not see each other");
      expect(clusterOf(query)["members"]).to.have.length(1);
    } finally {
      await Promise.all(clusters.map((one) => one.stop()));
    }
  });
});

describe("a cluster that is not well", function () {
  this.timeout(90_000);
  let cluster: EtcdCluster;

  afterEach(() => cluster.stop());

  it("is full: reads go on, a write is refused, the alarm is told", async () => {
    cluster = await EtcdCluster.start({ flags: ["--quota-backend-bytes=200000"] });
    const filler = "x".repeat(60_000);
    for (let index = 0; index < 12; index++) {
      try {
        cluster.etcdctl("put", `/fill/${index}`, filler);
      } catch {
        break;
      }
    }
    for (const way of [{}, { transport: "etcdctl" }]) {
      const query = await runEtcdConfig({ ...QUERY, ...way, endpoints: cluster.endpoints });
      expect(clusterOf(query)["alarms"]).to.deep.equal(["NOSPACE"]);
      expect(warningsOf(query)).to.include("the alarm NOSPACE is raised: its database is full");
      const options = { ...V3, ...way, endpoints: cluster.endpoints };
      const error = await failureOf(options);
      expect(error).to.include({ code: "refused" });
      expect(warningsOf(error.result)).to.include("the alarm NOSPACE");
    }
  });

  it("has no majority: says so, though etcd itself has no time to", async () => {
    cluster = await EtcdCluster.start({ members: 2 });
    await kill((cluster.members[1] ?? expect.fail()).process);
    await sleep(1_500); // until the other one has noticed
    const started = performance.now();
    const error = await failureOf({ ...V3, endpoints: cluster.endpoints, timeout: 3 });
    expect(performance.now() - started).to.be.below(3_500);
    expect(error.message).to.include("more than half of its members must be up");
    expect(clusterOf(error.result)).to.include({ has_leader: false });
  });

  it("has a learner among the endpoints, first or alone", async () => {
    cluster = await EtcdCluster.start();
    const learner = await cluster.addLearner();
    const [voter] = cluster.endpoints;
    for (const endpoints of [
      [voter, learner],
      [learner, voter],
    ]) {
      const result = await runEtcdConfig({ ...V3, endpoints, prefix: `/${endpoints.join("")}` });
      expect(result).to.include({ changed: true, endpoint: voter });
      expect(warningsOf(result)).to.include(`endpoints: ${learner} is a learner`);
    }
    const error = await failureOf({ ...V3, endpoints: [learner], timeout: 5 });
    expect(error.message).to.include("learner");
  });
});
