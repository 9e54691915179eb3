// flannel_download_once: what the hosts cannot reach is downloaded once for each CPU, and sent to them.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect } from "chai";

import { Lab, type PlayRun } from "../../support/lab";
import { elfOf } from "../../support/tiny-program";

const PLAYBOOK = "molecule/shared/converge.yml";
const VERSION = "v0.28.9";
const INSTALL = "Install flanneld";
const RELEASES = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "ansible-role-flanneld/releases",
);

describe("flannel_download_once", function () {
  this.timeout(120_000);
  const lab = new Lab("test-once", { LAB_WORKERS: "2", LAB_ETCD: "0" });
  const cache = mkdtempSync(join(tmpdir(), "flannel-once-"));
  const cached = join(cache, VERSION, "flanneld-amd64");
  const program = readFileSync(join(RELEASES, VERSION, "flanneld-amd64"));
  const foreign = elfOf("arm64");
  let answers: Record<string, Buffer>;
  let requests: string[] = [];
  let server: Server;
  let base: string;

  before(async () => {
    await lab.up();
    const list = [program, foreign].map((file) => createHash("sha256").update(file).digest("hex"));
    answers = {
      [`/${VERSION}/flanneld-amd64`]: program,
      [`/${VERSION}/flanneld-arm64`]: foreign,
      [`/${VERSION}/sums`]: Buffer.from(`${list[0]}  flanneld-amd64\n${list[1]}  flanneld-arm64\n`),
      "/html/flanneld-amd64": Buffer.from("<html>please log in</html>"),
    };
    // On loopback: no host of the lab can reach it, only the machine that runs Ansible.
    server = createServer((request, response) => {
      const file = answers[request.url ?? ""];
      requests.push(
        `${request.method} ${request.url} ${String(request.headers["x-token"] ?? "")}`.trim(),
      );
      response.writeHead(file === undefined ? 404 : 200).end(file);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // A first run makes a link to Node.js, which is no matter here.
    const linked = await lab.play(PLAYBOOK, ["--tags", "k8s-flannel-nodejs"]);
    expect(linked.exitCode, linked.output).to.equal(0);
  });
  after(async () => {
    server.close();
    rmSync(cache, { recursive: true });
    await lab.down();
  });
  beforeEach(() => {
    requests = [];
  });

  async function play(variables: object = {}, ...args: string[]): Promise<PlayRun> {
    const all = {
      flannel_download_once: true,
      flannel_download_cache_dir: cache,
      flannel_download_url: [`${base}/nowhere/{asset}`, `${base}/{version}/{asset}`],
      flannel_download_checksum: `sha256:${base}/{version}/sums`,
      flannel_download_retries: 1,
      ...variables,
    };
    const tags = ["--tags", "k8s-flannel-install"];
    return await lab.play(PLAYBOOK, [...tags, "--extra-vars", JSON.stringify(all), ...args]);
  }
  const downloads = () => requests.filter((line) => /\/v[^/]*\/flanneld/.test(line));
  const look = (host: string) => lab.ssh(host, "ls -A /usr/local/sbin");

  it("predicts the installation without a download", async () => {
    const run = await play({}, "--check", "--diff");
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-1: ${INSTALL}`, `worker-2: ${INSTALL}`]);
    expect(new Set(requests)).to.deep.equal(new Set([`GET /${VERSION}/sums`]));
    expect(existsSync(cached)).to.equal(false);
    expect(await look("worker-1")).to.equal("");
  });

  it("downloads once for all hosts, from the first address that has it", async () => {
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-1: ${INSTALL}`, `worker-2: ${INSTALL}`]);
    expect(requests).to.include("GET /nowhere/flanneld-amd64");
    expect(downloads()).to.deep.equal([`GET /${VERSION}/flanneld-amd64`]);
    for (const host of ["worker-1", "worker-2"]) {
      expect(await look(host)).to.equal(".flanneld.origin.json\nflanneld"); // the program, and the record of where it came from
      expect(await lab.ssh(host, "/usr/local/sbin/flanneld --version 2>&1")).to.equal(VERSION);
    }
  });

  it("changes and downloads nothing in the second run, even when the cache is gone", async () => {
    rmSync(join(cache, VERSION), { recursive: true });
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([]);
    expect(downloads()).to.deep.equal([]);
  });

  it("serves a host that comes later from the cache", async () => {
    writeCache(cached, program);
    await lab.ssh("worker-2", "rm /usr/local/sbin/flanneld");
    const run = await play();
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-2: ${INSTALL}`]);
    expect(downloads()).to.deep.equal([]);
  });

  it("downloads anew what is not the declared file in the cache", async () => {
    writeCache(cached, Buffer.from("half"));
    await lab.ssh("worker-1", "echo broken >/usr/local/sbin/flanneld");
    const run = await play({ flannel_download_headers: { "X-Token": "token-4711" } });
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-1: ${INSTALL}`]);
    expect(downloads()).to.deep.equal([`GET /${VERSION}/flanneld-amd64 token-4711`]);
    expect(readFileSync(cached).equals(program)).to.equal(true);
  });

  it("downloads one file for each CPU", async () => {
    rmSync(join(cache, VERSION), { recursive: true });
    const inventory = join(cache, "arm.yml");
    writeFileSync(inventory, "all: {hosts: {worker-2: {flannel_install_arch: arm64}}}");
    await lab.ssh("worker-1", "rm /usr/local/sbin/flanneld");
    const run = await play({}, "--inventory", inventory);
    expect(run.changed).to.deep.equal([`worker-1: ${INSTALL}`]);
    expect(downloads().sort()).to.deep.equal([
      `GET /${VERSION}/flanneld-amd64`,
      `GET /${VERSION}/flanneld-arm64`,
    ]);
    // This machine cannot run it, which the host says once it has the file of its declared CPU.
    expect(run.failed.filter((name) => name.endsWith(INSTALL))).to.deep.equal([
      `worker-2: ${INSTALL}`,
    ]);
    expect(run.output).to.match(/it is for arm64|cannot be run/);
    expect(await lab.ssh("worker-2", "/usr/local/sbin/flanneld --version 2>&1")).to.equal(VERSION);
  });

  it("does not take what is no flanneld, and heals when the mirror does", async () => {
    rmSync(join(cache, VERSION), { recursive: true, force: true });
    await lab.ssh("worker-1", "cd /usr/local/sbin && rm flanneld .flanneld.origin.json");
    const variables = {
      flannel_download_checksum: "",
      flannel_download_url: `${base}/html/{asset}`,
    };
    const run = await play(variables);
    expect(run.exitCode).to.not.equal(0);
    expect(run.output).to.include("HTML page");
    expect(run.failed).to.deep.equal(["worker-1: Download the release"]);
    expect(existsSync(cached)).to.equal(false);
    expect(await look("worker-1")).to.equal("");
    const healed = await play({ flannel_download_checksum: "" });
    expect(healed.exitCode, healed.output).to.equal(0);
    expect(healed.changed).to.deep.equal([`worker-1: ${INSTALL}`]);
    expect((await play({ flannel_download_checksum: "" })).changed).to.deep.equal([]);
  });

  it("downloads on a named host, and passes it on", async () => {
    const url = `http://${lab.addressOf("worker-1").replace(/\d+$/, "1")}:8280/{version}/{asset}`;
    rmSync(join(cache, VERSION), { recursive: true, force: true });
    await lab.ssh("worker-2", "rm /usr/local/sbin/flanneld");
    const run = await play({
      flannel_download_host: "worker-1",
      flannel_download_url: url,
      flannel_download_checksum: url.replace("{asset}", "sha256sum.txt").replace(/^/, "sha256:"),
    });
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([`worker-2: ${INSTALL}`]);
    expect(await lab.ssh("worker-1", `ls ${cache}/${VERSION}`)).to.equal("flanneld-amd64");
    expect(existsSync(cached)).to.equal(true);
    expect(downloads()).to.deep.equal([]);
  });
});

function writeCache(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
