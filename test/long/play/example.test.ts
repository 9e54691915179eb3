// The example of a new cluster, as its README has it: copied, the role installed from git, played twice.

import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";

import { type PlayRun, Lab, readPlay } from "../../support/lab";

const ROOT = join(__dirname, "..", "..", "..");
const NODES = ["worker-1", "worker-2", "worker-3"];
/** The hosts of a lab reach no mirror, so these are brought from where this machine gets them. */
const PACKAGES = ["containerd", "runc", "containernetworking-plugins"];

interface LabInventory {
  readonly all: { readonly vars: Readonly<Record<string, string>> };
}

describe("the example of a new cluster", function () {
  this.timeout(900_000);
  const lab = new Lab("test-example", { LAB_WORKERS: "3", LAB_ETCD: "0" });
  let cluster: string;
  let variables: object;

  before(async () => {
    cluster = await mkdtemp(join(tmpdir(), "cluster-"));
    await lab.up();
    await bringPackages();
    await cp(join(ROOT, "examples", "new-cluster"), cluster, { recursive: true });
    await writeFile(join(cluster, "inventory.yml"), JSON.stringify(inventoryOf(lab)));
    const source = `git+file://${ROOT},,flanneld`;
    await execa("ansible-galaxy", ["role", "install", "-p", "roles", source], { cwd: cluster });
    const { vars } = (parse(await readFile(lab.inventory, "utf8")) as LabInventory).all;
    const { lab_cni_plugin_version: flannel_cni_plugin_version, k8s_interface } = vars;
    const { flannel_cni_plugin_url, flannel_cni_plugin_checksum } = vars;
    const { flannel_download_url, flannel_download_checksum } = vars;
    variables = {
      ...{ flannel_download_url, flannel_download_checksum, k8s_interface },
      ...{ flannel_cni_plugin_version, flannel_cni_plugin_url, flannel_cni_plugin_checksum },
    };
  });
  after(async () => {
    await lab.down();
    await rm(cluster, { recursive: true, force: true });
  });

  const bringPackages = async (): Promise<void> => {
    const folder = join(cluster, "packages");
    await execa("mkdir", [folder]);
    await execa("apt-get", ["download", ...PACKAGES], { cwd: folder });
    const files = (await readdir(folder)).map((name) => join(folder, name));
    const config = ["-F", join(lab.directory, "ssh_config")];
    for (const node of NODES) {
      await execa("scp", [...config, ...files, `${node}:/tmp`]);
      await lab.ssh(node, "dpkg --install /tmp/*.deb");
    }
  };

  const play = async (): Promise<PlayRun> => {
    const args = ["site.yml", "--extra-vars", JSON.stringify(variables)];
    const env = { ANSIBLE_NOCOLOR: "1", ANSIBLE_CONFIG: join(cluster, "ansible.cfg") };
    const options = { cwd: cluster, all: true, reject: false, env };
    const { all: output = "", exitCode } = await execa("ansible-playbook", args, options);
    return { exitCode, output, ...readPlay(output) };
  };

  it("brings etcd, containerd and an overlay over which every host reaches every other", async () => {
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.tasks).to.include("Reach for the other hosts, like a pod and as this host itself");
    for (const node of NODES) {
      const units = await lab.ssh(node, "systemctl is-active etcd containerd flanneld");
      expect(units).to.equal("active\nactive\nactive");
      expect(await lab.ssh(node, "ip route show dev flannel.1 | wc -l")).to.equal("2");
    }
  });

  it("changes nothing when it is played again", async () => {
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([]);
  });
});

/** The example's own inventory, with the addresses of the lab. */
function inventoryOf(lab: Lab): object {
  const hosts = Object.fromEntries(
    NODES.map((node) => [node, { ansible_host: lab.addressOf(node), ansible_user: "root" }]),
  );
  const args = `-F ${join(lab.directory, "ssh_config")}`;
  const vars = { ansible_ssh_common_args: args, ansible_python_interpreter: "/usr/bin/python3" };
  return { all: { vars, children: { k8s_etcd: { hosts }, k8s_worker: { hosts } } } };
}
