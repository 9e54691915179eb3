// flannel_download_once on hosts that are this machine: who is asked for what, what comes of it, and
// what nobody gets to see.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { readPlay } from "../support/lab";
import { tinyProgram } from "../support/tiny-program";

const ROOT = join(__dirname, "..", "..");
const VERSION = "v0.28.9";
const ARCH = machine() === "aarch64" ? "arm64" : "amd64";
const PROGRAM = tinyProgram(VERSION, 100_000);
const TOKEN = "hush-hush-hush";
const PASSWORD = "pass-pass-word";

interface Request {
  readonly host: string;
  readonly path: string;
  readonly token: string | undefined;
}

describe("flannel_download_once without a lab", function () {
  this.timeout(120_000);
  let directory: string;
  let port: number;
  let seen: Request[] = [];
  let answers: Readonly<Record<string, Buffer>> = {};
  const server = createServer((request, response) => {
    const { host = "", "x-token": token } = request.headers;
    seen.push({ host: host.replace(/:.*/, ""), path: request.url ?? "", token: token?.toString() });
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });

  before((done) => {
    server.listen(0, "127.0.0.1", () => {
      port = (server.address() as AddressInfo).port;
      done();
    });
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "download-once-"));
    const digest = createHash("sha256").update(PROGRAM).digest("hex");
    seen = [];
    answers = {
      [`/${VERSION}/flanneld-${ARCH}`]: PROGRAM,
      "/sums": Buffer.from(`${digest}  flanneld-${ARCH}\n`),
    };
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });
  after(() => {
    server.close();
  });

  interface Outcome extends ReturnType<typeof readPlay> {
    readonly output: string;
    readonly exitCode: number;
  }

  /** Plays the phase of the download and the installation behind it. */
  async function play(variables: object = {}, ...args: readonly string[]): Promise<Outcome> {
    const include = (phase: string) => ({
      "ansible.builtin.include_role": { name: ROOT, tasks_from: phase },
    });
    const tasks = ["download-once.yml", "install.yml"].map(include);
    const here = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      ansible_node_interpreter: process.execPath,
    };
    const local = {
      ...here,
      flannel_bin_dir: join(directory, "{{ inventory_hostname }}", "sbin"),
    };
    const without = { ...here, ansible_node_interpreter: "/nowhere/node" };
    const inventory = {
      all: {
        children: { workers: { hosts: { one: {}, two: {} }, vars: local } },
        hosts: { localhost: here, far: here, bare: without },
      },
    };
    await writeFile(join(directory, "hosts.json"), JSON.stringify(inventory));
    await writeFile(
      join(directory, "site.yml"),
      JSON.stringify([{ hosts: "workers", gather_facts: false, tasks }]),
    );
    const all = {
      flannel_version: VERSION,
      flannel_download_once: true,
      flannel_download_cache_dir: join(directory, "cache"),
      flannel_download_url: `http://u:${PASSWORD}@127.0.0.1:${port}/{version}/{asset}`,
      flannel_download_headers: { "X-Token": TOKEN },
      flannel_download_retries: 0,
      flannel_install_arch: ARCH,
      ...variables,
    };
    // In a file: at -vvvv, Ansible itself shows what stands on its command line.
    const vars = join(directory, "vars.json");
    await writeFile(vars, JSON.stringify(all));
    const files = ["-i", join(directory, "hosts.json"), join(directory, "site.yml")];
    const { stdout, exitCode } = await execa(
      "ansible-playbook",
      [...files, "-e", `@${vars}`, ...args],
      { cwd: ROOT, env: { ANSIBLE_NOCOLOR: "1" }, reject: false },
    );
    for (const secret of [TOKEN, PASSWORD]) expect(stdout).to.not.include(secret);
    for (const secret of [TOKEN, PASSWORD]) expect(stdout).to.not.include(secret);
    return { output: stdout, exitCode, ...readPlay(stdout) };
  }

  const list = (host = "127.0.0.1") => ({
    flannel_download_checksum: `sha256:http://${host}:${port}/sums`,
  });
  const downloads = () => seen.filter(({ path }) => path.includes("flanneld"));
  const installed = (host: string): readonly string[] => readdirSync(join(directory, host, "sbin"));

  it("installs on all hosts what one of them has downloaded, and leaves nothing else there", async () => {
    const predicted = await play(list(), "--check", "--diff");
    expect(predicted.exitCode, predicted.output).to.equal(0);
    expect(predicted.changed).to.deep.equal(["one: Install flanneld", "two: Install flanneld"]);
    expect(downloads()).to.deep.equal([]);
    expect(existsSync(join(directory, "cache"))).to.equal(false);
    const real = await play(list(), "--diff");
    expect(real.exitCode, real.output).to.equal(0);
    expect(real.changed).to.deep.equal(predicted.changed);
    expect(downloads()).to.have.length(1);
    for (const host of ["one", "two"])
      expect(installed(host)).to.deep.equal([".flanneld.origin.json", "flanneld"]);
    expect(readFileSync(join(directory, "one", "sbin", "flanneld")).equals(PROGRAM)).to.equal(true);
  });

  it("downloads nothing for hosts that have it, also when the cache is gone", async () => {
    await play();
    await rm(join(directory, "cache"), { recursive: true });
    const again = await play(list());
    expect(again.exitCode, again.output).to.equal(0);
    expect(again.changed).to.deep.equal([]);
    expect(downloads()).to.have.length(1);
  });

  it("replaces what is in the cache and is not the file", async () => {
    await play();
    for (const host of ["one", "two"]) await rm(join(directory, host), { recursive: true });
    const cached = join(directory, "cache", VERSION, `flanneld-${ARCH}`);
    await writeFile(cached, PROGRAM.subarray(0, PROGRAM.length / 2));
    const healed = await play();
    expect(healed.exitCode, healed.output).to.equal(0);
    expect(healed.changed).to.have.length(2);
    expect(downloads()).to.have.length(2);
    expect(readFileSync(cached).equals(PROGRAM)).to.equal(true);
  });

  it("removes what was sent also when it cannot be installed", async () => {
    const list = createHash("sha256").update(tinyProgram("v0.27.0")).digest("hex");
    answers = { [`/${VERSION}/flanneld-${ARCH}`]: tinyProgram("v0.27.0") };
    const run = await play({ flannel_download_checksum: `sha256:${list}` });
    expect(run.failed).to.deep.equal(["one: Install flanneld", "two: Install flanneld"]);
    expect(run.output).to.include("is flanneld v0.27.0, version asks for v0.28.9");
    for (const host of ["one", "two"]) expect(installed(host)).to.deep.equal([]);
  });

  it("keeps credentials out of the output, as loud as it may be", async () => {
    const good = await play(list(), "-vvvv", "--diff");
    expect(good.exitCode, good.output).to.equal(0);
    expect(good.output).to.include("module_args");
    answers = {};
    await rm(join(directory, "cache"), { recursive: true });
    await rm(join(directory, "one"), { recursive: true });
    const bad = await play({}, "-vvvv");
    expect(bad.failed).to.deep.equal(["one: Download the release"]);
    expect(bad.output).to.include("HTTP 404");
  });

  it("shows headers to the only host there is", async () => {
    answers = {};
    await play({}, "--limit", "one");
    expect(seen.map(({ host, token }) => [host, token])).to.deep.equal([["127.0.0.1", TOKEN]]);
  });

  it("shows them to none of several hosts", async () => {
    const urls = ["127.0.0.1", "localhost"].map((host) => `http://${host}:${port}/{asset}`);
    const { output } = await play({ flannel_download_url: urls });
    expect(output).to.include("url names 2 hosts");
    expect(seen).to.deep.equal([]);
  });

  it("does not show them to the host of the checksums, if that is another", async () => {
    await play(list("localhost"));
    const tokens = new Set(seen.map(({ host, token }) => `${host} ${String(token)}`));
    expect(tokens).to.deep.equal(new Set(["localhost undefined", `127.0.0.1 ${TOKEN}`]));
  });

  it("downloads on a named host, and passes it on", async () => {
    const run = await play({ flannel_download_host: "far", ...list() });
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal(["one: Install flanneld", "two: Install flanneld"]);
    expect(run.tasks).to.include("Bring the release to the machine that runs Ansible");
    expect(downloads()).to.have.length(1);
    for (const host of ["one", "two"])
      expect(installed(host)).to.deep.equal([".flanneld.origin.json", "flanneld"]);
  });

  it("says what is missing when the host that downloads has no Node.js", async () => {
    for (const variables of [{}, list()]) {
      const run = await play({ flannel_download_host: "bare", ...variables });
      const check = "Check that the host that downloads has Node.js";
      expect(run.failed, run.output).to.deep.equal([`one: ${check}`, `two: ${check}`]);
      expect(run.output).to.include("bare: has no Node.js");
      expect(seen).to.deep.equal([]);
    }
  });
});
