// roles/nodejs bringing a tarball to hosts that are this machine: from which address, by which way, and what it says.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type Server, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo } from "node:net";
import { machine, tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { Certificates } from "../../support/certificates";
import { readPlay } from "../../support/lab";

const ROOT = join(__dirname, "..", "..", "..");
const VERSION = "99.1.0"; // newer than what this machine has
const ARCH = machine() === "aarch64" ? "arm64" : "x64";
const TOKEN = "hush-hush-hush";
const SHARED_LIBRARIES = "error while loading shared libraries";
const PASSWORD = "pass-pass-word";

interface Request {
  readonly url: string;
  readonly token: unknown;
}

/** The value of the header with which a user says who it is. */
const basic = (user: string) => `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString("base64")}`;

type Played = ReturnType<typeof readPlay> & { readonly output: string; readonly exitCode: number };

const portOf = (server: Server | undefined) => (server?.address() as AddressInfo).port;

describe("roles/nodejs without a lab", function () {
  this.timeout(240_000);
  const directory = mkdtempSync(join(tmpdir(), "nodejs-"));
  const certificates = new Certificates();
  const tarball = pack(`#!/bin/sh\necho v${VERSION}\n`);
  const digest = createHash("sha256").update(tarball).digest("hex");
  let seen: Request[] = [];
  let servers: readonly Server[];
  let plain: string;

  before(async () => {
    const listener: Parameters<typeof createServer>[1] = ({ url = "", headers }, response) => {
      seen.push({ url, token: headers["x-token"] });
      if (url.includes("missing")) response.writeHead(404).end();
      else if (url.includes("closed") && headers.authorization !== basic("known"))
        response.writeHead(401).end();
      else response.end(url.includes("wrong") ? "wrong" : tarball);
    };
    certificates.issue("mirror");
    const pair = certificates.material("mirror");
    certificates.issue("client");
    const strict = { ...pair, requestCert: true, rejectUnauthorized: true };
    servers = [
      createServer(listener),
      createTlsServer(pair, listener),
      createTlsServer(strict, listener),
    ];
    for (const server of servers)
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    plain = `127.0.0.1:${portOf(servers[0])}`;
  });
  after(() => {
    for (const server of servers) server.close();
    certificates.remove();
    rmSync(directory, { recursive: true });
  });

  /** A tarball laid out as those of Node.js, with this program in it. */
  function pack(program: string): Buffer {
    mkdirSync(join(directory, "node-v", "bin"), { recursive: true });
    writeFileSync(join(directory, "node-v", "bin", "node"), program, { mode: 0o755 });
    return execFileSync("tar", ["-C", directory, "-cz", "node-v"]);
  }

  /** A host with a tarball whose program says what the loader of libraries would say in its place. */
  function lackingLibrary(): object {
    const complaint = `${SHARED_LIBRARIES}: libatomic.so.1: cannot open shared object file`;
    const bytes = pack(`#!/bin/sh\necho "node: ${complaint}" >&2\nexit 127\n`);
    const file = join(directory, "no-library.tar.gz");
    writeFileSync(file, bytes);
    return {
      nodejs_tarball_src: file,
      nodejs_tarball_checksum: createHash("sha256").update(bytes).digest("hex"),
    };
  }

  /** Plays the role on hosts with these variables each. */
  async function play(
    hosts: Readonly<Record<string, object>>,
    { args = [], ...keywords }: { vars?: object; args?: readonly string[] } = {},
  ): Promise<Played> {
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      nodejs_dir: join(directory, "{{ inventory_hostname }}"),
      nodejs_minimum: "99.0.0",
      nodejs_package: "bash", // too old to be wanted
      nodejs_version: VERSION,
      nodejs_tarball_url: `http://${plain}/{version}/node-v{version}-linux-{arch}.tar.gz`,
      nodejs_tarball_checksum: digest,
      nodejs_retries: 0,
    };
    const has = "{{ inventory_hostname }} has {{ ansible_node_interpreter | default('none') }}";
    const tasks = [
      { "ansible.builtin.include_role": { name: join(ROOT, "roles", "nodejs") } },
      { "ansible.builtin.debug": { msg: has } },
    ];
    const environment = "{{ proxies | default({}) }}";
    const site = [{ hosts: "all", gather_facts: false, environment, tasks, ...keywords }];
    writeFileSync(join(directory, "hosts.json"), JSON.stringify({ all: { hosts, vars } }));
    writeFileSync(join(directory, "site.yml"), JSON.stringify(site));
    const files = ["-i", join(directory, "hosts.json"), join(directory, "site.yml"), ...args];
    const { all, exitCode } = await execa("ansible-playbook", files, {
      cwd: ROOT,
      env: { ANSIBLE_NOCOLOR: "1", ANSIBLE_FORKS: "12" },
      all: true,
      reject: false,
    });
    const output = all ?? "";
    for (const secret of [TOKEN, PASSWORD]) expect(output).to.not.include(secret);
    return { output, exitCode, ...readPlay(output) };
  }

  const brought = (host: string) => join(directory, host, VERSION, "bin", "node");
  const hasIt = (host: string) => existsSync(brought(host));

  describe("bringing a tarball", () => {
    let hosts: Readonly<Record<string, object>>;
    let run: Played;
    let asked: readonly Request[];
    /** At -vvv a result takes many lines, up to the brace that ends it. */
    const saidTo = (host: string) =>
      (run.output.match(new RegExp(`^fatal: \\[${host}[^]*?^\\}`, "gm")) ?? []).join("\n");
    const askedFor = (word: string) => asked.filter(({ url }) => url.includes(word));

    before(async () => {
      const passing = `http://u:${PASSWORD}@localhost:${portOf(servers[0])}`;
      const once = { nodejs_cache_dir: join(directory, "cache") };
      const secure = { nodejs_tarball_url: `https://127.0.0.1:${portOf(servers[1])}/it` };
      const here = { ansible_connection: "local" };
      const strict = {
        nodejs_tarball_url: `https://127.0.0.1:${portOf(servers[2])}/it`,
        nodejs_ca_file: certificates.ca,
      };
      const netrc = join(directory, "netrc");
      writeFileSync(netrc, `machine 127.0.0.1 login known password ${PASSWORD}\n`, { mode: 0o600 });
      const closed = {
        nodejs_tarball_url: `http://${plain}/closed`,
        proxies: { NETRC: netrc },
      };
      hosts = {
        mirrors: {
          nodejs_tarball_url: [
            `${passing}/missing`,
            `${passing}/wrong/{arch}`,
            `http://${plain}/good`,
          ],
          nodejs_tarball_checksum: { [ARCH]: `sha256:${digest.toUpperCase()}`, riscv64: "none" },
          nodejs_headers: { [plain]: { "X-Token": TOKEN } },
        },
        "one-of-two": { ...once, nodejs_download_host: "localhost" },
        "two-of-two": { ...once, nodejs_download_host: "localhost" },
        fetching: {
          nodejs_cache_dir: join(directory, "far"),
          nodejs_download_host: "idle",
          nodejs_tarball_url: `http://${plain}/fetched`,
        },
        idle: { ...here, nodejs_minimum: "1.0.0" },
        proxied: {
          nodejs_tarball_url: "http://mirror.example.org/node",
          proxies: { http_proxy: `http://${plain}` },
        },
        stranger: secure,
        trusting: { ...secure, nodejs_ca_file: certificates.ca },
        careless: { ...secure, nodejs_validate_certs: false },
        nameless: strict,
        client: {
          ...strict,
          nodejs_client_cert: certificates.certificate("client"),
          nodejs_client_key: certificates.key("client"),
        },
        guest: { ...closed, nodejs_use_netrc: false },
        user: closed,
        unknown: { nodejs_tarball_checksum: "" },
        "no-address": { nodejs_tarball_url: "" },
        "switched-off": { nodejs_install: false },
        "other-version": { nodejs_version: "98.1.0", nodejs_tarball_url: `http://${plain}/it` },
        sent: { nodejs_tarball_src: join(directory, "node-v", "bin", "node") },
        "no-library": lackingLibrary(),
      };
      run = await play(hosts, { args: ["--diff", "-vvv"] });
      asked = seen;
    });

    it("takes the first address that has it, with the headers of that host only", () => {
      expect(askedFor("missing")).to.deep.equal([{ url: "/missing", token: undefined }]);
      expect(askedFor("wrong")).to.deep.equal([{ url: `/wrong/${ARCH}`, token: undefined }]);
      expect(askedFor("good")).to.deep.equal([{ url: "/good", token: TOKEN }]);
      expect(run.output).to.include(`mirrors has ${brought("mirrors")}`);
      expect(readlinkSync(join(directory, "mirrors", "bin", "node"))).to.equal(brought("mirrors"));
    });

    it("downloads once for all hosts where a host is named that downloads", () => {
      const file = `node-v${VERSION}-linux-${ARCH}.tar.gz`;
      expect(askedFor(file)).to.have.length(1);
      expect(readFileSync(join(directory, "cache", file)).equals(tarball)).to.equal(true);
      for (const host of ["one-of-two", "two-of-two"]) expect(hasIt(host), host).to.equal(true);
    });

    it("fetches it from another host that downloads", () => {
      expect(askedFor("fetched")).to.have.length(1);
      expect(hasIt("fetching")).to.equal(true);
    });

    it("goes through the proxy of the play", () => {
      expect(askedFor("mirror.example.org")).to.have.length(1);
      expect(hasIt("proxied")).to.equal(true);
      expect(run.output).to.not.include("does not support the environment keyword");
    });

    it("knows a CA of its own beside those of the system", () => {
      expect(saidTo("stranger")).to.match(
        /no address has .*the last one:.*certificate verify failed/is,
      );
      for (const host of ["trusting", "careless"]) expect(hasIt(host), host).to.equal(true);
    });

    it("shows a client certificate to those who ask for one", () => {
      expect(saidTo("nameless")).to.match(/no address has .*the last one:/s);
      expect([hasIt("nameless"), hasIt("client")]).to.deep.equal([false, true]);
    });

    it("takes user and password from netrc, unless told otherwise", () => {
      expect(saidTo("guest")).to.match(/no address has .*the last one:.*401/s);
      expect([hasIt("guest"), hasIt("user")]).to.deep.equal([false, true]);
    });

    it("says what a host lacks, and leaves nothing there", () => {
      expect(saidTo("unknown")).to.include("is not known: declare it in nodejs_tarball_checksum");
      expect(saidTo("no-address")).to.include("neither nodejs_tarball_url nor nodejs_tarball_src");
      expect(saidTo("switched-off")).to.include("installing it is switched off");
      expect(saidTo("sent")).to.include("nothing was installed");
      expect(saidTo("other-version")).to.include("should print v98.1.0, and says: v99.1.0");
      expect(saidTo("no-library")).to.match(/libatomic\.so\.1: cannot open .*: install libatomic1/);
      for (const host of ["unknown", "other-version", "sent", "no-library"])
        expect(existsSync(join(directory, host, "bin")), host).to.equal(false);
    });

    it("has nothing left to do the second time", async () => {
      seen = [];
      const { mirrors = {}, "one-of-two": once = {}, trusting = {} } = hosts;
      const again = await play({ mirrors, "one-of-two": once, trusting });
      expect([again.exitCode, again.changed, seen], again.output).to.deep.equal([0, [], []]);
    });
  });

  it("touches and asks nothing in check mode", async () => {
    seen = [];
    const { exitCode, output } = await play({ checked: {} }, { args: ["--check", "--diff"] });
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("would be unpacked into");
    expect([seen, existsSync(join(directory, "checked"))]).to.deep.equal([[], false]);
  });

  it("takes a Node.js that the play names, whatever sudo and the shell have to say", async () => {
    const node = join(directory, "node");
    writeFileSync(node, `#!/bin/sh\necho v${VERSION}\n`, { mode: 0o755 });
    const sudo = join(directory, "sudo");
    const talk = "echo We trust you; echo use /bin/false; echo linked /bin/false";
    const rest = 'for last; do :; done\nexec sh -c "$last"';
    writeFileSync(sudo, `#!/bin/sh\n${talk}\n${rest}\n`, { mode: 0o755 });
    const vars = { ansible_node_interpreter: node };
    const become = { ansible_become: true, ansible_become_exe: sudo };
    const { exitCode, output } = await play({ one: {}, two: become }, { vars });
    expect(exitCode, output).to.equal(0);
    for (const host of ["one", "two"]) expect(output).to.include(`${host} has ${node}`);
  });
});
