// A change of the configuration that is kept, settled and taken back, with a real etcd behind every API and transport.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, failureOf, runEtcdConfig } from "../../support/etcd-config";

const V3_ENV = { ETCDCTL_API: "3" };
const WAYS: readonly [string, Json, Readonly<Record<string, string>>][] = [
  ["v2", { flannel_version: "v0.17.0" }, {}],
  ["v3 gateway", { flannel_version: "v0.28.9" }, V3_ENV],
  [
    "v3 etcdctl",
    { flannel_version: "v0.28.9", transport: "etcdctl", etcdctl_path: "/usr/bin" },
    V3_ENV,
  ],
];
const HOST_GW = { ...VXLAN_CONFIG, Backend: { Type: "host-gw" } };
const IPIP = { ...VXLAN_CONFIG, Backend: { Type: "ipip" } };
const OLD_TEXT = ` ${JSON.stringify(VXLAN_CONFIG)}\n`; // as somebody has written it
const UPDATE = { keep_previous: true, if_exists: "update", allow_disruptive: true };
const FAILED = { state: "settled", outcomes: { one: "died", two: "" } };

describe("a change that is to be settled", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });

  after(() => cluster.stop());

  for (const [name, way, env] of WAYS) {
    describe(name, () => {
      let key: string;
      let base: Json;

      beforeEach(() => {
        const prefix = `/settle/${++prefixes}`;
        key = `${prefix}/config`;
        base = { endpoints: cluster.endpoints, prefix, ...way };
        put(key, OLD_TEXT);
        put(`${prefix}/subnets/10.200.1.0-24`, '{"PublicIP":"10.8.0.1","BackendType":"vxlan"}');
      });

      function put(name: string, value: string): void {
        cluster.etcdctlWith(env, env === V3_ENV ? "put" : "set", name, value);
      }

      function textAt(name: string): string | undefined {
        try {
          const words = env === V3_ENV ? ["get", "--print-value-only"] : ["get"];
          const text = cluster.etcdctlWith(env, ...words, name);
          return text === "" ? undefined : text;
        } catch {
          return undefined;
        }
      }

      const change = (): Promise<Json> => runEtcdConfig({ ...base, ...UPDATE, config: IPIP });

      it("goes back to the very text that was there, and leaves nothing", async () => {
        const { revision, pending } = await change();
        expect(pending).to.equal(true);
        expect(textAt(`${key}.previous`)).to.include("ipip");
        const result = await runEtcdConfig({ ...base, ...FAILED, revision });
        expect(result).to.deep.include({ put_back: true, pending: false, config: VXLAN_CONFIG });
        expect(textAt(key)).to.include(OLD_TEXT);
        expect(textAt(`${key}.previous`)).to.equal(undefined);
      });

      it("is settled when all are well, and the next run has nothing to do", async () => {
        await change();
        const outcomes = { one: "", two: "" };
        const result = await runEtcdConfig({ ...base, state: "settled", outcomes });
        expect(result).to.deep.include({ put_back: false, pending: false, config: IPIP });
        expect(textAt(`${key}.previous`)).to.equal(undefined);
        expect(await change()).to.include({ changed: false, pending: false });
      });

      it("leaves what somebody else has written since, be it the same text", async () => {
        for (const text of [JSON.stringify(HOST_GW), JSON.stringify(IPIP)]) {
          const { revision } = await change();
          put(key, text);
          const { code, message } = await failureOf({ ...base, ...FAILED, revision });
          expect([code, message]).to.deep.equal([
            "conflict",
            `${key}: flanneld did not come up with it on one: died; nothing was put back, because someone else has changed it since`,
          ]);
          expect(textAt(key)).to.include(text);
        }
      });

      it("is made once by thirty at once, and taken back once", async () => {
        const written = await Promise.all(Array.from({ length: 30 }, change));
        const updates = written.flatMap(({ changes }) =>
          (changes as string[]).filter((text) => text.startsWith("update")),
        );
        expect(updates).to.have.length(1);
        expect(new Set(written.map(({ revision }) => revision)).size).to.equal(1);
        const { revision } = written[0] ?? {};
        const result = await runEtcdConfig({ ...base, ...FAILED, revision });
        expect(result).to.deep.include({ put_back: true, config: VXLAN_CONFIG });
      });
    });
  }
});

describe("a change by a user who may do no more than flannel does", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;

  before(async () => {
    cluster = await EtcdCluster.start();
    const grant = ["role", "grant-permission", "flannel"];
    for (const words of [
      ["user", "add", "root:rootpw"],
      ["user", "grant-role", "root", "root"],
      ["role", "add", "flannel"],
      [...grant, "readwrite", "/net/config"],
      // flannel lists without the slash at the end
      [...grant, "--prefix=true", "readwrite", "/net/subnets"],
      ["user", "add", "flannel:flannelpw"],
      ["user", "grant-role", "flannel", "flannel"],
      ["put", "/net/config", JSON.stringify(VXLAN_CONFIG)],
      ["put", "/net/subnets/10.200.1.0-24", '{"PublicIP":"10.8.0.1","BackendType":"vxlan"}'],
      ["auth", "enable"],
    ]) {
      cluster.etcdctlWith(V3_ENV, ...words);
    }
  });

  after(() => cluster.stop());

  it("is made without a way back, and says so", async () => {
    const user = { username: "flannel", password: "flannelpw", prefix: "/net" };
    const base = { endpoints: cluster.endpoints, flannel_version: "v0.28.9", ...user };
    const result = await runEtcdConfig({ ...base, ...UPDATE, config: IPIP });
    expect(result).to.deep.include({ changed: true, pending: false, config: IPIP });
    expect(String(result["warnings"])).to.include("etcd does not let this user keep");
    const second = await runEtcdConfig({ ...base, ...UPDATE, config: IPIP });
    expect(second).to.include({ changed: false });
    expect(second).not.to.have.property("warnings");
  });
});
