// The shipped flannel_etcd_config in a process of its own. What it does to etcd is in
// test/integration/etcd.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { spec } from "../../src/generated/flannel_etcd_config";
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
      "config and network are mutually exclusive",
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
      "does not begin with http:// or https://",
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

  it("prints nothing but its line, whatever characters and twins are in a text", async () => {
    const config = "{Network: '10.200.0.0/16', Netwrok: 'a\u2028b\u2029', Netwrok: 'c\u2028'}";
    const { stderr, result } = await runModuleFile(file, { ...OPTIONS, config });
    expect(stderr).to.equal("");
    expect(result).to.include({ failed: true, error_code: "invalid_config" });
    expect(result["warnings"]).to.deep.equal([
      "config: Netwrok is given twice, the last one counts",
    ]);
  });

  describe("with secrets in the declared configuration", () => {
    const backend = { Type: "ipsec", PSK: SECRET };
    const json = JSON.stringify({ ...CONFIG, Backend: backend });
    const configs: [string, unknown, string][] = [
      [
        "in Backend",
        { ...CONFIG, Backend: { Type: "vxlan", PSK: SECRET } },
        "Backend.PSK: unknown",
      ],
      ["in the wrong place", { ...CONFIG, psk: SECRET }, "psk: a secret in the wrong place"],
      ["in JSON", json, "Backend.PSK: ipsec needs at least 96 characters, got 28"],
      [
        "in JSON5",
        `{Network: "10.200.0.0/16", Backend: {Type: "ipsec", PSK: "${SECRET}"}}`,
        "got 28",
      ],
      ["in text that was cut", json.slice(0, -2), "neither JSON nor JSON5"],
      ["in text that is none", `{Backend: {"P\\u0053K" "${SECRET}"}}`, "neither JSON nor JSON5"],
      ["in JSON in JSON", JSON.stringify(json), 'expected a JSON object, got "********"'],
      [
        "in Backend as a string",
        { ...CONFIG, Backend: JSON.stringify(backend) },
        'Backend: expected an object such as {"Type": "vxlan"}, got "********"',
      ],
      [
        "in Backend as Python text",
        { ...CONFIG, Backend: `{'Type': 'ipsec', 'PSK': '${SECRET}'}` },
        'got "********"',
      ],
      [
        "in the type",
        { ...CONFIG, Backend: { Type: JSON.stringify(backend) } },
        'Type: "********"',
      ],
      ["in a list", [{ PSK: SECRET }], "expected a JSON object, got"],
    ];
    for (const [name, config, message] of configs) {
      it(`prints none, but says what is wrong: ${name}`, async () => {
        const input = { ...OPTIONS, endpoints: closed, config, _ansible_diff: true };
        const { stdout, stderr, result } = await runModuleFile(file, input);
        expect(stdout + stderr).not.to.match(/correct|-horse|battery|staple/);
        expect(result).to.include({ failed: true, error_code: "invalid_config" });
        expect(result["msg"]).to.include(message);
      });
    }

    it("prints none where the options are wrong, too", async () => {
      const inputs = [
        { config: { ...CONFIG, Backend: backend }, confg: 1 },
        { network: "10.0.0.0/8", backend, timeout: "long" },
        { network: "10.0.0.0/8", backend: `{'Type': 'ipsec', 'PSK': '${SECRET}'` },
        { config: json.slice(0, -2), confg: 1 },
        { endpoints: [`http://u:${SECRET}@a:1`], config: CONFIG },
        { endpoints: `u:${SECRET}@a:1`, config: CONFIG },
        { endpoints: `http://:${SECRET}@a:1`, confg: 1 },
      ];
      for (const input of inputs) {
        const { stdout, result } = await runModuleFile(file, { ...OPTIONS, ...input });
        expect(result).to.include({ failed: true, error_code: "invalid_arguments" });
        expect(stdout).not.to.match(/correct|-horse|battery|staple/);
      }
    });
  });

  for (const password of ["failed", "changed", "msg", "e", "true", "0"]) {
    it(`is still a failure with the password "${password}"`, async () => {
      const user = { username: "u", password };
      const input = { ...OPTIONS, ...user, endpoints: closed, state: "query" };
      const { exitCode, result } = await runModuleFile(file, input);
      expect(exitCode).to.equal(1);
      expect(result).to.include({ failed: true, changed: false, error_code: "network" });
      expect(result).to.include.all.keys([...spec.returned, "msg", "changes", "invocation"]);
    });
  }

  it("keeps warnings and invocation when it fails", async () => {
    const input = { ...OPTIONS, endpoints: closed, api: "v2", config: CONFIG, password: SECRET };
    const { result } = await runModuleFile(file, { ...input, username: "flannel" });
    expect(result).to.include({ failed: true, error_code: "network" });
    expect(result["warnings"]).to.deep.equal([
      "api: v2: flannel v0.28.9 reads etcd's v3 API and will not see this configuration",
    ]);
    expect(result["invocation"]).to.deep.include({
      module_args: { ...input, username: "flannel", password: "********" },
    });
  });

  it("refuses what is nested too deeply with one line", async () => {
    const config = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    const { result } = await runModuleFile(file, { ...OPTIONS, config });
    expect(result).to.include({ failed: true, error_code: "invalid_config" });
    expect(result["msg"]).to.include("config: is nested too deeply");
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
