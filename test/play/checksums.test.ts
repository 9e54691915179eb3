// What a play asks of a release that nobody has declared, on hosts that are this machine.

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
const PROGRAM = tinyProgram(VERSION, 1000);

describe("a release of which nothing is declared", function () {
  this.timeout(120_000);
  let directory: string;
  let port: number;
  let seen: string[] = [];
  let page = "";
  let programs: readonly Buffer[] = [];
  const server = createServer((request, response) => {
    const { url = "" } = request;
    seen.push(url);
    if (!url.startsWith("/tags/")) {
      const count = seen.filter((path) => !path.startsWith("/tags/")).length;
      response.end(programs[(count - 1) % programs.length]);
    } else if (page === "") response.writeHead(404).end();
    else response.end(page);
  });

  before((done) => {
    server.listen(0, "127.0.0.1", () => {
      port = (server.address() as AddressInfo).port;
      done();
    });
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "checksums-play-"));
    [seen, page, programs] = [[], "", [PROGRAM]];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  after(() => {
    server.close();
  });

  const publish = (program: Buffer): void => {
    const digest = `sha256:${createHash("sha256").update(program).digest("hex")}`;
    page = JSON.stringify({ assets: [{ name: `flanneld-${ARCH}`, digest }] });
  };

  async function play(variables: object = {}) {
    const include = (phase: string) => ({
      "ansible.builtin.include_role": { name: ROOT, tasks_from: phase },
      vars: { __flannel_look: { arch: ARCH, differing_certificates: [], ...LOOK } },
    });
    const tasks = ["prepare.yml", "install.yml", "proof.yml"].map(include);
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      ansible_node_interpreter: process.execPath,
      flannel_bin_dir: join(directory, "{{ inventory_hostname }}", "sbin"),
      etcd_certificates: [],
    };
    const inventory = { all: { hosts: { one: {}, two: {}, three: {} }, vars } };
    await writeFile(join(directory, "hosts.json"), JSON.stringify(inventory));
    await writeFile(
      join(directory, "site.yml"),
      JSON.stringify([{ hosts: "all", gather_facts: false, tasks }]),
    );
    const all = {
      flannel_version: VERSION,
      flannel_download_url: `http://127.0.0.1:${port}/{version}/{asset}`,
      flannel_download_release_page: `http://127.0.0.1:${port}/tags/{version}`,
      flannel_download_retries: 0,
      flannel_settings_user: { "kube-subnet-mgr": true },
      flannel_verify: false,
      flannel_report: false,
      ...variables,
    };
    await writeFile(join(directory, "vars.json"), JSON.stringify(all));
    const {
      stdout,
      all: printed,
      exitCode,
    } = await execa(
      "ansible-playbook",
      ["-i", "hosts.json", "site.yml", "-e", "@vars.json", "-v"],
      { cwd: directory, env: { ANSIBLE_NOCOLOR: "1", COLUMNS: "1000" }, reject: false, all: true },
    );
    return { output: printed ?? "", exitCode, ...readPlay(stdout) };
  }
  const LOOK = { running_version: null as string | null };
  const pages = (): number => seen.filter((path) => path.startsWith("/tags/")).length;

  it("is verified by its page, which is asked once for all hosts", async () => {
    publish(PROGRAM);
    const { exitCode, output } = await play();
    expect(exitCode, output).to.equal(0);
    expect(pages()).to.equal(1);
    expect(output.match(/"verified": true/g)).to.have.length(3);
    expect(output).to.not.include("installed unverified");
  });

  it("is refused where it is not what the page says", async () => {
    publish(Buffer.from("another"));
    const { exitCode, output } = await play();
    expect(exitCode).to.not.equal(0);
    expect(output).to.match(/ is [0-9a-f]{64}, expected [0-9a-f]{64}/);
  });

  it("is taken with a warning where the page says nothing, and refused where it must be known", async () => {
    const warned = await play();
    expect(warned.exitCode, warned.output).to.equal(0);
    expect(warned.output).to.include("the release page does not say what flanneld must be");
    const refused = await play({ flannel_download_require_checksum: true });
    expect(refused.exitCode).to.not.equal(0);
  });

  it("fails the play where hosts have got different programs", async () => {
    programs = [PROGRAM, tinyProgram(VERSION, 2000)];
    const { exitCode, output } = await play({ flannel_download_release_page: "" });
    expect(exitCode).to.not.equal(0);
    expect(output).to.include("got different programs for the same release and CPU");
    expect(pages()).to.equal(0);
  });
});
