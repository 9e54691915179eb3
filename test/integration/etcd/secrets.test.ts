// Whatever is in etcd: no secret leaves, and Ansible itself says FAILED exactly when the module does.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { spec } from "../../../src/generated/flannel_etcd_config";
import { buildModule } from "../../support/build-module";
import { EtcdCluster, freePorts } from "../../support/etcd";
import { type Json, VXLAN_CONFIG } from "../../support/etcd-config";
import { runModuleFile } from "../../support/run-module";

const SECRET = "correct-horse-battery-staple";
const PARTS = /correct|-horse|battery|staple/;
const ROOT = join(__dirname, "..", "..", "..");

const STORED = { Network: "10.0.0.0/16", Backend: { Type: "ipsec", PSK: SECRET } };
const JSON_TEXT = JSON.stringify(STORED);
const TEXTS: readonly [string, string][] = [
  ["a comma too many", JSON_TEXT.replace("}}", ",}}")],
  ["a byte order mark", `\uFEFF${JSON_TEXT}`],
  ["cut", JSON_TEXT.slice(0, -2)],
  ["doubly encoded", JSON.stringify(JSON_TEXT)],
  ["Backend as a string", JSON.stringify({ ...STORED, Backend: JSON.stringify(STORED.Backend) })],
  ["a secret as a key", JSON.stringify({ ...STORED, [JSON_TEXT]: 1 })],
  ["the type", JSON.stringify({ ...STORED, Backend: { Type: JSON_TEXT } })],
];

describe("secrets in etcd", function () {
  this.timeout(120_000);
  let cluster: EtcdCluster;
  let library: string;
  let file: string;
  let prefixes = 0;
  let base: Json;

  before(async () => {
    cluster = await EtcdCluster.start({ flags: ["--enable-v2"] });
    library = buildModule("flannel_etcd_config");
    file = join(library, "flannel_etcd_config.cjs");
  });

  after(async () => {
    await cluster.stop();
    rmSync(library, { recursive: true, force: true });
  });

  beforeEach(() => {
    const prefix = `/secret/${++prefixes}`;
    base = { endpoints: cluster.endpoints, prefix, flannel_version: "v0.28.9" };
  });

  function put(text: string): void {
    cluster.etcdctl("put", "--", `/secret/${prefixes}/config`, text);
  }

  for (const [name, text] of TEXTS) {
    it(`are in no output: ${name}`, async () => {
      const runs: [Json, boolean][] = [
        [{ state: "query" }, false],
        [{ config: VXLAN_CONFIG }, false],
        [{ config: VXLAN_CONFIG, if_exists: "fail" }, true],
        [{ config: VXLAN_CONFIG, if_exists: "update", _ansible_check_mode: true }, false],
        [{ state: "absent" }, false],
      ];
      put(text);
      for (const [options, fails] of runs) {
        const input = { ...base, ...options, _ansible_diff: true, _ansible_verbosity: 3 };
        const { stdout, stderr, result } = await runModuleFile(file, input);
        expect(stdout + stderr).not.to.match(PARTS);
        expect(result["failed"] === true).to.equal(fails);
        if (options["state"] === "query")
          expect(JSON.stringify(result)).to.match(/not shown|\*{8}/);
      }
    });
  }

  describe("and Ansible", () => {
    interface Answer {
      readonly verdict: string;
      readonly result: Json;
    }

    /** What Ansible's own output says of a task. */
    async function ask(options: Json): Promise<Answer> {
      const args = [
        "localhost",
        "-c",
        "local",
        "-m",
        "flannel_etcd_config",
        "-a",
        JSON.stringify(options),
      ];
      const { stdout } = await execa(join(ROOT, ".venv", "bin", "ansible"), args, {
        reject: false,
        cwd: library,
        env: { ANSIBLE_LIBRARY: library, ANSIBLE_NOCOLOR: "1", ANSIBLE_LOCALHOST_WARNING: "0" },
      });
      const [, verdict = "", text = "{}"] = /localhost \| (\w+)!? => (\{.*\})/s.exec(stdout) ?? [];
      return { verdict, result: JSON.parse(text) as Json };
    }

    for (const password of ["failed", "changed", "msg", "e"]) {
      it(`says FAILED where etcd is not there and the password is "${password}"`, async () => {
        const endpoints = [`http://127.0.0.1:${(await freePorts(1))[0] ?? 0}`];
        const user = { username: "u", password };
        const { verdict, result } = await ask({ ...base, ...user, endpoints, state: "query" });
        expect(verdict).to.equal("FAILED");
        expect(result).to.include.all.keys([...spec.returned, "msg", "error_code", "changes"]);
      });
    }

    it('says FAILED where etcd holds the PSK "e"', async () => {
      put('{"Network":"10.0.0.0/16","Backend":{"Type":"wireguard","PSK":"e"}}');
      const { verdict, result } = await ask({ ...base, config: VXLAN_CONFIG, if_exists: "fail" });
      expect(verdict).to.equal("FAILED");
      expect(result).to.include({ changed: false, error_code: "conflict" });
      expect(result).to.include.all.keys([...spec.returned, "msg", "changes"]);
    });

    it("says SUCCESS and CHANGED where that is so", async () => {
      const user = { username: "u", password: "changed" };
      const options = { ...base, ...user, config: VXLAN_CONFIG };
      expect((await ask(options)).verdict).to.equal("CHANGED");
      expect((await ask(options)).verdict).to.equal("SUCCESS");
    });
  });
});
