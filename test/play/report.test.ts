// The report as it is rendered from what hosts are said to be, without any host.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { type ReportedHost as Host, inventoryOf, renderPage } from "../support/report";

const ROOT = join(__dirname, "..", "..");

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
    const inventory = { all: { hosts: await inventoryOf(directory, hosts) } };
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

  const read = (name: string): Promise<string> => readFile(join(directory, "out", name), "utf8");

  const HOSTS: Readonly<Record<string, Host>> = {
    one: {
      subnet: "10.200.1.1/24",
      version: "v0.28.9",
      reasons: ["arguments: added -v=1"],
      changes: ["restart flanneld.service"],
      expires: "2026-01-31T12:00:00Z",
    },
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
    expect(markdown).to.match(/^Run of \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/m);
    expect(markdown).to.include(
      "| one | v0.28.9 | 10.200.1.1/24 | 1450 | tap0 | active (running) | 2026-01-31 | restart flanneld.service; why restarted: arguments: added -v=1 |\n" +
        "| two | v0.25.7+ck1 | 10.200.2.1/24 | 1450 | tap0 | active (running) | - | - |\n",
    );
    const html = await read("flannel.html");
    expect(html).to.include("configuration in <code>/etc/f/net-conf.json</code>, leases");
    expect(html).to.include("The leases are in the Kubernetes API");
    expect(html).to.include('<td data-label="Version">v0.25.7+ck1</td>');
    expect(html).to.include('class="bad">2026-01-31</td>');
    expect(html).to.include('2 hosts, 1 changed,\n<span class="bad">1 in trouble</span>');
    expect(html).to.not.match(/https?:|src=|@import|<link/);
    expect(html).to.not.match(/etcd|v0\.10\.0|No IPv4 subnet/);
  });

  it("tells the last run when that was another, and is never a change", async () => {
    const { one, two } = HOSTS as Record<"one" | "two", Host>;
    const output = await render({ one: { ...one, reasons: [], changes: [] }, two });
    expect(output).to.not.match(/changed=[1-9]/);
    expect(await read("flannel.md")).to.not.include("added -v=1");
  });

  it("lists the leases of both families, and those that are no part of the network any more", async () => {
    const leases = [
      { subnet: "10.200.1.0/24", ipv6_subnet: "fd00:200:0:1::/64", public_ip: "10.8.0.1" },
      { subnet: "10.199.1.0/24", ipv6_subnet: null, public_ip: "10.8.0.9" },
    ];
    const html = await renderPage(directory, HOSTS, {
      config: { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } },
      capacity: { hosts: 255, addresses_per_host: 253, subnets_in_use: 1 },
      leases,
    });
    expect(html).to.include("<code>10.200.1.0/24 fd00:200:0:1::/64</code> one</li>");
    expect(html).to.include("<code>10.199.1.0/24</code> 10.8.0.9 (outside of the network)</li>");
    expect(html.match(/<rect class="lease"/g)).to.have.length(1);
  });

  it("names of many hosts only the pairs over which something is wrong", async () => {
    const names = Array.from({ length: 13 }, (_, index) => `host-${index + 1}`);
    const hosts = names.map((name, index) => {
      const others = names.filter((other) => other !== name);
      const reach = Object.fromEntries(
        others.map((other) => {
          const isReached = other !== "host-3" && name !== "host-3";
          return [other, { ping: isReached, tcp: isReached, word: isReached ? "ok" : "no" }];
        }),
      );
      return [name, { subnet: `10.200.${index + 1}.1/24`, version: "v0.28.9", reach }] as const;
    });
    const html = await renderPage(directory, Object.fromEntries(hosts), {});
    expect(html).to.include('<strong>host-3</strong> from 12 of 12 hosts: <span class="bad">no');
    expect(html).to.not.include('class="matrix"');
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
