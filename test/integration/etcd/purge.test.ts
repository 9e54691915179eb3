// Leases that move while they are removed: a proxy lets a daemon write in the moment between the look
// of the module and its removal.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, resultOf, runEtcdConfig } from "../../support/etcd-config";
import { TcpProxy } from "../../support/tcp-proxy";

const LEASES = 300;
const MOVING = 150;
const VALUE = '{"PublicIP":"10.8.0.9","BackendType":"vxlan"}';

const APIS = [
  { api: "v2", version: "v0.17.0", isRemoval: /^DELETE \/v2\/keys/ },
  { api: "v3", version: "v0.28.9", isRemoval: /^POST \/v3\/kv\/txn/ },
] as const;

describe("purging three hundred leases", function () {
  this.timeout(180_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });

  after(() => cluster.stop());

  for (const { api, version, isRemoval } of APIS) {
    const subnetOf = (index: number): string => `10.200.${index % 250}.${index < 250 ? 0 : 128}`;
    let prefix: string;

    function leaseKey(index: number): string {
      return `${prefix}/subnets/${subnetOf(index)}-25`;
    }

    function etcdctl(...words: string[]): string {
      return api === "v3" ? cluster.etcdctl(...words) : cluster.etcdctlWith({}, ...words);
    }

    function write(index: number): void {
      etcdctl(api === "v3" ? "put" : "set", leaseKey(index), VALUE);
    }

    function fill(): Promise<unknown> {
      const base = `${cluster.endpoints[0] ?? ""}${api === "v3" ? "/v3/kv/put" : "/v2/keys"}`;
      const encode = (text: string): string => Buffer.from(text).toString("base64");
      return Promise.all(
        Array.from({ length: LEASES }, (_, index) => {
          const key = leaseKey(index);
          return api === "v3"
            ? fetch(base, {
                method: "POST",
                body: JSON.stringify({ key: encode(key), value: encode(VALUE) }),
              })
            : fetch(base + key, { method: "PUT", body: new URLSearchParams({ value: VALUE }) });
        }),
      );
    }

    /** Purges; `disturb` comes before the module's removals of one lease reach etcd. */
    async function purge(disturb: (times: number) => void): Promise<Json> {
      prefix = `/purge/${++prefixes}`;
      const common = { prefix, flannel_version: version };
      await runEtcdConfig({ ...common, endpoints: cluster.endpoints, config: VXLAN_CONFIG });
      await fill();
      const marks = [leaseKey(MOVING), Buffer.from(leaseKey(MOVING)).toString("base64")];
      let times = 0;
      const proxy = await TcpProxy.start(cluster.members[0]?.port ?? 0, {
        onRequest: (text) => {
          const isMoving = isRemoval.test(text) && marks.some((mark) => text.includes(mark));
          if (isMoving) disturb(++times);
          return true;
        },
      });
      try {
        const removal = {
          state: "absent",
          purge_leases: true,
          allow_disruptive: true,
          timeout: 60,
        };
        return await resultOf({ ...common, ...removal, endpoints: [proxy.endpoint] });
      } finally {
        await proxy.stop();
      }
    }

    async function left(): Promise<string[]> {
      const query = { prefix, flannel_version: version, state: "query" };
      const result = await runEtcdConfig({ ...query, endpoints: cluster.endpoints });
      expect(result["config"]).to.equal(null);
      return (result["leases"] as Json[]).map(({ subnet }) => String(subnet));
    }

    it(`${api}: removes one that is renewed meanwhile like all others`, async () => {
      const result = await purge((times) => {
        if (times === 1) write(MOVING);
      });
      expect(result).to.deep.include({ changed: true, leases: [], config: null });
      expect(result["changes"]).to.have.length(LEASES + 1);
      expect(await left()).to.deep.equal([]);
    });

    it(`${api}: tells of the others where one was gone at the second look`, async () => {
      const result = await purge((times) => {
        if (times === 1) etcdctl(api === "v3" ? "del" : "rm", leaseKey(MOVING));
      });
      expect(result).to.deep.include({ changed: true, leases: [] });
      expect(result["changes"]).to.have.length(LEASES);
      expect(result["changes"]).not.to.include(
        `remove the lease ${subnetOf(MOVING)}/25 of 10.8.0.9 (vxlan)`,
      );
      expect(await left()).to.deep.equal([]);
    });

    it(`${api}: names the one whose daemon runs, and tells exactly what is gone`, async () => {
      const result = await purge(() => {
        write(MOVING);
      });
      expect(result).to.include({
        failed: true,
        error_code: "conflict",
        changed: true,
        config: null,
      });
      expect(result["msg"])
        .to.include(`the lease ${subnetOf(MOVING)}/25 of 10.8.0.9 (vxlan)`)
        .and.include("its daemon is running")
        .and.include(`already done: remove ${prefix}/config; remove the lease `);
      const reported = (result["leases"] as Json[]).map(({ subnet }) => String(subnet));
      expect(reported)
        .to.include(`${subnetOf(MOVING)}/25`)
        .and.deep.equal(await left());
      expect(result["changes"]).to.have.length(LEASES + 1 - reported.length);
    });
  }
});
