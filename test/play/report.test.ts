// The report as it is rendered from what hosts are said to be, without any host.

import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

interface Host {
  readonly subnet: string;
  /** What `flanneld --version` of this host prints. */
  readonly version: string;
  readonly reasons?: readonly string[];
  readonly reach?: Readonly<Record<string, object>>;
  readonly remedies?: readonly string[];
}

describe("the report without a lab", function () {
  this.timeout(120_000);
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "render-"));
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Runs the report's tasks on this machine, for made-up hosts. */
  async function render(
    hosts: Readonly<Record<string, Host>>,
    variables: object = {},
    play: object = {},
  ): Promise<string> {
    const inventory = { all: { hosts: await inventoryOf(hosts) } };
    const tasks = [{ "ansible.builtin.include_role": { name: ROOT, tasks_from: "report.yml" } }];
    const site = [{ hosts: "all", connection: "local", gather_facts: false, tasks, ...play }];
    await writeFile(join(directory, "hosts.json"), JSON.stringify(inventory));
    await writeFile(join(directory, "site.yml"), JSON.stringify(site));
    const given = {
      flannel_settings_user: { "kube-subnet-mgr": true },
      flannel_report_dir: join(directory, "out"),
      ...variables,
    };
    const { stdout } = await execa(
      "ansible-playbook",
      [
        "-i",
        join(directory, "hosts.json"),
        join(directory, "site.yml"),
        "-e",
        JSON.stringify(given),
      ],
      { cwd: ROOT, env: { ANSIBLE_NOCOLOR: "1" } },
    );
    return stdout;
  }

  async function inventoryOf(hosts: Readonly<Record<string, Host>>): Promise<object> {
    const entries = Object.entries(hosts).map(async ([name, host]) => {
      const folder = await mkdtemp(join(directory, `${name}-`));
      await writeFile(join(folder, "flanneld"), `#!/bin/sh\necho '${host.version}' >&2\n`);
      await chmod(join(folder, "flanneld"), 0o755);
      const python = { ansible_python_interpreter: "{{ ansible_playbook_python }}" };
      return [name, { flannel_bin_dir: folder, ...python, ...factsOf(host) }] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  const read = (name: string): Promise<string> => readFile(join(directory, "out", name), "utf8");

  const HOSTS: Readonly<Record<string, Host>> = {
    one: { subnet: "10.200.1.1/24", version: "v0.28.9", reasons: ["arguments: added -v=1"] },
    two: { subnet: "10.200.2.1/24", version: "v0.25.7+ck1" },
  };

  it("tells of hosts whose leases are in the Kubernetes API, and of the versions that run", async () => {
    const output = await render(HOSTS, {
      flannel_version: "v0.10.0",
      flannel_options_dir: "/etc/f",
    });
    expect(output).to.not.match(/changed=[1-9]/);
    const markdown = await read("flannel.md");
    expect(markdown).to.include(
      "vxlan overlay `10.200.0.0/16`, configuration in `/etc/f/net-conf.json`, leases in the Kubernetes API.\n",
    );
    expect(markdown).to.include(
      "| one | v0.28.9 | 10.200.1.1/24 | 1450 | tap0 | active (running) | arguments: added -v=1 |\n" +
        "| two | v0.25.7+ck1 | 10.200.2.1/24 | 1450 | tap0 | active (running) | - |\n",
    );
    const html = await read("flannel.html");
    expect(html).to.include("configuration in <code>/etc/f/net-conf.json</code>, leases");
    expect(html).to.include("The leases are in the Kubernetes API");
    expect(html).to.include("<td>v0.25.7+ck1</td>");
    expect(html).to.not.match(/etcd|v0\.10\.0|No IPv4 subnet/);
  });

  it("is left alone when it says the same again, and tells the last run when that was another", async () => {
    const file = join(directory, "out", "flannel.md");
    const { ino } = await stat(file);
    await render(HOSTS, { flannel_options_dir: "/etc/f" });
    expect((await stat(file)).ino).to.equal(ino);
    const { one, two } = HOSTS as Record<"one" | "two", Host>;
    await render({ one: { ...one, reasons: [] }, two });
    expect(await read("flannel.md")).to.not.include("added -v=1");
  });

  it("takes what either host of a pair has found, and asks a host that has no daemon nothing", async () => {
    const reach = { one: { address: "10.200.1.0", ping: true, tcp: false, word: "ping only" } };
    await render(
      { one: { subnet: "10.200.1.1/24", version: "" }, two: { ...HOSTS["two"], reach } as Host },
      { flannel_verify: true },
    );
    const markdown = await read("flannel.md");
    expect(markdown).to.include("| one | · | ping only |\n| two | ping only | · |\n");
    expect(markdown).to.match(/^\| one \| - \|/m);
  });

  it("says in the words of the trial what does not get through, and what to do", async () => {
    const two = {
      ...HOSTS["two"],
      reach: {
        one: { address: "10.200.1.254", ping: true, tcp: false, word: "small packets only" },
      },
      remedies: [
        "Give the <MTU>.",
        "Ping without TCP is what broken TX checksum offload looks like",
      ],
    } as Host;
    await render({ one: HOSTS["one"] as Host, two }, { flannel_verify: true });
    const markdown = await read("flannel.md");
    expect(markdown).to.include("| two | small packets only | · |\n");
    expect(markdown).to.match(/\n\nGive the <MTU>\.\n$/);
    const html = await read("flannel.html");
    expect(html).to.include('<td class="warn">small packets only</td>');
    expect(html).to.include('<p class="note">Give the &lt;MTU&gt;.</p>');
    expect(html).to.not.include("Ping without TCP");
  });

  it("is written once with serial, by the last batch", async () => {
    const output = await render(HOSTS, {}, { serial: 1 });
    expect(output.match(/item=\S+flannel\.md/g)).to.have.length(2);
    expect(output).to.match(/^skipping: .*flannel\.md[^]*^(ok|changed): .*flannel\.md/m);
  });
});

/** Variables as the role's tasks leave them. */
function factsOf({ subnet, reasons = [], reach, remedies = [] }: Host): object {
  const network = "10.200.0.0/16";
  return {
    __flannel_unit: {
      active_state: "active",
      sub_state: "running",
      main_pid: 0,
      restart_reasons: reasons,
      subnet: { network, subnet, mtu: 1450, ip_masq: true },
    },
    ...(reach === undefined ? {} : { __flannel_overlay: { reach, remedies } }),
  };
}
