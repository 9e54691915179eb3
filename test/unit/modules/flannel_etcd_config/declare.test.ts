import { expect } from "chai";

import { planFor, runInMemory, etcdOf } from "../../../support/etcd-config";

const CONFIG = { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } };

type Json = Readonly<Record<string, unknown>>;

async function refusal(options: Json): Promise<Json> {
  return runInMemory(etcdOf({}), {}, { config: CONFIG, ...options });
}

describe("what is declared", () => {
  const apis: [string, Json, string, string][] = [
    ["an old flannel", { flannel_version: "v0.17.0" }, "v2", "v0.17.0"],
    ["a new flannel", { flannel_version: "v0.18.0" }, "v3", "v0.18.0"],
    ["v2 and no flannel", { flannel_version: null, api: "v2" }, "v2", "the flannel that"],
    ["v3 and no flannel", { flannel_version: null, api: "v3" }, "v3", "the flannel that"],
  ];
  for (const [name, options, api, reader] of apis) {
    it(`is for the ${api} store, given ${name}`, async () => {
      const { declared } = await planFor({}, { config: CONFIG, ...options });
      expect(declared.api).to.equal(api);
      expect(declared.readerName).to.include(reader);
    });
  }

  it("warns of a store that the declared flannel does not read", async () => {
    const { warnings } = await planFor({}, { config: CONFIG, api: "v2" });
    expect(warnings[0]).to.include("flannel v0.28.9 reads etcd's v3 API and will not see this");
  });

  const trusts: [string, Json, string | undefined][] = [
    ["v0.18.0", {}, "does not verify the server without a client certificate"],
    ["v0.19.2", {}, "does not start without a client certificate"],
    ["v0.28.9", {}, undefined],
    ["v0.17.0", {}, undefined],
    ["v0.19.2", { endpoints: ["http://memory:1"] }, undefined],
    ["v0.19.2", { cert_file: "/c.pem", key_file: "/k.pem" }, undefined],
    ["v0.19.2", { state: "absent" }, undefined],
  ];
  for (const [release, options, told] of trusts) {
    it(`warns of what ${release} does with a CA alone, given ${JSON.stringify(options)}`, async () => {
      const files = { endpoints: ["https://memory:1"], ca_file: "/ca.pem", ...options };
      const api = release === "v0.17.0" ? "v2" : "v3";
      const task = { config: CONFIG, flannel_version: release, ...files };
      const { warnings } = await planFor({ api }, task);
      expect(warnings).to.have.length(told === undefined ? 0 : 1);
      expect(warnings.join()).to.include(told ?? "");
    });
  }

  const prefixes: [Json, string | undefined][] = [
    [{ prefix: "/c++/network" }, "crashes"],
    [{ prefix: "/net " }, "no leading or trailing blank"],
    [{ prefix: "../net", flannel_version: "v0.17.0" }, "expected a folder of etcd's v2 store"],
    [{ prefix: "../net" }, undefined],
    [{ prefix: "/c++/network", state: "absent" }, undefined],
  ];
  for (const [options, fault] of prefixes) {
    it(`has a prefix that flannel can live with: ${JSON.stringify(options)}`, async () => {
      const result = await refusal(options);
      if (fault === undefined) expect(result).not.to.have.property("failed");
      else expect(result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(JSON.stringify(result["msg"] ?? "")).to.include(fault ?? "");
    });
  }

  it("is checked, and all faults told", async () => {
    const result = await refusal({ config: { Netwrok: "x", Backend: { Type: "vxlan" } } });
    expect(result).to.include({ failed: true, error_code: "invalid_config" });
    expect(result["msg"]).to.include("config: 2 faults: Network: missing");
    expect(result["faults"]).to.have.length(2);
  });

  it("depends on the CPU of this host only where none is declared", async () => {
    const udp = { ...CONFIG, Backend: { Type: "udp" } };
    const { declared } = await planFor({}, { config: udp, architectures: null });
    expect(declared.architectures).to.equal(undefined);
    const result = await refusal({ config: udp, architectures: ["arm64"] });
    expect(result["msg"]).to.include("there are hosts with arm64");
  });

  it("has secrets as they are meant, however JSON5 spells them", async () => {
    const psk = `${"A".repeat(43)}=`;
    const config = `{Network: "10.0.0.0/16", Backend: {Type: "wireguard", PSK: '\\x41\\u0041\\${psk.slice(2)}'}}`;
    expect((await planFor({}, { config })).secrets).to.deep.equal([psk]);
  });

  it("connects to nothing", async () => {
    const { declared } = await planFor({}, { config: CONFIG });
    expect(declared.etcd.tlsFiles).to.deep.equal({});
  });

  const texts: [string, string][] = [
    ["prefix", "/a\0b"],
    ["prefix", "/a\ud800b"],
    ["username", "u\0"],
    ["username", "\udc00"],
    ["password", "hor\0se"],
    ["password", "hor\ud800se"],
    ["etcdctl_path", "/usr\0/bin"],
  ];
  for (const [name, value] of texts) {
    it(`refuses ${name}: ${JSON.stringify(value)} with one clear line`, async () => {
      const user = { username: "u", password: "p" };
      const result = await refusal({ ...user, [name]: value });
      expect(result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(result["msg"]).to.match(
        new RegExp(`^(flannel_etcd_config: )?${name}: .*(NUL|surrogate)`),
      );
      expect(result["msg"]).not.to.match(/hor\W*se/);
    });
  }

  it("takes a character outside of the basic plane", async () => {
    expect(await refusal({ prefix: "/\u{1F600}" })).to.include({ changed: true });
  });
});
