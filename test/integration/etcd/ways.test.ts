// Whatever the way to etcd and whatever the environment: the same result, the same reason, in time.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Certificates } from "../../support/certificates";
import { EtcdCluster, freePorts } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, failureOf, runEtcdConfig } from "../../support/etcd-config";
import { startTlsServer } from "../../support/tls-server";

const V3 = { flannel_version: "v0.28.9", config: VXLAN_CONFIG };
const WAYS = [
  ["v2", { flannel_version: "v0.17.0", config: VXLAN_CONFIG }],
  ["v3 gateway", { ...V3, transport: "gateway" }],
  ["v3 etcdctl", { ...V3, transport: "etcdctl" }],
] as const;

describe("ways to etcd", function () {
  this.timeout(60_000);
  let cluster: EtcdCluster;
  let prefixes = 0;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
  });
  after(() => cluster.stop());

  const optionsFor = (way: Json): Json => ({
    ...way,
    endpoints: cluster.endpoints,
    prefix: `/ways/${++prefixes}`,
  });

  /** Runs with these variables in the environment of this process. */
  async function within<T>(
    variables: Readonly<Record<string, string>>,
    run: () => Promise<T>,
  ): Promise<T> {
    const names = Object.keys(variables);
    const before = names.map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, variables);
    try {
      return await run();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  }

  for (const variables of [
    { ETCDCTL_ENDPOINTS: "http://127.0.0.1:1", ETCDCTL_WRITE_OUT: "simple" },
    { ETCDCTL_CACERT: "/nonexistent", ETCDCTL_CERT: "/nonexistent", ETCDCTL_KEY: "/nonexistent" },
    { ETCDCTL_API: "2", ETCDCTL_USER: "nobody:nothing", ETCDCTL_COMMAND_TIMEOUT: "x" },
    { ETCDCTL_DISCOVERY_SRV: "example.invalid", SSL_CERT_FILE: "/nonexistent" },
  ]) {
    it(`are not led astray by ${Object.keys(variables).join(", ")}`, async () => {
      const options = optionsFor({ ...V3, transport: "etcdctl" });
      await within(variables, async () => {
        expect(await runEtcdConfig(options)).to.include({ changed: true });
        expect(await runEtcdConfig(options)).to.include({ changed: false });
      });
    });
  }

  for (const [name, way] of WAYS) {
    it(`${name}: the port of the peers is told so, and the next endpoint is asked`, async () => {
      const peer = cluster.peers[0] ?? "";
      const options = optionsFor(way);
      const error = await failureOf({ ...options, endpoints: [peer] });
      expect(error.message).to.include(
        "is etcd's peer port, by which its members talk to each other",
      );
      expect(error).to.include({ code: "unsupported" });
      const both = { ...options, endpoints: [peer, ...cluster.endpoints] };
      expect(await runEtcdConfig(both)).to.include({ changed: true });
      expect(await runEtcdConfig(both)).to.include({ changed: false });
    });

    it(`${name}: a member that is down is told at once`, async () => {
      const [port] = await freePorts(1);
      const dead = `http://127.0.0.1:${port ?? 0}`;
      const options = optionsFor(way);
      const started = performance.now();
      const error = await failureOf({ ...options, endpoints: [dead] });
      expect(error.message).to.include(`${dead}: connection refused`);
      const both = { ...options, endpoints: [dead, ...cluster.endpoints] };
      expect(await runEtcdConfig(both)).to.include({ changed: true });
      expect(performance.now() - started).to.be.below(3_000);
      expect(await runEtcdConfig(both)).to.include({ changed: false });
    });
  }

  // The v2 API takes it.
  for (const [name, way] of WAYS.slice(1)) {
    it(`${name}: what is larger than etcd takes is refused, not lost`, async () => {
      const long = {
        ...VXLAN_CONFIG,
        Backend: { Type: "extension", PostStartupCommand: "x".repeat(1_600_000) },
      };
      const error = await failureOf({ ...optionsFor(way), config: long });
      expect(error).to.include({ code: "refused" });
      expect(error.message).to.include("larger than etcd takes");
    });
  }

  it("warn of an endpoint without a port", async () => {
    const options = { ...V3, endpoints: ["http://127.0.0.1"], timeout: 1 };
    const error = await failureOf(options);
    expect((error.result["warnings"] as string[])[0]).to.include("http://127.0.0.1 has no port");
  });

  it("list what flannel lists: all that begins with the name of the folder", async () => {
    const options = optionsFor({ flannel_version: "v0.28.9", state: "query" });
    const prefix = String(options["prefix"]);
    for (const key of ["subnets/10.1.1.0-24", "subnets-old/10.1.2.0-24", "subnet/10.1.3.0-24"]) {
      cluster.etcdctl("put", `${prefix}/${key}`, '{"PublicIP":"10.8.0.1"}');
    }
    const { leases } = await runEtcdConfig(options);
    const subnets = (leases as Json[]).map(({ subnet }) => subnet);
    expect(subnets).to.deep.equal(["10.1.1.0/24", "10.1.2.0/24"]);
  });

  it("start etcdctl as often for a hundred leases as for none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "etcdctl-count-"));
    const record = join(folder, "record");
    const script = `#!/bin/sh\necho call >> ${record}\nexec etcdctl "$@"\n`;
    writeFileSync(join(folder, "etcdctl"), script, { mode: 0o755 });
    const callsOf = async (options: Json): Promise<number> => {
      writeFileSync(record, "");
      await runEtcdConfig({ ...options, transport: "etcdctl", etcdctl_path: folder });
      return readFileSync(record, "utf8").split("\n").length - 1;
    };
    try {
      const options = optionsFor(V3);
      const key = `${String(options["prefix"])}/subnets`;
      await runEtcdConfig(options);
      expect(await callsOf(options)).to.equal(2);
      const query = { ...options, state: "query", config: undefined };
      const withoutLeases = await callsOf(query);
      const id = /lease (\w+) granted/.exec(cluster.etcdctl("lease", "grant", "86400"))?.[1] ?? "";
      for (let index = 1; index <= 20; index++) {
        cluster.etcdctl("put", `--lease=${id}`, `${key}/10.200.${index}.0-24`, "{}");
      }
      expect(await callsOf(options)).to.equal(2);
      // One more for how long they last: these have one lease of etcd's for all.
      expect(await callsOf(query)).to.equal(withoutLeases + 1);
      const { leases } = await runEtcdConfig({ ...query, transport: "etcdctl" });
      expect((leases as Json[])[0]?.["expires_in"]).to.be.within(86_000, 86_400);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("ways to a server with a bad certificate", function () {
  this.timeout(30_000);
  const files = new Certificates();

  before(() => {
    files.issue("client");
    files.issue("expired", { days: -1 });
    files.issue("elsewhere", { names: "DNS:elsewhere.example" });
  });
  after(() => {
    files.remove();
  });

  for (const [name, way] of WAYS) {
    for (const [certificate, message] of [
      ["expired", "the server's certificate has expired"],
      ["elsewhere", "(127.0.0.1 is not in DNS:elsewhere.example)"],
    ] as const) {
      it(`${name}: ${certificate} is told at once`, async () => {
        const server = await startTlsServer(files, certificate);
        const started = performance.now();
        try {
          const error = await failureOf({
            ...way,
            endpoints: [server.endpoint],
            ca_file: files.ca,
          });
          expect(error).to.include({ code: "tls" });
          expect(error.message).to.include(message);
          expect(performance.now() - started).to.be.below(1_500);
        } finally {
          await server.stop();
        }
      });
    }
  }
});
