// The shipped flannel_unit in a process of its own. What it does to a host is in test/systemd.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { buildModule } from "../support/build-module";
import { runModuleFile } from "../support/run-module";

const SECRET = "correct-horse-battery-staple";

describe("the bundle of flannel_unit", function () {
  this.timeout(30_000);
  let library: string;
  let file: string;
  let host: string;

  before(() => {
    library = buildModule("flannel_unit");
    file = join(library, "flannel_unit.cjs");
    host = mkdtempSync(join(tmpdir(), "flannel-unit-host-"));
  });

  after(() => {
    rmSync(library, { recursive: true });
    rmSync(host, { recursive: true });
  });

  /** A unit of a name of its own, in folders of the test's. */
  function options(given: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      name: "flannel-bundle-test",
      unit_dir: join(host, "units"),
      options_dir: join(host, "options"),
      binary: join(host, "flanneld"),
      ...given,
    };
  }

  it("predicts everything on a host that has nothing, and touches nothing", async () => {
    const { exitCode, result } = await runModuleFile(
      file,
      options({
        _ansible_check_mode: true,
        _ansible_diff: true,
        flannel_version: "v0.10.0",
        settings: { iface: "nosuch0", "ip-masq": true, "etcd-cafile": "/nowhere/ca.pem" },
      }),
    );
    expect(exitCode).to.equal(0);
    const name = "flannel-bundle-test.service";
    expect(result["changes"]).to.include.members([
      `write ${join(host, "units", name)}`,
      "reload systemd",
      `enable ${name}`,
      `start ${name}`,
    ]);
    expect(result["flags"]).to.deep.equal([
      "-etcd-cafile=/nowhere/ca.pem",
      "-iface=nosuch0",
      "-ip-masq=true",
    ]);
    const warnings = String(result["warnings"]);
    expect(warnings)
      .to.contain("does not exist")
      .and.contain("nosuch0")
      .and.contain("/nowhere/ca.pem");
    expect(readdirSync(host)).to.deep.equal([]);
  });

  it("has nothing to remove where nothing is", async () => {
    const { exitCode, result } = await runModuleFile(file, options({ state: "absent" }));
    expect(exitCode).to.equal(0);
    expect(result).to.include({ changed: false, enabled: false });
  });

  const faults: [string, Record<string, unknown>, string][] = [
    [
      "a typo in a flag",
      { settings: { "etcd-prefx": "/x" }, flannel_version: "v0.10.0" },
      'did you mean "etcd-prefix"?',
    ],
    [
      "a flag of a later release",
      { settings: { "ip-blackhole-route": true }, flannel_version: "v0.10.0" },
      "it was added in v0.27.1",
    ],
    [
      "a newline in a value",
      { settings: { "etcd-username": "a\nUser=x" } },
      "must not contain a newline",
    ],
    ["an unknown option", { setings: {} }, 'did you mean "settings"?'],
    [
      "an unknown state",
      { state: "running" },
      "expected one of started, stopped, restarted, absent",
    ],
    ["a wait beyond reason", { wait_timeout: 99999 }, "must be <= 3600"],
  ];
  for (const [what, given, expected] of faults) {
    it(`refuses ${what} before anything is written`, async () => {
      const { exitCode, result } = await runModuleFile(file, options(given));
      expect(exitCode).to.equal(1);
      expect(result).to.include({ failed: true, error_code: "invalid_arguments", changed: false });
      expect(result["msg"]).to.contain(expected);
      expect(existsSync(join(host, "units"))).to.equal(false);
    });
  }

  it("renders the files without a look at the host, in a real run", async () => {
    const folder = mkdtempSync(join(host, "rendered-"));
    const unit = join(folder, "flannel-bundle-test.service");
    // Whoever reads it fails, and whoever writes it has made a file of it.
    mkdirSync(unit);
    const task = options({
      state: "rendered",
      unit_dir: folder,
      options_dir: folder,
      flannel_version: "v0.28.9",
      settings: { "etcd-password": SECRET, iface: "nosuch0", "etcd-cafile": unit },
    });
    const { stdout, result } = await runModuleFile(file, task);
    expect(result["failed"], String(result["msg"])).to.equal(undefined);
    expect(result).to.include({ changed: false }).and.not.have.any.keys("warnings", "diff");
    const rendered = result["rendered"] as Record<string, string>;
    expect(Object.keys(rendered)).to.include.members([unit, unit.replace(/service$/, "env")]);
    expect(rendered[unit]).to.contain("-iface=nosuch0");
    expect(stdout).not.to.contain(SECRET);
    expect(readdirSync(folder)).to.deep.equal(["flannel-bundle-test.service"]);
  });

  it("shows no secret: not of settings, environment, backend, nor an older one on disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "flannel-unit-secret-"));
    try {
      writeFileSync(
        join(folder, "flannel-bundle-test.service"),
        `[Service]\nEnvironment=ACCESS_KEY_SECRET=old-${SECRET}\nExecStart=/x \\\n  -etcd-password=older-${SECRET}\n`,
      );
      writeFileSync(
        join(folder, "flannel-bundle-test.env"),
        `FLANNELD_ETCD_PASSWORD="oldest-${SECRET}"\n`,
      );
      const { stdout, stderr, result } = await runModuleFile(
        file,
        options({
          _ansible_check_mode: true,
          _ansible_diff: true,
          unit_dir: folder,
          options_dir: folder,
          settings: { "etcd-password": SECRET, "kube-api-url": `https://a:${SECRET}-url@k` },
          secret_settings: ["kube-api-url", "ACCESS_KEY_SECRET"],
          environment: { FLANNELD_KUBE_API_URL: null, ACCESS_KEY_SECRET: `${SECRET}-key` },
          backend: { Type: "wireguard", PSK: `${SECRET}-psk` },
        }),
      );
      expect(result["failed"], String(result["msg"])).to.equal(undefined);
      expect(result["changes"]).to.have.length.greaterThan(2);
      expect(stdout + stderr).not.to.contain(SECRET);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const places: [string, Record<string, unknown>][] = [
    ["network_config", { network_config: { Backend: { Type: "wireguard", PSK: SECRET } } }],
    ["network_config, in any spelling", { network_config: { backend: { psk: SECRET } } }],
    ["backend", { backend: { Type: "wireguard", PSK: SECRET } }],
    ["settings", { settings: { "etcd-password": SECRET } }],
    ["environment", { environment: { FLANNELD_ETCD_PASSWORD: SECRET } }],
  ];
  for (const [where, given] of places) {
    it(`prints no secret of ${where}, whether the options are right or not`, async () => {
      const asked = { _ansible_check_mode: true, _ansible_diff: true, ...given };
      const right = await runModuleFile(file, options(asked));
      expect(right.result["failed"], String(right.result["msg"])).to.equal(undefined);
      expect(right.result["invocation"]).to.be.an("object");
      expect(right.stdout + right.stderr).not.to.contain(SECRET.slice(0, 8));
      for (const fault of [{ setings: {} }, { wait_timeout: "soon" }, { name: "a/b" }]) {
        const wrong = await runModuleFile(file, options({ ...asked, ...fault }));
        expect(wrong.result).to.include({ failed: true, error_code: "invalid_arguments" });
        expect(wrong.stdout + wrong.stderr).not.to.contain(SECRET.slice(0, 8));
      }
    });
  }

  it("does not quote text that should have been a dict, as it may hold secrets", async () => {
    const { stdout, result } = await runModuleFile(
      file,
      options({ settings: `etcd-password ${SECRET}` }),
    );
    expect(result["msg"]).to.contain("settings: expected a dict, got str");
    expect(stdout).not.to.contain(SECRET);
  });
});
