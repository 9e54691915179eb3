// The role as its users run it: check mode, drift, an etcd that is down, a host that is not there.

import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { Lab } from "../support/lab";

const PLAYBOOK = "molecule/shared/converge.yml";
const LOOK_TASK = "Look at the host, and check what is declared for it";
const NETWORK_TASK = "Write the network configuration to etcd";

/** Of a host that has another subnet by now. */
const RESERVED = {
  flannel_subnet: "{{ '10.200.77.0/24' if inventory_hostname == 'worker-2' else '' }}",
  flannel_network_allow_disruptive: true,
};

describe("the role", function () {
  this.timeout(600_000);
  const lab = new Lab("test-play", { LAB_WORKERS: "2", LAB_ETCD: "3" });

  before(async () => {
    await lab.upWithEtcd();
  });
  after(async () => {
    await lab.down();
  });

  /** The same certificates, of which one has a line more: another file, and as good. */
  const renewCertificate = async (work: string): Promise<object> => {
    await cp(join(lab.directory, "certs"), work, { recursive: true });
    await appendFile(join(work, "cert-etcd.pem"), "\n");
    return { k8s_ca_conf_directory: work };
  };

  const filesOf = (host: string): Promise<string> =>
    lab.ssh(
      host,
      "find /etc /usr/local /var/lib/kubernetes /run/flannel -newer /run/test-mark ! -path '/etc/*.lock' 2>/dev/null | sort",
    );

  it("changes nothing on any host when etcd is down, and says why for every endpoint", async () => {
    for (const host of ["etcd-1", "etcd-2", "etcd-3"]) await lab.ssh(host, "systemctl stop etcd");
    const run = await lab.play(PLAYBOOK);
    for (const host of ["etcd-1", "etcd-2", "etcd-3"]) {
      await lab.ssh(host, "systemctl --no-block start etcd");
    }
    expect(run.exitCode).to.not.equal(0);
    expect(run.tasks.at(-1)).to.equal(NETWORK_TASK);
    expect(run.failed).to.deep.equal([`worker-1: ${NETWORK_TASK}`]);
    for (const host of ["etcd-1", "etcd-2", "etcd-3"]) {
      expect(run.output).to.match(new RegExp(`${lab.addressOf(host)}:2379[^\\n]*refused`));
    }
    expect(await lab.ssh("worker-1", "ls /usr/local/sbin /etc/cni 2>&1 || true")).to.not.include(
      "flanneld",
    );
    for (const host of ["etcd-1", "etcd-2", "etcd-3"]) {
      await lab.ssh(
        host,
        "for i in $(seq 30); do systemctl -q is-active etcd && exit 0; sleep 1; done; exit 1",
      );
    }
  });

  it("refuses a misspelt flag, and a version that is none, before anything is written", async () => {
    const misspelt = { flannel_settings_user: { "helthz-port": 8471 } };
    for (const variables of [misspelt, { flannel_version: "latest" }]) {
      const run = await lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables)]);
      expect(run.exitCode).to.not.equal(0);
      expect(run.tasks.at(-1)).to.equal(LOOK_TASK);
      expect(run.changed).to.deep.equal([]);
    }
  });

  it("predicts in check mode on a bare host what the real run then does", async () => {
    for (const host of ["worker-1", "worker-2"])
      await lab.ssh(host, "sleep 1; touch /run/test-mark; sleep 1");
    const predicted = await lab.play(PLAYBOOK, ["--check", "--diff"]);
    expect(predicted.exitCode, predicted.output).to.equal(0);
    expect(await filesOf("worker-1")).to.equal("");
    const real = await lab.play(PLAYBOOK, ["--diff"]);
    expect(real.exitCode, real.output).to.equal(0);
    expect(predicted.changed).to.deep.equal(real.changed);
    expect(real.changed).to.include(`worker-2: Run flanneld as a systemd service`);
  });

  it("changes nothing in the second run, also without pipelining, and check mode agrees", async () => {
    const second = await lab.play(PLAYBOOK, [], { ANSIBLE_PIPELINING: "false" });
    expect(second.exitCode, second.output).to.equal(0);
    expect(second.changed).to.deep.equal([]);
    const check = await lab.play(PLAYBOOK, ["--check", "--diff"]);
    expect(check.changed).to.deep.equal([]);
    expect(check.output).to.not.match(/^[-+]{3} /m);
  });

  it("predicts exactly the changes of a different setting, on one host of two", async () => {
    const different = [
      "--limit",
      "worker-2",
      "--extra-vars",
      '{"flannel_systemd_restartsec": "7"}',
    ];
    const before = await lab.ssh("worker-2", "systemctl show flanneld -P ExecMainPID");
    const predicted = await lab.play(PLAYBOOK, ["--check", "--diff", ...different]);
    expect(predicted.changed).to.deep.equal(["worker-2: Run flanneld as a systemd service"]);
    expect(predicted.output)
      .to.match(/^-RestartSec=5$/m)
      .and.to.match(/^\+RestartSec=7$/m);
    expect(await lab.ssh("worker-2", "systemctl show flanneld -P ExecMainPID")).to.equal(before);
    const real = await lab.play(PLAYBOOK, ["--diff", ...different]);
    expect(real.exitCode, real.output).to.equal(0);
    expect(real.changed).to.deep.equal(predicted.changed);
    expect(await lab.ssh("worker-2", "systemctl show flanneld -P RestartUSec")).to.equal("7s");
    expect((await lab.play(PLAYBOOK, different)).changed).to.deep.equal([]);
  });

  const kinds: Readonly<Record<string, (work: string) => Promise<object>>> = {
    "another flag": () => Promise.resolve({ flannel_settings_user: { v: 2 } }),
    "a secret flag": () =>
      Promise.resolve({
        flannel_settings_user: { "kubeconfig-file": "/etc/hostname" },
        flannel_secret_settings: ["kubeconfig-file"],
      }),
    "another network configuration": () =>
      Promise.resolve({
        flannel_network_config: { Backend: { DirectRouting: true } },
        flannel_network_if_exists: "update",
      }),
    "another mode of the binary": () => Promise.resolve({ flannel_install_mode: "0755" }),
    "a renewed certificate": renewCertificate,
    "another CNI configuration": () => Promise.resolve({ flannel_cni_spec_version: "0.4.0" }),
    "a subnet that is reserved for one host": () => Promise.resolve(RESERVED),
  };
  for (const [kind, variablesIn] of Object.entries(kinds)) {
    it(`predicts the changed tasks, their diffs and their reasons exactly, with ${kind}`, async () => {
      const work = await mkdtemp(join(tmpdir(), "role-"));
      const variables = ["--extra-vars", JSON.stringify(await variablesIn(work))];
      const predicted = await lab.play(PLAYBOOK, ["--check", "--diff", ...variables]);
      const real = await lab.play(PLAYBOOK, ["--diff", ...variables]);
      expect(real.exitCode, real.output).to.equal(0);
      expect(real.changed).to.not.deep.equal([]);
      expect(predicted.changed).to.deep.equal(real.changed);
      expect(diffsIn(predicted.output)).to.deep.equal(diffsIn(real.output));
      expect((await lab.play(PLAYBOOK, variables)).changed).to.deep.equal([]);
      await rm(work, { recursive: true });
    });
  }

  it("gives a host the subnet that is reserved for it, and refuses two hosts the same one", async () => {
    expect(await lab.ssh("worker-2", "cat /run/flannel/subnet.env")).to.include("10.200.77.1/24");
    expect(await lab.ssh("worker-1", "cat /run/flannel/subnet.env")).to.not.include("10.200.77.");
    const both = ["--extra-vars", '{"flannel_subnet": "10.200.77.0/24"}'];
    const run = await lab.play(PLAYBOOK, both);
    expect([run.exitCode, run.tasks.at(-1)], run.output).to.deep.equal([2, NETWORK_TASK]);
    const hosts = ["worker-1", "worker-2"].map((host) => lab.addressOf(host));
    expect(run.output).to.match(new RegExp(`${hosts.join(".* and .*")}: two hosts cannot have`));
  });

  it("leaves the daemon alone when a certificate is newer, but the same", async () => {
    const before = await lab.ssh("worker-1", "systemctl show flanneld -P ExecMainPID");
    await lab.ssh("worker-1", "sleep 1; touch /var/lib/kubernetes/cert-etcd.pem");
    const run = await lab.play(PLAYBOOK, ["--limit", "worker-1"]);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([]);
    expect(await lab.ssh("worker-1", "systemctl show flanneld -P ExecMainPID")).to.equal(before);
  });

  it("goes on with another etcd host when the first one cannot be reached", async () => {
    await lab
      .ssh("etcd-1", "systemctl stop etcd ssh ssh.socket; pkill -9 -x sshd || true")
      .catch(() => "");
    const cached = {
      ANSIBLE_CACHE_PLUGIN: "jsonfile",
      ANSIBLE_CACHE_PLUGIN_CONNECTION: `${lab.directory}/facts`,
    };
    const run = await lab.play(
      PLAYBOOK,
      [
        "--extra-vars",
        JSON.stringify({ flannel_settings_user: { "etcd-endpoints": endpointsOf(lab) } }),
      ],
      cached,
    );
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.output).to.match(/etcd-2/);
  });
});

/** The lines of all diffs, in an order that does not depend on which host was faster. */
function diffsIn(output: string): readonly string[] {
  return output
    .split("\n")
    .filter((line) => /^([-+@ ]|-{3}|\+{3})/.test(line))
    .sort();
}

function endpointsOf(lab: Lab): string {
  return ["etcd-1", "etcd-2", "etcd-3"]
    .map((host) => `https://${lab.addressOf(host)}:2379`)
    .join(",");
}
