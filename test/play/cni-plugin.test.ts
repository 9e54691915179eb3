// flannel's CNI plugin by the role, on hosts that are this machine.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { sha256 } from "../support/flannel-install";
import { readPlay } from "../support/lab";
import { tinyProgram } from "../support/tiny-program";

const ROOT = join(__dirname, "..", "..");
const VERSION = "v1.9.1-flannel1";
const ARCH = machine() === "aarch64" ? "arm64" : "amd64";
const ASSET = `flannel-${ARCH}`;
const PLUGIN = tinyProgram("CNI Plugin flannel version v1.9.1 (linux/x) commit 9c5a");
const DAEMON = tinyProgram("v0.28.9");
const HOSTS = ["one", "two", "three"];
const INSTALL = "Install flannel's CNI plugin";

describe("flannel's CNI plugin by the role", function () {
  this.timeout(120_000);
  let directory: string;
  let seen: string[] = [];
  const page = JSON.stringify({ assets: [{ name: ASSET, digest: `sha256:${sha256(PLUGIN)}` }] });
  const answers: Readonly<Record<string, Buffer | string>> = {
    [`/${VERSION}/${ASSET}`]: PLUGIN,
    [`/v0.28.9/flanneld-${ARCH}`]: DAEMON,
    [`/tags/${VERSION}`]: page,
  };
  const server: Server = createServer(({ url = "" }, response) => {
    seen.push(url);
    response.writeHead(answers[url] === undefined ? 404 : 200).end(answers[url]);
  });

  before((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "cni-plugin-"));
    seen = [];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  after(() => {
    server.close();
  });

  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bin = (host: string): string => join(directory, host, "cni");

  async function play(variables: object = {}, ...args: readonly string[]) {
    const include = (phase: string) => ({
      "ansible.builtin.include_role": { name: ROOT, tasks_from: phase },
      vars: { __flannel_look: { arch: ARCH, differing_certificates: [] } },
    });
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      ansible_node_interpreter: process.execPath,
      k8s_cni_bin_dir: join(directory, "{{ inventory_hostname }}", "cni"),
      flannel_bin_dir: join(directory, "{{ inventory_hostname }}", "sbin"),
      etcd_certificates: [],
    };
    const hosts = Object.fromEntries(HOSTS.map((host) => [host, {}]));
    const here = { localhost: { ...vars } };
    const inventory = { all: { hosts: here, children: { k8s_worker: { hosts, vars } } } };
    const tasks = ["prepare.yml", "install.yml"].map(include);
    const site = [{ hosts: "k8s_worker", gather_facts: false, tasks }];
    const all = {
      flannel_version: "v0.28.9",
      flannel_download_url: `${origin()}/{version}/{asset}`,
      flannel_download_checksum: `sha256:${sha256(DAEMON)}`,
      flannel_download_cache_dir: join(directory, "cache"),
      flannel_cni_plugin_version: VERSION,
      flannel_cni_plugin_url: `${origin()}/{version}/{asset}`,
      flannel_cni_plugin_release_page: `${origin()}/tags/{version}`,
      flannel_settings_user: { "kube-subnet-mgr": true },
      ...variables,
    };
    await writeFile(join(directory, "hosts.json"), JSON.stringify(inventory));
    await writeFile(join(directory, "site.yml"), JSON.stringify(site));
    await writeFile(join(directory, "vars.json"), JSON.stringify(all));
    const files = ["-i", "hosts.json", "site.yml", "-e", "@vars.json"];
    const { stdout, exitCode } = await execa("ansible-playbook", [...files, ...args], {
      cwd: directory,
      env: { ANSIBLE_NOCOLOR: "1" },
      reject: false,
    });
    expect(exitCode, stdout).to.equal(0);
    const { changed, tasks: ran } = readPlay(stdout);
    const ours = changed.filter((entry) => entry.endsWith(INSTALL));
    return { output: stdout, ran, changed, ours: ours.map((entry) => entry.split(":")[0]) };
  }

  const declared = { flannel_cni_plugin_checksum: `sha256:${sha256(PLUGIN)}` };

  it("is brought by those who ask for it only", async () => {
    const { ran } = await play({ flannel_cni_plugin_version: "" });
    expect(ran).to.not.include(INSTALL);
    expect(HOSTS.some((host) => existsSync(bin(host)))).to.equal(false);
  });

  it("is installed for every runtime, as check mode has said, and only once", async () => {
    const predicted = await play(declared, "--check");
    expect(HOSTS.some((host) => existsSync(bin(host)))).to.equal(false);
    const { ours, output } = await play(declared);
    expect(ours).to.have.members(HOSTS);
    expect(predicted.ours).to.deep.equal(ours);
    expect(output).to.not.include("unverified");
    for (const host of HOSTS) {
      expect(readdirSync(bin(host)).sort()).to.deep.equal([".flannel.origin.json", "flannel"]);
      expect(statSync(join(bin(host), "flannel")).mode & 0o777).to.equal(0o755);
    }
    expect((await play(declared)).changed).to.deep.equal([]);
  });

  it("is known by the page of its release, which is asked once, and by a converged play not at all", async () => {
    const pages = (): number => seen.filter((path) => path.startsWith("/tags/")).length;
    const { output } = await play();
    expect(output).to.not.include("unverified");
    expect(pages()).to.equal(1);
    expect((await play()).changed).to.deep.equal([]);
    expect(pages()).to.equal(1);
  });

  it("is downloaded once for all hosts, beside the daemon", async () => {
    const { ours } = await play({ ...declared, flannel_download_once: true });
    expect(ours).to.have.members(HOSTS);
    expect(seen).to.have.members([`/${VERSION}/${ASSET}`, `/v0.28.9/flanneld-${ARCH}`]);
    for (const host of HOSTS) {
      expect(readFileSync(join(bin(host), "flannel")).equals(PLUGIN)).to.equal(true);
      expect(readdirSync(bin(host)).sort()).to.deep.equal([".flannel.origin.json", "flannel"]);
      const daemon = join(directory, host, "sbin", "flanneld");
      expect(readFileSync(daemon).equals(DAEMON)).to.equal(true);
    }
  });
});
