// Hosts that die at every system call by which roles/nodejs changes them: the next run brings a whole Node.js,
// or finds another one, and leaves nothing of what was begun.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { type DeadlyMoment } from "../../support/deadly-programs";
import { type PlayRun, readPlay } from "../../support/lab";
import { MortalHost, VERSION, packNodejs } from "../../support/mortal-host";
import { scaled, stride, tally } from "../../support/tally";

const ROOT = join(__dirname, "..", "..", "..");
const HOSTS_AT_ONCE = 12;
const FEWEST_POINTS = 100;

interface Scenario {
  readonly what: string;
  /** What is in the directory before. */
  readonly prepare?: (directory: string) => void;
  readonly killed: object;
  /** What is declared in the runs after it, where it is something else. */
  readonly next?: object;
}

describe("roles/nodejs: hosts that die at any moment", function () {
  this.timeout(1_800_000);
  const home = mkdtempSync(join(tmpdir(), "nodejs-kills-"));
  const tarball = packNodejs(home);
  let server: Server;
  let points = 0;
  let count = 0;

  before(async () => {
    server = createServer((_request, response) => response.end(readFileSync(tarball)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.close();
    rmSync(home, { recursive: true });
    console.log(`      ${points} points in all`);
    expect(points).to.be.at.least(scaled(FEWEST_POINTS));
  });

  /** Plays the role on these hosts. */
  async function play(hosts: readonly MortalHost[], declared: object): Promise<PlayRun> {
    const { port } = server.address() as AddressInfo;
    const vars = {
      ansible_connection: "local",
      nodejs_minimum: "99.0.0",
      nodejs_package: "bash", // too old to be wanted
      nodejs_version: VERSION,
      nodejs_tarball_url: `http://127.0.0.1:${port}/tarball`,
      nodejs_tarball_checksum: createHash("sha256").update(readFileSync(tarball)).digest("hex"),
      nodejs_retries: 0,
      ...declared,
    };
    const named = Object.fromEntries(hosts.map((host, index) => [`host-${index}`, host.variables]));
    const folder = mkdtempSync(join(home, "play-"));
    const tasks = [{ "ansible.builtin.include_role": { name: join(ROOT, "roles", "nodejs") } }];
    const environment = { PATH: "{{ own_path }}" };
    const site = [{ hosts: "all", gather_facts: false, environment, tasks }];
    writeFileSync(join(folder, "hosts.json"), JSON.stringify({ all: { hosts: named, vars } }));
    writeFileSync(join(folder, "site.yml"), JSON.stringify(site));
    const { all, exitCode } = await execa(
      "ansible-playbook",
      ["-i", join(folder, "hosts.json"), join(folder, "site.yml")],
      { cwd: ROOT, env: { ANSIBLE_NOCOLOR: "1", ANSIBLE_FORKS: "12" }, all: true, reject: false },
    );
    const output = all ?? "";
    return { exitCode, output, ...readPlay(output) };
  }

  function makeHost({ prepare }: Scenario): MortalHost {
    const host = new MortalHost(join(home, `host-${count++}`));
    prepare?.(host.directory);
    return host;
  }

  async function momentsOf(scenario: Scenario): Promise<readonly DeadlyMoment[]> {
    const host = makeHost(scenario);
    try {
      host.programs.trace();
      const { exitCode, output } = await play([host], scenario.killed);
      expect(exitCode, output).to.equal(0);
      host.expectTidy("undisturbed");
      return host.programs.listMoments();
    } finally {
      host.programs.remove();
    }
  }

  /** Kills a host at each of these moments, all in one play. */
  async function tryMoments(scenario: Scenario, moments: readonly DeadlyMoment[]): Promise<void> {
    const hosts = moments.map(() => makeHost(scenario));
    const at = (index: number) => `host ${index}, killed at ${JSON.stringify(moments[index])}`;
    try {
      for (const [index, moment] of moments.entries()) hosts[index]?.programs.arm(moment);
      const { output } = await play(hosts, scenario.killed);
      for (const [index, host] of hosts.entries()) {
        expect(host.programs.isDead, `${at(index)}\n${output}`).to.equal(true);
        if (host.isNodejs) host.expectWhole(at(index));
        host.programs.revive();
      }
      const declared = { ...scenario.killed, ...scenario.next };
      const healed = await play(hosts, declared);
      expect(healed.exitCode, healed.output).to.equal(0);
      for (const [index, host] of hosts.entries()) {
        expect(host.link, at(index)).to.not.equal(undefined);
        host.expectTidy(at(index));
      }
      expect((await play(hosts, declared)).changed).to.deep.equal([]);
      points += hosts.length;
      tally(hosts.length);
    } finally {
      for (const { programs } of hosts) programs.remove();
    }
  }

  const broken = (directory: string): void => {
    for (const folder of ["bin", "lib"])
      mkdirSync(join(directory, VERSION, folder), { recursive: true });
    mkdirSync(join(directory, "bin"));
    writeFileSync(join(directory, VERSION, "bin", "node"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    writeFileSync(join(directory, VERSION, "lib", "old"), "old");
    symlinkSync(join(directory, VERSION, "bin", "node"), join(directory, "bin", "node"));
  };

  const SCENARIOS: readonly Scenario[] = [
    {
      what: "while a tarball is brought, and have another Node.js when they are back",
      killed: {},
      next: { nodejs_minimum: "18.0.0" },
    },
    { what: "while a tarball is brought", killed: {} },
    {
      what: "while a tarball takes the place of what does not run",
      prepare: broken,
      killed: { nodejs_tarball_url: "", nodejs_tarball_src: tarball },
    },
  ];

  for (const scenario of SCENARIOS) {
    it(scenario.what, async () => {
      const all = await momentsOf(scenario);
      const moments = all.filter((_, index) => index % stride() === 0);
      for (let first = 0; first < moments.length; first += HOSTS_AT_ONCE)
        await tryMoments(scenario, moments.slice(first, first + HOSTS_AT_ONCE));
    });
  }
});
