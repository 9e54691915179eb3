// Single phases of the role on hosts that are this machine, as far as they need no lab.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");
const PSK = Buffer.from("hush hush hush hush hush hush 32").toString("base64");

describe("the phases without a lab", function () {
  this.timeout(120_000);
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "phases-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Plays one file of tasks; returns what it prints. */
  async function play(
    phase: string,
    variables: object,
    {
      hosts = ["one"],
      etcd = hosts,
      group = "k8s_etcd",
      ...more
    }: { hosts?: string[]; etcd?: string[]; group?: string; serial?: number } = {},
    ...args: readonly string[]
  ): Promise<string> {
    const role = { name: ROOT, tasks_from: phase };
    const tasks = [{ "ansible.builtin.include_role": role, tags: ["always"] }];
    const site = [{ hosts: "all", gather_facts: false, tasks, ...more }];
    const named = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      ansible_node_interpreter: process.execPath,
    };
    const children = { [group]: { hosts: named(etcd) } };
    const inventory = { all: { hosts: named(hosts), children, vars } };
    await writeFile(join(directory, "hosts.json"), JSON.stringify(inventory));
    await writeFile(join(directory, "site.yml"), JSON.stringify(site));
    const files = ["-i", join(directory, "hosts.json"), join(directory, "site.yml")];
    const given = ["-e", JSON.stringify(variables)];
    const { stdout } = await execa("ansible-playbook", [...files, ...given, ...args], {
      cwd: ROOT,
      env: { ANSIBLE_NOCOLOR: "1" },
      reject: false,
    });
    return stdout;
  }

  it("need no address of a host that leaves public-ip to flanneld", async () => {
    const settings = (more: object) => ({
      k8s_interface: "no-such-if",
      flannel_settings_user: { "etcd-endpoints": "https://127.0.0.1:1", ...more },
    });
    const left = await play("look.yml", settings({ "public-ip": null, iface: null }));
    expect(left, left).to.match(/failed=0/);
    expect(await play("look.yml", settings({}))).to.include("has no IPv4 address");
    expect(await play("look.yml", settings({ "public-ip": "" }))).to.match(/failed=1/);
  });

  it("take the etcd hosts from the group and interface of the neighbours' role", async () => {
    const flags = ["public-ip", "iface", "etcd-cafile", "etcd-certfile", "etcd-keyfile"];
    const variables = {
      etcd_ansible_group: "our_etcd",
      etcd_certificates: [],
      etcd_client_port: 1,
      etcd_interface: "lo",
      k8s_interface: "no-such-if",
      flannel_settings_user: Object.fromEntries(flags.map((name) => [name, null])),
    };
    const only = ["--tags", "k8s-flannel-network"];
    const hosts = { hosts: ["one", "two"], etcd: ["two"], group: "our_etcd" };
    const output = await play("main.yml", variables, hosts, ...only, "--limit", "one");
    expect(output, output).to.match(/https:\/\/127\.0\.0\.1:1\b[^\n]*refused/);
  });

  it("refuse early what etcd_certificates of another role does not bring", async () => {
    const variables = {
      k8s_conf_dir: join(directory, "kubernetes"),
      k8s_interface: "lo",
      etcd_certificates: ["ca-etcd.pem", "cert-etcd-peer.pem", "cert-etcd-peer-key.pem"],
    };
    const output = await play("look.yml", variables);
    expect(output).to.include("cert-etcd.pem: no such file on this host");
    expect(output).to.include("etcd_additional_clients: [k8s-apiserver-etcd, flannel]");
    expect(output).to.not.include("settings: etcd-cafile:");
  });

  it("show the network configuration only when they are asked to, and never a secret", async () => {
    const variables = (backend: object) => ({
      flannel_options_dir: join(directory, "options"),
      flannel_settings_user: { "kube-subnet-mgr": true },
      flannel_network_config: { Backend: backend },
      flannel_version: "v0.28.9",
    });
    const only = ["--tags", "k8s-flannel-network"];
    expect(await play("file-alone.yml", variables({}), {}, ...only)).to.not.include("vxlan");
    const shown = await play("file-alone.yml", variables({ VNI: 7 }), {}, "--diff", ...only);
    expect(shown).to.include('"VNI": 7');
    const secret = variables({ Type: "wireguard", psk: PSK });
    const hidden = await play("file-alone.yml", secret, {}, "--diff", ...only);
    expect(hidden).to.include('"Type": "wireguard"').and.not.include(PSK);
    expect(await readFile(join(directory, "options", "net-conf.json"), "utf8")).to.include(PSK);
  });

  it("bring the certificates to an etcd host whose batch is yet to come", async () => {
    const variables = {
      k8s_conf_dir: join(directory, "kubernetes"),
      k8s_ca_conf_directory: join(directory, "certs"),
      flannel_settings_user: { "etcd-endpoints": "https://127.0.0.1:1" },
      etcd_certificates: ["ca-etcd.pem", "cert-etcd.pem", "cert-etcd-key.pem"],
    };
    await mkdir(variables.k8s_ca_conf_directory);
    for (const name of ["ca-etcd.pem", "cert-etcd.pem", "cert-etcd-key.pem"]) {
      await writeFile(join(variables.k8s_ca_conf_directory, name), "none");
    }
    const batches = { hosts: ["one", "two"], etcd: ["two"], serial: 1 };
    const output = await play("writer.yml", variables, batches);
    expect(output).to.include("changed: [one -> two]");
    for (const name of variables.etcd_certificates)
      expect(await readFile(join(variables.k8s_conf_dir, name), "utf8")).to.equal("none");
    expect(output).to.not.include("its directory does not exist");
  });
});
