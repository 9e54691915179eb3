// roles/nodejs on hosts that have dnf with module streams, a /usr that nobody can write, or no package manager.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";

const ROOT = join(__dirname, "..", "..", "..");
const APP_STREAM = readFileSync(join(ROOT, "test", "support", "app-stream.sh"), "utf8");
const [STREAM, SEALED, BARE] = ["worker-1", "worker-2", "worker-3"] as const;

describe("roles/nodejs on a host", function () {
  this.timeout(600_000);
  const lab = new Lab(`nodejs-${process.pid}`, {
    LAB_VARIANT: "dnf",
    LAB_WORKERS: "3",
    LAB_ETCD: "0",
  });
  const site = join(tmpdir(), `nodejs-hosts-${process.pid}.json`);
  let predicted: PlayRun;
  let real: PlayRun;
  let again: PlayRun;

  before(async () => {
    const role = { "ansible.builtin.include_role": { name: join(ROOT, "roles", "nodejs") } };
    const has = "{{ inventory_hostname }} has {{ ansible_node_interpreter | default('none') }}";
    const tasks = [role, { "ansible.builtin.debug": { msg: has } }];
    writeFileSync(site, JSON.stringify([{ hosts: "k8s_worker", gather_facts: false, tasks }]));
    await lab.up();
    await Promise.all([STREAM, SEALED].map((host) => lab.ssh(host, "bash -s", APP_STREAM)));
    await lab.ssh(SEALED, "mount --bind /usr /usr && mount -o remount,bind,ro /usr");
    await lab.ssh(BARE, "rm -f /usr/bin/apt /usr/bin/apt-cache /usr/bin/apt-get /usr/bin/dnf*");
    predicted = await lab.play(site, ["--check"]);
    real = await lab.play(site);
    again = await lab.play(site);
  });
  after(async () => {
    await lab.down();
    rmSync(site, { force: true });
  });

  it("goes on in check mode, in the real run, and has nothing left to do then", () => {
    for (const { exitCode, output } of [predicted, real, again])
      expect(exitCode, output).to.equal(0);
    expect(predicted.output).to.include("A real run would bring Node.js");
    expect(again.changed).to.deep.equal([]);
  });

  it("takes the module stream that nobody has chosen", async () => {
    expect(real.output).to.include(`${STREAM} has /usr/bin/node`);
    expect(await lab.ssh(STREAM, "/opt/flannel-nodejs/bin/node --version")).to.equal("v22.16.0");
    expect(await lab.ssh(STREAM, "dnf -q module list --enabled nodejs")).to.match(/22 \[e\]/);
  });

  it("takes the tarball where the package cannot be installed, or there is no package manager", async () => {
    expect(real.failed).to.include(`${SEALED}: Install the distribution's package`);
    for (const host of [SEALED, BARE]) {
      expect(real.output).to.match(
        new RegExp(`${host} has /opt/flannel-nodejs/\\d[\\d.]+/bin/node`),
      );
      expect(await lab.ssh(host, "/opt/flannel-nodejs/bin/node -p 6*7")).to.equal("42");
    }
  });
});
