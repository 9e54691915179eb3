// What a role asks of the shipped flannel_unit beside running the daemon: a look at the host, the files
// of others, a true prediction, and a daemon of somebody else's left alone.

import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { type Result, type ScriptedHost } from "../support/scripted-host";
import { useScriptedUnit } from "../support/scripted-unit";

const NETWORK = { Network: "10.200.0.0/16", Backend: { Type: "host-gw" } };
const PSK = "correct-horse-battery-staple-".repeat(4);
const UNIT = "flannel-scripted-test.service";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("the bundle of flannel_unit for a role", function () {
  this.timeout(60_000);
  const unit = useScriptedUnit();
  const { succeed } = unit;
  let host: ScriptedHost;

  beforeEach(() => {
    ({ host } = unit);
  });

  const at = (name: string): string => join(host.root, name);
  const predict = (options: Record<string, unknown>): Promise<Result> =>
    succeed({ ...options, _ansible_check_mode: true, _ansible_diff: true });
  const converge = (options: Record<string, unknown>): Promise<Result> =>
    succeed({ ...options, _ansible_diff: true });

  it("looks at a bare host, and touches nothing", async () => {
    const certificates = { directory: at("certs"), sha256: { "ca.pem": "0".repeat(64) } };
    const settings = { "public-ip": "" };
    const options = { state: "query", interface: "lo", settings, certificates };
    const result = await succeed({ ...options, binary: at("nowhere"), arch: "arm64" });
    expect(result).to.deep.include({
      changed: false,
      changes: [],
      address: "127.0.0.1",
      arch: "arm64",
      running_version: null,
      differing_certificates: [".", "ca.pem"],
      outdated_certificates: [at("certs/ca.pem")],
      wave: { index: 0, count: 1, first: 0, size: 1 },
      main_pid: 0,
      enabled: false,
    });
    expect(result["flags"]).to.include("-public-ip=127.0.0.1");
    expect(host.calls).to.deep.equal([]);
    expect(existsSync(host.unitPath)).to.equal(false);
  });

  it("asks what a daemon lacks only where one is declared", async () => {
    const look = { state: "query", environment: { PATH: "/nowhere" } };
    expect((await succeed(look))["warnings"]).to.equal(undefined);
    const declared = await succeed({ ...look, flannel_version: "v0.28.9" });
    expect(String(declared["warnings"])).to.include("packet filter: iptables: no such program");
  });

  it("looks at a converged host", async () => {
    await succeed();
    mkdirSync(at("certs"), { mode: 0o700 });
    writeFileSync(at("certs/ca.pem"), "ca");
    chmodSync(at("certs/ca.pem"), 0o640);
    const sha256 = { "ca.pem": digestOf("ca") };
    const certificates = { directory: at("certs"), sha256 };
    expect(await succeed({ state: "query", certificates })).to.deep.include({
      changed: false,
      address: null,
      running_version: "v0.28.9",
      differing_certificates: [],
      main_pid: host.pid,
    });
    expect(await succeed()).to.deep.include({ changed: false, address: null, wave: null });
  });

  it("puts the certificates in place that were sent, and shows none of them", async () => {
    const [ca, key] = ["a certificate\n", "a private key\n"];
    const certificates = {
      directory: at("certs"),
      sha256: { "ca.pem": digestOf(ca), "key.pem": digestOf(key) },
      sent: at("sent"),
    };
    const options = { state: "present", only: "certificates", certificates };
    const send = (files: object): void => {
      writeFileSync(at("sent"), JSON.stringify(files), { mode: 0o600 });
    };
    const predicted = await predict(options);
    expect(predicted.changes).to.deep.equal(
      ["create", "write", "write"].map(
        (verb, index) => `${verb} ${at(["certs", "certs/ca.pem", "certs/key.pem"][index] ?? "")}`,
      ),
    );
    expect(existsSync(at("certs"))).to.equal(false);
    send({ "ca.pem": ca, "key.pem": key });
    const real = await converge(options);
    expect([real.changes, real["diff"]]).to.deep.equal([predicted.changes, predicted["diff"]]);
    expect(JSON.stringify(real)).to.not.include("private key");
    expect(readFileSync(at("certs/key.pem"), "utf8")).to.equal(key);
    expect(statSync(at("certs/key.pem")).mode & 0o7777).to.equal(0o640);
    expect(statSync(at("certs")).mode & 0o7777).to.equal(0o700);
    expect(existsSync(at("sent"))).to.equal(false);
    expect((await converge(options)).changed).to.equal(false);
    expect(host.calls).to.deep.equal([]);

    chmodSync(at("certs/ca.pem"), 0o644);
    writeFileSync(at("certs/key.pem"), "another");
    send({ "key.pem": "forged" });
    const forged = await host.run(options);
    expect(forged.msg)
      .to.include("key.pem does not have the declared SHA-256")
      .and.not.include("forged");
    expect(forged.changes).to.deep.equal([`set mode and owner of ${at("certs/ca.pem")}`]);
    expect([readFileSync(at("certs/key.pem"), "utf8"), existsSync(at("sent"))]).to.deep.equal([
      "another",
      false,
    ]);
    const missing = await host.run(options);
    expect(missing).to.include({ failed: true, error_code: "not_found" });
  });

  it("refuses what it cannot look for", async () => {
    const options = { state: "query", interface: "nosuch0", settings: { "public-ip": "" } };
    const result = await host.run(options);
    expect(result).to.include({ failed: true, error_code: "not_found", changed: false });
    expect(result.msg).to.contain("interface nosuch0 has no IPv4 address");
    expect(result.msg).to.match(/The host has .*\blo\b/);
  });

  it("tells the daemon the address of the interface, and restarts for no other reason", async () => {
    const options = { interface: "lo", settings: { "public-ip": "" } };
    await succeed(options);
    expect(host.argv).to.include("-public-ip=127.0.0.1");
    expect(await succeed(options)).to.include({ changed: false });
  });

  it("writes the CNI configuration, leaves the daemon running, and takes it back", async () => {
    const cni_conf_path = at("cni/net.d/10-flannel.conflist");
    const options = { cni_conf_path, cni_conf: { name: "cni0", plugins: [] } };
    expect((await succeed(options)).changes[0]).to.equal(`write ${cni_conf_path}`);
    expect(statSync(cni_conf_path).mode & 0o777).to.equal(0o600);
    expect(statSync(at("cni/net.d")).mode & 0o777).to.equal(0o755);
    expect(await succeed(options)).to.include({ changed: false });
    const { pid } = host;
    chmodSync(at("cni/net.d"), 0o700);
    writeFileSync(at("cni/net.d/10-flannel.conf"), "{}");
    const text = '{"name":"cni1"}';
    const changed = await succeed({ ...options, cni_conf: text });
    expect(changed.changes).to.deep.equal([
      `set mode and owner of ${at("cni/net.d")}`,
      `write ${cni_conf_path}`,
    ]);
    expect(String(changed["warnings"])).to.contain("10-flannel.conf: sorts before");
    expect(readFileSync(cni_conf_path, "utf8")).to.equal(`${text}\n`);
    expect(host.pid).to.equal(pid);
    await succeed({ cni_conf_path, state: "absent" });
    expect(existsSync(cni_conf_path)).to.equal(false);
    expect(existsSync(at("cni/net.d/10-flannel.conf"))).to.equal(true);
  });

  it("writes one file alone, and nothing else", async () => {
    const cni_conf_path = at("cni/10-flannel.conflist");
    const options = { state: "present", only: "cni", cni_conf_path, cni_conf: "{}" };
    const predicted = await predict(options);
    expect(existsSync(cni_conf_path)).to.equal(false);
    expect(await converge(options)).to.deep.include({
      changes: [`write ${cni_conf_path}`],
      diff: predicted["diff"],
    });
    expect(await succeed(options)).to.include({ changed: false });
    expect(existsSync(host.unitPath)).to.equal(false);
    expect(host.calls).to.deep.equal([]);
  });

  const KUBE = {
    flannel_version: "v0.28.9",
    settings: { "kube-subnet-mgr": true },
    network_config: { ...NETWORK, Backend: { Type: "ipsec", PSK } },
  };

  it("writes the network configuration for kube-subnet-mgr, and restarts once for another", async () => {
    const options = { ...KUBE, net_conf_path: at("options/net-conf.json"), _ansible_diff: true };
    const first = await succeed(options);
    expect(host.argv).to.include(`-net-config-path=${options.net_conf_path}`);
    expect(JSON.parse(readFileSync(options.net_conf_path, "utf8"))).to.deep.equal(
      KUBE.network_config,
    );
    expect(await succeed(options)).to.include({ changed: false });
    const other = { ...options, network_config: { ...KUBE.network_config, SubnetLen: 26 } };
    const second = await succeed(other);
    expect(second).to.include({ restarted: true });
    expect(await succeed(other)).to.include({ changed: false });
    rmSync(options.net_conf_path);
    expect(await succeed(other)).to.deep.include({
      changes: [`write ${options.net_conf_path}`, `restart ${UNIT}`],
    });
    expect(await succeed(other)).to.include({ changed: false });
    expect(JSON.stringify([first, second]))
      .to.contain("ipsec")
      .and.not.contain(PSK.slice(0, 20));
    await succeed({ ...other, state: "absent" });
    expect(existsSync(at("options"))).to.equal(false);
  });

  it("puts the network configuration back with which the daemon did run", async () => {
    const options = { ...KUBE, net_conf_path: at("options/net-conf.json") };
    await succeed(options);
    const before = [host.read(options.net_conf_path), host.read(host.unitPath)];
    host.play({ starts: ["failed", "ready"] });
    const other = { ...options, network_config: { ...KUBE.network_config, SubnetLen: 26 } };
    const result = await host.run(other);
    expect(result).to.include({ failed: true, error_code: "service", rolled_back: true });
    expect(result.changes.slice(-3)).to.deep.equal([
      "put back the previous network configuration",
      "put back the previous unit",
      `start ${UNIT} again as it was before`,
    ]);
    expect([host.read(options.net_conf_path), host.read(host.unitPath)]).to.deep.equal(before);
    expect(await succeed(options)).to.include({ changed: false });
  });

  it("writes no network configuration that flannel of this version could not use", async () => {
    const network_config = { Network: "10.200.0.0/16", Backend: { Type: "vxlann" } };
    const options = { ...KUBE, network_config, net_conf_path: at("options/net-conf.json") };
    const result = await host.run(options);
    expect(result).to.include({ failed: true, error_code: "invalid_config", changed: false });
    expect(existsSync(options.net_conf_path)).to.equal(false);
  });

  /** What an earlier task of the play does in a real run. */
  const replacements = {
    binary: () => {
      host.replaceBinary(at(".flanneld.previous-v0.1.0"), "v0.28.8");
    },
    certificate: () => {
      rmSync(at("ca.pem"));
      writeFileSync(at("ca.pem"), "new");
    },
  };
  const pathOf = (name: keyof typeof replacements): string =>
    name === "binary" ? host.binary : at("ca.pem");

  interface Kind {
    readonly what: string;
    readonly options?: Record<string, unknown>;
    readonly replaced?: readonly (keyof typeof replacements)[];
    readonly isBare?: boolean;
  }

  const flag = { settings_user: { v: 1 } };
  const kinds: readonly Kind[] = [
    { what: "nothing" },
    { what: "a new binary", replaced: ["binary"] },
    { what: "a new certificate", replaced: ["certificate"] },
    { what: "both", replaced: ["binary", "certificate"] },
    { what: "a changed network", options: { network_config: { ...NETWORK, SubnetLen: 26 } } },
    { what: "a changed flag", options: flag },
    { what: "a new binary with a new flag", replaced: ["binary"], options: flag },
    { what: "another password", options: { settings_user: { "etcd-password": "hunter2hunter2" } } },
    { what: "another CNI configuration", options: { cni_conf: { name: "cni1" } } },
    { what: "a bare host", isBare: true },
  ];
  for (const { what, options = {}, replaced = [], isBare = false } of kinds) {
    it(`predicts exactly what it then does about ${what}`, async () => {
      const before = {
        settings: { "etcd-cafile": at("ca.pem") },
        network_config: NETWORK,
        cni_conf_path: at("cni/10-flannel.conflist"),
        cni_conf: { name: "cni0" },
      };
      writeFileSync(at("ca.pem"), "old");
      if (!isBare) await succeed(before);
      await new Promise((resolve) => setTimeout(resolve, 50)); // dates tick in steps of 10 ms
      const task = { ...before, ...options, replaced: replaced.map(pathOf) };
      const predicted = await predict(task);
      for (const name of replaced) replacements[name]();
      const done = await converge(task);
      for (const key of ["changed", "changes", "diff", "restart_reasons", "restarted", "flags"]) {
        expect(predicted[key], key).to.deep.equal(done[key]);
      }
      expect(done).to.include({ changed: what !== "nothing" });
      expect(await converge(task)).to.include({ changed: false });
    });
  }

  it("leaves the daemon of another role alone where its release would go back, or read another store", async () => {
    host.play({ others: ["docker.service"] });
    host.startByOthers("v0.16.1");
    const { pid } = host;
    const task = { required_by: ["docker.service"] };
    for (const flannel_version of ["v0.10.0", "v0.28.9"]) {
      for (const state of ["query", "started"]) {
        for (const _ansible_check_mode of [false, true]) {
          const result = await host.run({ ...task, flannel_version, state, _ansible_check_mode });
          expect(result).to.include({ failed: true, error_code: "conflict", changed: false });
          expect(result.msg).to.contain("this host runs flanneld v0.16.1");
        }
      }
    }
    expect(host.pid).to.equal(pid);
    expect(host.calls).to.deep.equal([]);
    const look = await succeed({ ...task, flannel_version: "v0.16.1", state: "query" });
    expect(look).to.include({ running_version: "v0.16.1", changed: false });
    expect(String(look["warnings"])).to.contain("stops docker.service, which requires it");
    const adopted = await succeed({ flannel_version: "v0.28.9", adopt: true });
    expect(adopted).to.deep.include({ restarted: true });
    expect(adopted["restart_reasons"]).to.include(
      "unit: the process was started from a different unit",
    );
    expect(await succeed({ flannel_version: "v0.10.0" })).to.include({ changed: false });
  });
});
