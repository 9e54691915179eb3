// What etcd and the network can say no with, each explained: TLS, authentication, and servers that
// are none.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Certificates } from "../../support/certificates";
import { EtcdCluster, freePorts } from "../../support/etcd";
import { type Json, VXLAN_CONFIG, failureOf, runEtcdConfig } from "../../support/etcd-config";
import { startSilentServer } from "../../support/tcp-proxy";
import { startTlsServer } from "../../support/tls-server";

const V3 = { flannel_version: "v0.28.9", config: VXLAN_CONFIG };
const V2 = { flannel_version: "v0.17.0", config: VXLAN_CONFIG };

describe("TLS with client certificates", function () {
  this.timeout(60_000);
  const files = new Certificates();
  const strangers = new Certificates("another CA");
  let cluster: EtcdCluster;
  let base: Json;

  before(async () => {
    files.issue("server");
    files.issue("client");
    files.issue("expired", { days: -1 });
    files.issue("server-only", { usage: "serverAuth" });
    strangers.issue("client");
    cluster = await EtcdCluster.start({ certificates: files, flags: ["--enable-v2"] });
    base = {
      endpoints: cluster.endpoints,
      ca_file: files.ca,
      cert_file: files.certificate("client"),
      key_file: files.key("client"),
      timeout: 10,
    };
  });

  after(async () => {
    await cluster.stop();
    files.remove();
    strangers.remove();
  });

  for (const [name, options] of [
    ["v2", V2],
    ["v3 gateway", V3],
    ["v3 etcdctl", { ...V3, transport: "etcdctl", prefix: "/by-etcdctl" }],
  ] as const) {
    it(`${name}: writes, once`, async () => {
      expect(await runEtcdConfig({ ...base, ...options })).to.include({ changed: true });
      expect(await runEtcdConfig({ ...base, ...options })).to.include({ changed: false });
    });
  }

  const faults: [string, () => Json, string, string][] = [
    ["no client certificate", () => ({ cert_file: null, key_file: null }), "tls", "give cert_file"],
    [
      "a client certificate of another CA",
      () => ({ cert_file: strangers.certificate("client"), key_file: strangers.key("client") }),
      "tls",
      "client certificate refused",
    ],
    [
      "a client certificate that has expired",
      () => ({ cert_file: files.certificate("expired"), key_file: files.key("expired") }),
      "tls",
      "the server would refuse it; renew it, unless this host's clock is wrong, which says 2",
    ],
    [
      "a client certificate without clientAuth",
      () => ({ cert_file: files.certificate("server-only"), key_file: files.key("server-only") }),
      "tls",
      "allow clientAuth",
    ],
    ["another key", () => ({ key_file: files.key("server") }), "tls", "is not the key of"],
    ["another CA", () => ({ ca_file: strangers.ca }), "tls", "unknown CA"],
    ["no CA", () => ({ ca_file: null }), "tls", "unknown CA"],
    ["no PEM", () => ({ ca_file: files.key("client") }), "tls", 'contains no PEM "CERTIFICATE"'],
    [
      "a missing file",
      () => ({ ca_file: "/nowhere/ca.pem" }),
      "host",
      "ca_file: cannot read /nowhere/ca.pem",
    ],
    [
      "http instead of https",
      () => ({ endpoints: cluster.endpoints.map((url) => url.replace("https", "http")) }),
      "tls",
      "is it https:// instead of http://?",
    ],
  ];
  for (const [name, fault, code, message] of faults) {
    for (const [api, options] of [
      ["v2", V2],
      ["v3", V3],
    ] as const) {
      it(`${api}: ${name}`, async () => {
        const error = await failureOf({ ...base, ...options, ...fault() });
        expect(error.message).to.include(message);
        expect(error.code).to.equal(code);
      });
    }
  }

  for (const [name, certificate, message] of [
    ["that has expired", { days: -1 }, "the server's certificate has expired"],
    ["for another host", { names: "DNS:elsewhere.example" }, "wrong host name"],
  ] as const) {
    it(`a server certificate ${name}`, async () => {
      files.issue("odd-server", certificate);
      // etcd's own gateway would not connect to itself; the handshake comes first and is the point.
      const server = await startTlsServer(files, "odd-server");
      try {
        const error = await failureOf({ ...base, ...V3, endpoints: [server.endpoint] });
        expect(error).to.include({ code: "tls" });
        expect(error.message).to.include(message);
      } finally {
        await server.stop();
      }
    });
  }

  it("a server certificate without clientAuth: the gateway cannot work, etcdctl can", async () => {
    const other = await EtcdCluster.start({
      certificates: files,
      serverCertificate: "server-only",
    });
    try {
      const options = { ...base, ...V3, endpoints: other.endpoints };
      const error = await failureOf({ ...options, transport: "gateway" });
      expect(error.message).to.include("lacks the clientAuth usage");
      const result = await runEtcdConfig(options);
      expect(result).to.include({ changed: true, transport: "etcdctl" });
      expect(await runEtcdConfig(options)).to.include({ changed: false });
    } finally {
      await other.stop();
    }
  });
});

