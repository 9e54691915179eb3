// Names, addresses and CAs of a host, good and bad, in namespaces of their own: what a module makes of
// them, and that its time is a bound.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { Certificates } from "../../support/certificates";
import { type Json, VXLAN_CONFIG } from "../../support/etcd-config";
import { parseLine } from "../../support/run-module";

const SCENE = join(__dirname, "..", "..", "support", "resolver-scene.mjs");
const NODE = process.env["FLANNEL_TEST_NODE"] ?? process.execPath;
const NAMES = "hosts: files dns\n";
const LOCAL = "127.0.0.1 localhost\n::1 localhost\n";

interface Played {
  readonly seconds: number;
  readonly result: Json;
}

describe("names, addresses and CAs of a host", function () {
  this.timeout(60_000);
  let library: string | undefined;
  const files = new Certificates("company CA");

  before(function () {
    if (spawnSync("unshare", ["-mn", "true"]).status !== 0) this.skip();
    library = buildModule("flannel_etcd_config");
    files.issue("server");
  });
  after(() => {
    if (library !== undefined) rmSync(library, { recursive: true });
    files.remove();
  });

  /** Runs the module in a scene. */
  function play(scene: Json, options: Json): Played {
    const file = join(library ?? "", "flannel_etcd_config.cjs");
    const given = { flannel_version: "v0.28.9", config: VXLAN_CONFIG, ...options };
    const all = JSON.stringify({ ...scene, node: NODE, file, options: given });
    const text = execFileSync("unshare", ["-mn", process.execPath, SCENE], {
      input: all,
      encoding: "utf8",
    });
    const { ms, stdout, stderr } = JSON.parse(text) as Record<"stdout" | "stderr", string> & {
      readonly ms: number;
    };
    expect(stderr).to.equal("");
    return { seconds: ms / 1000, result: parseLine(stdout) };
  }

  const resolvedBy = (...nameservers: readonly string[]): Json => ({
    "/etc/nsswitch.conf": NAMES,
    "/etc/hosts": LOCAL,
    "/etc/resolv.conf": `search a.example b.example c.example\n${nameservers
      .map((address) => `nameserver ${address}\n`)
      .join("")}`,
  });

  for (const [count, timeout] of [
    [1, 2],
    [3, 3],
  ] as const) {
    it(`no nameserver answers, ${count} endpoints: the process ends in ${timeout} s and says why`, () => {
      const endpoints = Array.from({ length: count }, (_, index) => `http://etcd${index}:2379`);
      const nameservers = { "127.0.0.2": "silent", "127.0.0.3": "silent" };
      const scene = { files: resolvedBy("127.0.0.2", "127.0.0.3"), nameservers };
      const { seconds, result } = play(scene, { endpoints, timeout });
      expect(seconds).to.be.within(0.5, timeout + 1);
      expect(result).to.include({ failed: true, error_code: "timeout" });
      const lines = String(result["msg"]).split("\n  ").slice(1);
      expect(lines).to.have.length(count);
      for (const line of lines) expect(line).to.include("DNS: no answer from the resolver within");
    });
  }

  it("the first nameserver is dead, the second answers: it works, as late as it does for all", () => {
    const nameservers = { "127.0.0.2": "silent", "127.0.0.3": "knows" };
    const files = resolvedBy("127.0.0.2", "127.0.0.3");
    const etcd = { listen: "http://127.0.0.1:2379" };
    const options = { endpoints: ["http://etcd1.corp.example:2379"] };
    const { seconds, result } = play({ files, nameservers, etcd }, options);
    expect(result).to.include({ changed: true });
    expect(seconds).to.be.within(4, 9);
  });

  for (const [manner, words] of [
    ["fails", "DNS: the host name cannot be resolved at the moment"],
    ["unknown", "DNS: no such host name"],
  ] as const) {
    it(`a nameserver that ${manner}: told at once`, () => {
      const scene = { files: resolvedBy("127.0.0.2"), nameservers: { "127.0.0.2": manner } };
      const { seconds, result } = play(scene, { endpoints: ["http://etcd1:2379"], timeout: 10 });
      expect(result["msg"]).to.include(words);
      expect(seconds).to.be.below(3);
    });
  }

  for (const [what, listen, hosts] of [
    ["localhost, where etcd is on IPv4", "http://127.0.0.1:2379", LOCAL],
    ["localhost, where etcd is on IPv6", "http://[::1]:2379", LOCAL],
    ["a name whose IPv6 is a hole", "http://127.0.0.1:2379", "fd00:dead::7 two\n127.0.0.1 two\n"],
    ["a name whose IPv4 is a hole", "http://[::1]:2379", "192.0.2.7 two\n::1 two\n"],
    [
      "a name with three holes first",
      "http://127.0.0.1:2379",
      "192.0.2.7 two\n192.0.2.8 two\nfd00:dead::7 two\n127.0.0.1 two\n",
    ],
  ] as const) {
    it(`connects to ${what}`, () => {
      const files = { ...resolvedBy(), "/etc/hosts": hosts };
      const host = hosts === LOCAL ? "localhost" : "two";
      const options = { endpoints: [`http://${host}:2379`], timeout: 10 };
      const { seconds, result } = play({ files, etcd: { listen } }, options);
      expect(result).to.include({ changed: true });
      expect(seconds).to.be.below(3);
    });
  }

  it("an address that is a hole ends in time, and is no trouble of DNS", () => {
    const { seconds, result } = play(
      { files: resolvedBy() },
      { endpoints: ["http://192.0.2.7:2379"], timeout: 2 },
    );
    expect(seconds).to.be.within(1.9, 3);
    expect(result["msg"]).to.include("timeout: no connection within 2 s");
  });

  it("the CAs of the system are trusted, whoever has built this Node.js", () => {
    const flags = [
      `--cert-file=${files.certificate("server")}`,
      `--key-file=${files.key("server")}`,
      "--enable-grpc-gateway=true",
    ];
    const etcd = { listen: "https://127.0.0.1:2379", flags };
    const options = { endpoints: ["https://127.0.0.1:2379"], timeout: 10, state: "query" };
    const path = "/etc/ssl/certs/ca-certificates.crt";
    const before = readFileSync(path, "utf8");
    const trusting = { files: { [path]: `${before}${readFileSync(files.ca, "utf8")}` }, etcd };
    expect(JSON.stringify(play(trusting, options).result)).to.not.include("unknown CA");
    const { result } = play({ etcd }, options);
    expect(result["msg"]).to.include("unknown CA");
  });
});
