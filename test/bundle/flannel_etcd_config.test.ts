// The shipped flannel_etcd_config in a process of its own. What it does to etcd is in
// test/integration/etcd.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { buildModule } from "../support/build-module";
import { freePorts } from "../support/etcd";
import { runModuleFile } from "../support/run-module";

const SECRET = "correct-horse-battery-staple";

describe("the bundle of flannel_etcd_config", function () {
  this.timeout(30_000);
  let library: string;
  let file: string;
  let closed: string;

  before(async () => {
    library = buildModule("flannel_etcd_config");
    file = join(library, "flannel_etcd_config.cjs");
    closed = `https://127.0.0.1:${(await freePorts(1))[0] ?? 0}`;
  });

  after(() => {
    rmSync(library, { recursive: true });
  });

  const OPTIONS = { endpoints: ["https://127.0.0.1:1"], flannel_version: "v0.28.9" };
  const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };

  const faults: [string, unknown, string, string][] = [
    ["no options", {}, "invalid_arguments", "endpoints: required"],
    [
      "a misspelt option",
      { ...OPTIONS, endpoint: "x" },
      "invalid_arguments",
      'did you mean "endpoints"?',
    ],
    [
      "no flannel_version",
      { endpoints: "http://a:1", config: CONFIG },
      "invalid_arguments",
      "flannel_version: required when api is auto",
    ],
    [
      "a version that is none",
      { ...OPTIONS, flannel_version: "latest", config: CONFIG },
      "invalid_arguments",
      '"latest" is not a flannel version',
    ],
    [
      "two declarations",
      { ...OPTIONS, config: CONFIG, network: "10.0.0.0/8" },
      "invalid_arguments",
      "config and network exclude each other",
    ],
    [
      "half a key pair",
      { ...OPTIONS, config: CONFIG, cert_file: "/x" },
      "invalid_arguments",
      "cert_file also needs key_file",
    ],
    ["nothing declared", OPTIONS, "invalid_arguments", "nothing is declared, give config"],
    [
      "etcdctl for v2",
      { ...OPTIONS, flannel_version: "v0.10.0", config: CONFIG, transport: "etcdctl" },
      "invalid_arguments",
      "leave transport out",
    ],
    [
      "a timeout out of range",
      { ...OPTIONS, config: CONFIG, timeout: 0 },
      "invalid_arguments",
      "timeout: must be >= 1",
    ],
    [
      "an endpoint that is none",
      { ...OPTIONS, endpoints: "10.0.0.1:2379", config: CONFIG },
      "invalid_arguments",
      "has no http:// or https://",
    ],
    [
      "a configuration flannel refuses",
      { ...OPTIONS, config: "{Network: '10.0.0.0/30', Backend: {Type: 'vxlam'}}" },
      "invalid_config",
      'did you mean "vxlan"?',
    ],
  ];
  for (const [name, input, code, message] of faults) {
    it(`${name}: says what to do, without asking etcd`, async () => {
      const { exitCode, result } = await runModuleFile(file, input);
      expect(exitCode).to.equal(1);
      expect(result).to.include({ failed: true, changed: false, error_code: code });
      expect(result["msg"]).to.include(message);
    });
  }

  for (const checkMode of [false, true]) {
    it(`an etcd that is not there fails a run${checkMode ? " in check mode" : ""}`, async () => {
      const input = {
        ...OPTIONS,
        endpoints: closed,
        config: CONFIG,
        _ansible_check_mode: checkMode,
      };
      const { result } = await runModuleFile(file, input);
      expect(result).to.include({ failed: true, error_code: "network" });
      expect(result["msg"]).to.include(`${closed}: connection refused`);
      expect(result["endpoint_errors"]).to.have.length(1);
    });
  }

  it("predicts for a host that gets its certificates in the same play, and fails without check mode", async () => {
    const input = { ...OPTIONS, endpoints: closed, ca_file: "/nowhere/ca.pem", config: CONFIG };
    const { result } = await runModuleFile(file, { ...input, _ansible_check_mode: true });
    expect(result).to.deep.include({ changed: true, config: CONFIG, etcd_version: null });
    expect(result["warnings"]).to.have.length(1);
    const real = await runModuleFile(file, input);
    expect(real.result).to.include({ failed: true, error_code: "host" });
  });

  it("prints no secret, wherever it stands", async () => {
    const user = { username: "flannel", password: SECRET };
    const configs = [
      { ...CONFIG, Backend: { Type: "vxlan", PSK: SECRET } },
      { ...CONFIG, psk: SECRET },
      `{Network: "10.200.0.0/16", Backend: {Type: "ipsec", PSK: "${SECRET}"}}`,
      `{Network: "10.200.0.0/16", Backend: {Type: "ipsec", PSK: "${SECRET}"`,
    ];
    for (const config of configs) {
      const input = { ...OPTIONS, ...user, endpoints: closed, config, _ansible_verbosity: 3 };
      const { stdout, stderr } = await runModuleFile(file, input);
      expect(stdout + stderr).not.to.include(SECRET);
    }
  });

  it("takes its arguments as Ansible embeds them", async () => {
    const embedded = join(library, "embedded.cjs");
    const args = JSON.stringify({ ...OPTIONS, endpoints: closed, config: CONFIG });
    const text = readFileSync(file, "utf8");
    writeFileSync(embedded, text.replace("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>", args), {
      mode: 0o755,
    });
    const { result } = await runModuleFile(embedded, "");
    expect(result).to.include({ failed: true, error_code: "network" });
  });
});