describe("authentication", function () {
  this.timeout(60_000);
  const files = new Certificates();
  let cluster: EtcdCluster;
  let base: Json;

  before(async () => {
    for (const name of ["server", "client"]) files.issue(name);
    files.issue("nameless", { commonName: "" });
    cluster = await EtcdCluster.start({ certificates: files, flags: ["--enable-v2"] });
    base = {
      endpoints: cluster.endpoints,
      ca_file: files.ca,
      cert_file: files.certificate("nameless"),
      key_file: files.key("nameless"),
    };
    const administer = (...args: string[]): string => cluster.etcdctl(...args);
    administer("user", "add", "root:rootpw");
    administer("user", "grant-role", "root", "root");
    administer("role", "add", "flannel");
    administer("role", "grant-permission", "flannel", "--prefix=true", "readwrite", "/flannel/");
    administer("user", "add", "flannel:flannelpw");
    administer("user", "grant-role", "flannel", "flannel");
    administer("auth", "enable");
    const administerV2 = (...args: string[]): string => cluster.etcdctlWith({}, ...args);
    administerV2("user", "add", "root:rootpw");
    administerV2("auth", "enable");
    administerV2("--username=root:rootpw", "role", "revoke", "guest", "--path=/*", "--readwrite");
    administerV2("--username=root:rootpw", "role", "add", "flannel");
    administerV2(
      "--username=root:rootpw",
      "role",
      "grant",
      "flannel",
      "--path=/flannel/*",
      "--readwrite",
    );
    administerV2("--username=root:rootpw", "user", "add", "flannel:flannelpw");
    administerV2("--username=root:rootpw", "user", "grant", "--roles=flannel", "flannel");
  });

  after(async () => {
    await cluster.stop();
    files.remove();
  });

  const USER = { username: "flannel", password: "flannelpw" };
  const OURS = { prefix: "/flannel/net" };
  const OTHERS = { prefix: "/other/net" };
  const ETCDCTL = { transport: "etcdctl" };

  for (const [name, options] of [
    ["v2", { ...V2, ...OURS }],
    ["v3 gateway", { ...V3, ...OURS }],
    ["v3 etcdctl", { ...V3, ...ETCDCTL, prefix: "/flannel/by-etcdctl" }],
  ] as const) {
    it(`${name}: a user who may, may`, async () => {
      expect(await runEtcdConfig({ ...base, ...USER, ...options })).to.include({ changed: true });
      expect(await runEtcdConfig({ ...base, ...USER, ...options })).to.include({ changed: false });
    });
  }

  const refusals: [string, Json, string, string][] = [
    [
      "v2: no user",
      // etcd 3.4 crashes on a certificate without CommonName when v2's authentication is on.
      {
        ...V2,
        ...OURS,
        cert_file: files.certificate("client"),
        key_file: files.key("client"),
      },
      "auth",
      "give username and password",
    ],
    ["v2: another prefix", { ...V2, ...OTHERS, ...USER }, "permission", "may not access the key"],
    [
      "v2: wrong password",
      { ...V2, ...OURS, ...USER, password: "wrong1" },
      "permission",
      "wrong username or password",
    ],
    ["v3: no user", { ...V3, ...OURS }, "auth", "give the username and password"],
    ["v3: another prefix", { ...V3, ...OTHERS, ...USER }, "permission", "permission denied"],
    [
      "v3: wrong password",
      { ...V3, ...OURS, ...USER, password: "wrong1" },
      "auth",
      "wrong username or password",
    ],
    [
      "v3 etcdctl: another prefix",
      { ...V3, ...OTHERS, ...USER, ...ETCDCTL },
      "permission",
      "permission denied",
    ],
    [
      "v3 etcdctl: wrong password",
      { ...V3, ...OURS, ...USER, ...ETCDCTL, password: "wrong1" },
      "auth",
      "wrong username or password",
    ],
  ];
  for (const [name, options, code, message] of refusals) {
    it(name, async () => {
      const error = await failureOf({ ...base, ...options });
      expect(error.message).to.include(message).and.not.include("wrong1");
      expect(error.code).to.equal(code);
    });
  }

  it("a certificate with a CommonName: the gateway refuses it, etcdctl goes on", async () => {
    const named = {
      ...base,
      ...V3,
      ...USER,
      prefix: "/flannel/named",
      cert_file: files.certificate("client"),
      key_file: files.key("client"),
    };
    const error = await failureOf({ ...named, transport: "gateway" });
    expect(error.message).to.include("client certificate that has a CommonName");
    expect(await runEtcdConfig(named)).to.include({ changed: true, transport: "etcdctl" });
    expect(await runEtcdConfig(named)).to.include({ changed: false });
    const missing = await failureOf({ ...named, etcdctl_path: "/nowhere/etcdctl" });
    expect(missing.message).to.include("CommonName").and.include("point etcdctl_path to it");
  });
});

