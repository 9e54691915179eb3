// Every state of flannel_etcd_config against a real etcd, through both APIs and all transports.

import { expect } from "chai";

import { EtcdCluster } from "../../support/etcd";
import {
  type Json,
  VXLAN_CONFIG,
  checkEtcdConfig,
  failureOf,
  runEtcdConfig,
} from "../../support/etcd-config";

interface Way {
  readonly name: string;
  readonly options: Json;
  readonly env: Readonly<Record<string, string>>;
  readonly transport: string;
}

const WAYS: readonly Way[] = [
  { name: "v2", options: { flannel_version: "v0.17.0" }, env: {}, transport: "http" },
  {
    name: "v3 gateway",
    options: { flannel_version: "v0.28.9" },
    env: { ETCDCTL_API: "3" },
    transport: "gateway",
  },
  {
    name: "v3 etcdctl",
    options: { flannel_version: "v0.28.9", transport: "etcdctl", etcdctl_path: "/usr/bin" },
    env: { ETCDCTL_API: "3" },
    transport: "etcdctl",
  },
];

describe("states of the configuration", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });

  after(() => cluster.stop());

  for (const way of WAYS) {
    describe(way.name, () => {
      let key: string;
      let base: Json;

      beforeEach(() => {
        const prefix = `/test/${++prefixes}`;
        key = `${prefix}/config`;
        base = { endpoints: cluster.endpoints, prefix, ...way.options };
      });

      function put(name: string, value: string): void {
        const words = way.env["ETCDCTL_API"] === "3" ? ["put"] : ["set"];
        cluster.etcdctlWith(way.env, ...words, name, value);
      }

      function stored(): unknown {
        try {
          const words = way.env["ETCDCTL_API"] === "3" ? ["get", "--print-value-only"] : ["get"];
          return JSON.parse(cluster.etcdctlWith(way.env, ...words, key)) as unknown;
        } catch {
          return undefined;
        }
      }

      it("creates what is missing, once, as check mode predicts", async () => {
        const options = { ...base, config: VXLAN_CONFIG };
        const predicted = await checkEtcdConfig(options);
        expect(stored()).to.equal(undefined);
        const first = await runEtcdConfig(options, { _ansible_diff: true });
        expect(stored()).to.deep.equal(VXLAN_CONFIG);
        expect(first).to.deep.include({
          changed: true,
          transport: way.transport,
          key,
          config: VXLAN_CONFIG,
          endpoint: cluster.endpoints[0],
          changes: [`create ${key}`],
          capacity: { hosts: 255, addresses_per_host: 253, subnets_in_use: 0 },
          restart_required: false,
        });
        expect(first["etcd_version"]).to.match(/^3\.\d+\.\d+$/);
        for (const same of ["changed", "diff", "config", "changes", "capacity"]) {
          expect(predicted[same]).to.deep.equal(first[same]);
        }
        const second = await runEtcdConfig(options);
        expect(second).to.deep.include({
          changed: false,
          revision: first["revision"],
          differences: [],
        });
      });

      it("sees no difference where flannel sees none", async () => {
        const text =
          ' {"backend": {"vni": 1, "TYPE": "VxLAN"},\n "SubnetLen": 24, "network": "10.200.9.9/16"}';
        put(key, text);
        const result = await runEtcdConfig({
          ...base,
          config: VXLAN_CONFIG,
          if_exists: "update",
        });
        expect(result).to.deep.include({ changed: false, differences: [] });
      });

      it("keeps another configuration and warns of every difference", async () => {
        put(key, '{"Network":"10.1.0.0/16","Backend":{"Type":"vxlan","VNI":5}}');
        const result = await runEtcdConfig({ ...base, config: VXLAN_CONFIG });
        expect(result).to.deep.include({ changed: false, restart_required: false });
        const [warning] = result["warnings"] as string[];
        expect(warning).to.include("Network is 10.1.0.0/16, expected 10.200.0.0/16");
        expect(warning).to.include("Backend.VNI is 5, expected 1");
        expect(result["config"]).to.deep.include({ Network: "10.1.0.0/16" });
      });

      it("updates when told to, and says that daemons have to be restarted", async () => {
        put(key, '{"Network":"10.1.0.0/16","Backend":{"Type":"vxlan"}}');
        const options = { ...base, config: VXLAN_CONFIG, if_exists: "update" };
        const predicted = await checkEtcdConfig(options);
        expect(stored()).to.deep.include({ Network: "10.1.0.0/16" });
        const result = await runEtcdConfig(options, { _ansible_diff: true });
        expect(stored()).to.deep.equal(VXLAN_CONFIG);
        expect(result).to.deep.include({ changed: true, restart_required: true });
        expect(result["diff"]).to.deep.equal(predicted["diff"]);
        const second = await runEtcdConfig(options);
        expect(second).to.deep.include({ changed: false, restart_required: false });
      });

      it("fails when told to, also in check mode", async () => {
        put(key, '{"Network":"10.1.0.0/16","Backend":{"Type":"vxlan"}}');
        const options = { ...base, config: VXLAN_CONFIG, if_exists: "fail" };
        for (const settings of [{}, { _ansible_check_mode: true }]) {
          const error = await failureOf(options, settings);
          expect(error.code).to.equal("conflict");
          expect(error.message).to.include("Network is 10.1.0.0/16, expected 10.200.0.0/16");
        }
      });

      it("removes what nobody can read", async () => {
        const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
        for (const text of ["not json", deep]) {
          put(key, text);
          const result = await runEtcdConfig({ ...base, state: "absent" }, { _ansible_diff: true });
          expect(result).to.deep.include({ changed: true, config: null });
          expect((result["diff"] as Json[])[0]?.["before"]).to.include("bytes that are not a JSON");
          expect(stored()).to.equal(undefined);
        }
      });

      it("replaces what flannel cannot use, or warns of it", async () => {
        for (const text of ["not json", '{"Network":"10.1.0.0/30"}', "[]"]) {
          put(key, text);
          const kept = await runEtcdConfig({ ...base, config: VXLAN_CONFIG });
          expect((kept["warnings"] as string[])[0]).to.include(
            "flannel cannot use the configuration",
          );
          const result = await runEtcdConfig({
            ...base,
            config: VXLAN_CONFIG,
            if_exists: "update",
          });
          expect(result).to.deep.include({ changed: true });
          expect(stored()).to.deep.equal(VXLAN_CONFIG);
        }
      });

      it("removes the configuration, once", async () => {
        put(key, JSON.stringify(VXLAN_CONFIG));
        const options = { ...base, state: "absent" };
        const predicted = await checkEtcdConfig(options);
        expect(stored()).to.deep.equal(VXLAN_CONFIG);
        const result = await runEtcdConfig(options, { _ansible_diff: true });
        expect(result).to.deep.include({
          changed: true,
          config: null,
          revision: null,
          capacity: null,
        });
        expect(result["diff"]).to.deep.equal(predicted["diff"]);
        expect(stored()).to.equal(undefined);
        expect(await runEtcdConfig(options)).to.deep.include({ changed: false });
      });

      describe("with leases", () => {
        const NAMES = ["10.200.31.0-24", "10.200.77.0-24"];

        beforeEach(() => {
          put(key, JSON.stringify(VXLAN_CONFIG));
          NAMES.forEach((name, index) => {
            const value = `{"PublicIP":"10.8.0.${index + 1}","BackendType":"vxlan"}`;
            const name3 = `${key.replace(/config$/, "subnets")}/${name}`;
            if (way.env["ETCDCTL_API"] === "3") {
              const granted = cluster.etcdctl("lease", "grant", "86400");
              const id = /lease (\w+) granted/.exec(granted)?.[1] ?? "";
              cluster.etcdctl("put", `--lease=${id}`, name3, value);
            } else {
              cluster.etcdctlWith(way.env, "set", "--ttl", "86400", name3, value);
            }
          });
        });

        it("tells who holds what, changing nothing", async () => {
          const result = await runEtcdConfig({
            ...base,
            state: "query",
            config: { ...VXLAN_CONFIG, SubnetLen: 25 },
          });
          expect(result["changed"]).to.equal(false);
          const leases = result["leases"] as Json[];
          expect(leases).to.have.length(2);
          expect(leases[0]).to.deep.include({
            subnet: "10.200.31.0/24",
            public_ip: "10.8.0.1",
            backend_type: "vxlan",
          });
          expect(leases[0]?.["expires_in"]).to.be.within(86_000, 86_400);
          expect(result["capacity"]).to.deep.include({ subnets_in_use: 2 });
          expect((result["differences"] as Json[])[0]).to.deep.equal({
            key: "SubnetLen",
            before: 24,
            after: 25,
          });
        });

        const breaking: [string, Json, string][] = [
          [
            "type",
            { Network: "10.200.0.0/16", Backend: { Type: "host-gw" } },
            "Backend.Type is vxlan",
          ],
          ["VNI", { ...VXLAN_CONFIG, Backend: { Type: "vxlan", VNI: 9 } }, "Backend.VNI is 1"],
          ["network", { ...VXLAN_CONFIG, Network: "10.201.0.0/16" }, "10.200.77.0/24 of 10.8.0.2"],
        ];
        for (const [name, config, message] of breaking) {
          it(`refuses another ${name} unless allowed`, async () => {
            const options = { ...base, config, if_exists: "update" };
            const error = await failureOf(options);
            expect(error.code).to.equal("refused");
            expect(error.message).to.include(message).and.include("10.200.31.0/24 of 10.8.0.1");
            expect(stored()).to.deep.equal(VXLAN_CONFIG);
            const result = await runEtcdConfig({ ...options, allow_disruptive: true });
            expect(result).to.deep.include({ changed: true, restart_required: true });
            expect(stored()).to.deep.equal(config);
          });
        }

        it("allows a larger network", async () => {
          const config = { ...VXLAN_CONFIG, Network: "10.192.0.0/12" };
          const result = await runEtcdConfig({ ...base, config, if_exists: "update" });
          expect(result).to.deep.include({ changed: true, restart_required: true });
        });

        it("refuses to remove, and purges when allowed", async () => {
          const options = { ...base, state: "absent", purge_leases: true };
          const error = await failureOf(options);
          expect(error.code).to.equal("refused");
          expect(error.message).to.include(
            "10.200.31.0/24 of 10.8.0.1, 10.200.77.0/24 of 10.8.0.2",
          );
          const allowed = { ...options, allow_disruptive: true };
          const predicted = await checkEtcdConfig(allowed);
          expect(stored()).to.deep.equal(VXLAN_CONFIG);
          const result = await runEtcdConfig(allowed, { _ansible_diff: true });
          expect(result["changes"]).to.deep.equal([
            `remove ${key}`,
            "remove the lease 10.200.31.0/24 of 10.8.0.1 (vxlan)",
            "remove the lease 10.200.77.0/24 of 10.8.0.2 (vxlan)",
          ]);
          expect(result["diff"]).to.deep.equal(predicted["diff"]);
          expect(result["leases"]).to.deep.equal([]);
          const query = await runEtcdConfig({ ...base, state: "query" });
          expect(query).to.deep.include({ config: null, leases: [] });
          expect(await runEtcdConfig(allowed)).to.deep.include({ changed: false });
        });
      });
    });
  }

  describe("both stores", () => {
    const value = '{"Network":"10.77.0.0/16","Backend":{"Type":"vxlan"}}';

    it("says that the configuration is in the v2 store only, and takes it over when told", async () => {
      const prefix = `/test/${++prefixes}`;
      cluster.etcdctlWith({}, "set", `${prefix}/config`, value);
      const base = { endpoints: cluster.endpoints, prefix, flannel_version: "v0.28.9" };
      const query = await runEtcdConfig({ ...base, state: "query" });
      expect(query).to.include({ config: null, other_api: "v2" });
      const predicted = await checkEtcdConfig({ ...base, config: VXLAN_CONFIG });
      expect((predicted["warnings"] as string[])[0]).to.include("migrate_from_v2: true");
      const migrated = await runEtcdConfig({ ...base, migrate_from_v2: true });
      expect(migrated).to.deep.include({ changed: true, config: JSON.parse(value) as Json });
      expect(
        JSON.parse(cluster.etcdctl("get", "--print-value-only", `${prefix}/config`)),
      ).to.deep.equal(JSON.parse(value));
      const second = await runEtcdConfig({ ...base, migrate_from_v2: true });
      expect(second).to.include({ changed: false, other_api: null });
    });

    it("does not take over what this flannel cannot use", async () => {
      const prefix = `/test/${++prefixes}`;
      cluster.etcdctlWith({}, "set", `${prefix}/config`, '{"Network":"10.77.0.0/30","Backnd":{}}');
      const error = await failureOf({
        endpoints: cluster.endpoints,
        prefix,
        flannel_version: "v0.28.9",
        migrate_from_v2: true,
      });
      expect(error.code).to.equal("invalid_config");
      expect(error.message).to.include("too small").and.include('did you mean "Backend"?');
    });

    it("decides by if_exists where the old one is not the declared one", async () => {
      const base = {
        endpoints: cluster.endpoints,
        flannel_version: "v0.28.9",
        migrate_from_v2: true,
      };
      for (const [ifExists, network] of [
        ["keep", "10.77.0.0/16"],
        ["update", "10.200.0.0/16"],
      ]) {
        const prefix = `/test/${++prefixes}`;
        cluster.etcdctlWith({}, "set", `${prefix}/config`, value);
        const options = { ...base, prefix, config: VXLAN_CONFIG, if_exists: ifExists };
        const result = await runEtcdConfig(options);
        expect(result["config"]).to.deep.include({ Network: network });
        expect(await runEtcdConfig(options)).to.deep.include({ changed: false });
      }
    });

    it("asks whether flannel_version is right when the v3 store has one", async () => {
      const prefix = `/test/${++prefixes}`;
      cluster.etcdctl("put", `${prefix}/config`, value);
      const result = await runEtcdConfig({
        endpoints: cluster.endpoints,
        prefix,
        flannel_version: "v0.10.0",
        config: VXLAN_CONFIG,
      });
      expect((result["warnings"] as string[])[0]).to.include("is flannel_version right?");
    });

    it("says that the configuration is under the key without the slash in front", async () => {
      const prefix = `test/${++prefixes}`;
      cluster.etcdctl("put", `${prefix}/config`, value);
      const result = await runEtcdConfig({
        endpoints: cluster.endpoints,
        prefix: `/${prefix}`,
        flannel_version: "v0.28.9",
        state: "query",
      });
      expect(result).to.include({ config: null, other_api: null });
      const [warning] = result["warnings"] as string[];
      expect(warning).to.match(/^test\/\d+\/config: etcd's v3 store has a configuration there/);
      expect(warning).to.include("is the leading slash of prefix right?");
    });

    it("fails where neither has a configuration to take over", async () => {
      const error = await failureOf({
        endpoints: cluster.endpoints,
        prefix: `/test/${++prefixes}`,
        flannel_version: "v0.28.9",
        migrate_from_v2: true,
      });
      expect(error.code).to.equal("not_found");
    });
  });
});