describe("an etcd that cannot serve this flannel", function () {
  this.timeout(30_000);
  let withoutV2: EtcdCluster;
  let withoutGateway: EtcdCluster;

  before(async () => {
    withoutV2 = await EtcdCluster.start({ flags: ["--enable-v2=false"] });
    withoutGateway = await EtcdCluster.start({ flags: ["--enable-grpc-gateway=false"] });
  });

  after(() => Promise.all([withoutV2.stop(), withoutGateway.stop()]));

  it("v2 is off: says which etcd answered, what flannel needs and the two ways out", async () => {
    const error = await failureOf({ ...V2, endpoints: withoutV2.endpoints });
    expect(error.code).to.equal("unsupported");
    expect(error.message).to.match(/etcd 3\.\d+\.\d+ answered, but its v2 API is (off|gone)/);
    expect(error.message).to.include("--enable-v2=true, or use flannel v0.18.0 or newer");
  });

  it("etcdctl gets the password by its environment, not its arguments", async () => {
    const folder = mkdtempSync(join(tmpdir(), "etcdctl-wrapper-"));
    const record = join(folder, "record");
    const lines = [`echo "arguments: $*" >> ${record}`, `echo "user: $ETCDCTL_USER" >> ${record}`];
    const wrapper = join(folder, "etcdctl");
    writeFileSync(wrapper, ["#!/bin/sh", ...lines, 'exec etcdctl "$@"'].join("\n"), {
      mode: 0o755,
    });
    try {
      const user = { username: "flannel", password: "s3cret-s3cret" };
      const how = { transport: "etcdctl", etcdctl_path: folder, prefix: "/by-wrapper" };
      await runEtcdConfig({ ...V3, ...user, ...how, endpoints: withoutGateway.endpoints });
      const told = readFileSync(record, "utf8");
      expect(told).to.include("arguments: -w json").and.include("user: flannel:s3cret-s3cret");
      expect(told).not.to.match(/arguments:.*s3cret/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("the gateway is off: etcdctl goes on", async () => {
    const options = { ...V3, endpoints: withoutGateway.endpoints };
    const error = await failureOf({ ...options, transport: "gateway" });
    expect(error.code).to.equal("unsupported");
    expect(error.message).to.include("its JSON gateway is off");
    expect(await runEtcdConfig(options)).to.include({ changed: true, transport: "etcdctl" });
    expect(await runEtcdConfig(options)).to.include({ changed: false });
  });
});

describe("endpoints that are none", function () {
  this.timeout(30_000);
  let cluster: EtcdCluster;
  let silent: Awaited<ReturnType<typeof startSilentServer>>;
  let webServer: { endpoint: string; stop: () => Promise<void> };
  let closed: string;

  before(async () => {
    cluster = await EtcdCluster.start();
    silent = await startSilentServer();
    webServer = await startWebServer();
    const [port] = await freePorts(1);
    closed = `http://127.0.0.1:${port ?? 0}`;
  });

  after(() => Promise.all([cluster.stop(), silent.stop(), webServer.stop()]));

  it("are passed over", async () => {
    const endpoints = [
      silent.endpoint,
      closed,
      webServer.endpoint,
      "http://no-such-host.invalid:1",
    ];
    const options = { ...V3, endpoints: [...endpoints, ...cluster.endpoints], timeout: 10 };
    const result = await runEtcdConfig(options);
    expect(result).to.include({ changed: true, endpoint: cluster.endpoints[0] });
    expect(await runEtcdConfig(options)).to.include({ changed: false });
  });

  for (const options of [V2, V3, { ...V3, transport: "etcdctl" }]) {
    it(`are told one by one: ${JSON.stringify(options)}`, async () => {
      const endpoints = [silent.endpoint, closed, webServer.endpoint];
      const started = performance.now();
      const error = await failureOf({ ...options, endpoints, timeout: 4 });
      expect(performance.now() - started).to.be.below(6_000);
      expect(error.message).to.include("no endpoint could serve the request (3 tried)");
      const lines = error.message.split("\n  ").slice(1);
      expect(lines.map((line) => line.split(": ")[0])).to.deep.equal(endpoints);
      expect(error.result["endpoint_errors"]).to.have.length(3);
      if ("transport" in options) return; // etcdctl says no more than that time ran out
      expect(lines[0]).to.include("timeout: connected, but no answer within 1.3 s");
      expect(lines[1]).to.include("connection refused");
      expect(lines[2]).to.include("not etcd: /version answered HTTP 404");
    });
  }

  it("fail a run in check mode just the same", async () => {
    const error = await failureOf({ ...V3, endpoints: [closed] }, { _ansible_check_mode: true });
    expect(error).to.include({ code: "network" });
  });
});

async function startWebServer(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const server = createHttpServer((_, response) => {
    response.statusCode = 404;
    response.end("<html>nothing here</html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
