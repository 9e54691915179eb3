// The role under the habits of its users: strategies, login users, tags, limits, vaults, caches, and
// a host that is lost on the way. Every habit has real work to do, and nothing left to do after it.

import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { Lab, type PlayRun } from "../../support/lab";

const UNIT_TASK = "Run flanneld as a systemd service";
const CNI_TASK = "Write the CNI network configuration list";
const LOGIN = "deploy";

interface Habit {
  readonly title: string;
  /** Keywords of the play, beside its hosts and its role. */
  readonly play?: Readonly<Record<string, unknown>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const HABITS: readonly Habit[] = [
  { title: "one host after the other", play: { serial: 1 } },
  { title: "every host at its own pace", play: { strategy: "free" } },
  { title: "facts gathered by the play", play: { gather_facts: true } },
  {
    title: "an unprivileged login user, with pipelining",
    args: ["--user", LOGIN, "--become", "--extra-vars", `ansible_user=${LOGIN}`],
    env: { ANSIBLE_PIPELINING: "true" },
  },
  {
    title: "an unprivileged login user, without pipelining",
    args: ["--become", "--extra-vars", `ansible_user=${LOGIN}`],
    env: { ANSIBLE_PIPELINING: "false" },
  },
];

describe("the role under the habits of its users", function () {
  this.timeout(600_000);
  const lab = new Lab("test-habits", { LAB_WORKERS: "2" });
  const workers = ["worker-1", "worker-2"];
  let work: string;
  let restartSec = 5;

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "habits-"));
    await lab.up();
    const etcd = await lab.play("demo/etcd.yml");
    expect(etcd.exitCode, etcd.output).to.equal(0);
    for (const host of [...workers, "etcd-1"]) await lab.ssh(host, addLogin(LOGIN));
    expect((await playRole({})).exitCode).to.equal(0);
  });
  after(async () => {
    await lab.down();
    await rm(work, { recursive: true, force: true });
  });

  const playRole = async (
    { play = {}, args = [], env = {} }: Partial<Habit>,
    variables: Readonly<Record<string, unknown>> = {},
  ): Promise<PlayRun> => {
    const site = join(work, "site.yml");
    const head = { hosts: "k8s_worker", gather_facts: false, roles: ["ansible-role-flanneld"] };
    await writeFile(site, JSON.stringify([{ ...head, ...play }]));
    const given = { flannel_systemd_restartsec: String(restartSec), ...variables };
    return lab.play(site, ["--extra-vars", JSON.stringify(given), ...args], env);
  };

  /** A setting that every worker has yet to take over. */
  const drift = (): void => {
    restartSec += 1;
  };

  const unitChanges = (hosts: readonly string[]): readonly string[] =>
    hosts.map((host) => `${host}: ${UNIT_TASK}`);

  const expectWork = (run: PlayRun, changed: readonly string[]): void => {
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed, run.output).to.deep.equal(changed);
  };

  for (const habit of HABITS) {
    it(`works with ${habit.title}`, async () => {
      drift();
      expectWork(await playRole(habit), unitChanges(workers));
      for (const host of workers) {
        const seconds = await lab.ssh(host, "systemctl show flanneld -P RestartUSec");
        expect(seconds).to.equal(`${String(restartSec)}s`);
      }
      expectWork(await playRole(habit), []);
    });
  }

  it("touches only the host of --limit, whose first etcd host it still finds", async () => {
    drift();
    expectWork(await playRole({ args: ["--limit", "worker-2"] }), unitChanges(["worker-2"]));
    expectWork(await playRole({}), unitChanges(["worker-1"]));
  });

  it("runs one phase by its tag, with the addresses and the Node.js that it needs", async () => {
    drift();
    const cni = { flannel_cni_spec_version: "0.4.0" };
    const onlyCni = await playRole({ args: ["--tags", "k8s-flannel-cni"] }, cni);
    expectWork(
      onlyCni,
      workers.map((host) => `${host}: ${CNI_TASK}`),
    );
    expectWork(await playRole({ args: ["--tags", "k8s-flannel-unit"] }, cni), unitChanges(workers));
    for (const tag of ["certificates", "network", "install"]) {
      expectWork(await playRole({ args: ["--tags", `k8s-flannel-${tag}`] }, cni), []);
    }
    expectWork(await playRole({ args: ["--tags", "k8s-flannel"] }, cni), []);
    expectWork(
      await playRole({ args: ["--skip-tags", "k8s-flannel"] }, { flannel_version: "none" }),
      [],
    );
  });

  it("asks no etcd host for an address that is in the cache of facts", async () => {
    const env = {
      ANSIBLE_CACHE_PLUGIN: "jsonfile",
      ANSIBLE_CACHE_PLUGIN_CONNECTION: join(work, "facts"),
    };
    const asked =
      /the etcd hosts for their addresses\] \*+\nok: \[worker-1 -> etcd-1.*=> \(item=etcd-1\)/m;
    const args = ["--tags", "k8s-flannel-unit"]; // with all of them, the etcd host that writes tells its own
    drift();
    const first = await playRole({ args, env });
    expectWork(first, unitChanges(workers));
    expect(first.output).to.match(asked);
    await writeFile(join(work, "facts.yml"), JSON.stringify([{ hosts: "etcd-1", tasks: [] }]));
    expect((await lab.play(join(work, "facts.yml"), [], env)).exitCode).to.equal(0);
    const second = await playRole({ args, env });
    expectWork(second, []);
    expect(second.output).to.not.match(asked);
  });

  it("takes vaulted variables and vaulted certificates", async () => {
    const password = join(work, "vault-password");
    await writeFile(password, "correct horse\n");
    const vault = (...args: readonly string[]): Promise<{ readonly stdout: string }> =>
      execa("ansible-vault", [...args, "--vault-password-file", password]);
    const certificates = join(work, "certs");
    await cp(join(lab.directory, "certs"), certificates, { recursive: true });
    const names = (await readdir(certificates)).filter((name) => name.endsWith(".pem"));
    await vault("encrypt", ...names.map((name) => join(certificates, name)));
    drift();
    const { stdout } = await vault("encrypt_string", String(restartSec));
    const variables = join(work, "vaulted.yml");
    await writeFile(variables, `flannel_systemd_restartsec: ${stdout}\n`);
    const args = ["--vault-password-file", password, "--extra-vars", `@${variables}`];
    args.push("--extra-vars", `k8s_ca_conf_directory=${certificates}`);
    expectWork(await playRole({ args }), unitChanges(workers));
    expect(await lab.ssh("worker-1", "systemctl show flanneld -P RestartUSec")).to.equal(
      `${String(restartSec)}s`,
    );
    expect(await lab.ssh("worker-1", "head -1 /var/lib/kubernetes/cert-etcd-key.pem")).to.match(
      /^-----BEGIN/,
    );
    expectWork(await playRole({ args }), []);
  });

  it("has modules that can be delegated to another host", async () => {
    const site = join(work, "delegated.yml");
    await writeFile(site, DELEGATED);
    const library = join(lab.directory, "roles", "ansible-role-flanneld", "library");
    const run = await lab.play(site, [], { ANSIBLE_LIBRARY: library });
    expectWork(run, []);
    expect(run.output.match(/^ok: \[etcd-1 -> worker-2/gm)).to.have.length(3);
  });

  it("completes the other hosts when one is lost on the way, and that one in the next run", async () => {
    drift();
    // Evaluated on the controller when the play comes to the CNI configuration of worker-2.
    const lose = `ssh -F ${lab.directory}/ssh_config worker-2 '${LOSE_HOST}' >/dev/null 2>&1 || true`;
    const conf = { name: "cni0", plugins: [], cniVersion: "0.3.1" };
    const lost = await playRole(
      {},
      {
        lose_host: lose,
        flannel_cni_conf: `{{ lookup('pipe', lose_host if inventory_hostname == 'worker-2' else 'true') or ${JSON.stringify(conf)} }}`,
      },
    );
    expect(lost.exitCode).to.not.equal(0);
    expect(lost.output).to.match(/^(fatal: \[worker-2\]: UNREACHABLE|\[ERROR\].*unreachable)/im);
    expect(lost.changed).to.deep.equal(unitChanges(["worker-1"]));
    await untilReachable(lab, "worker-2");
    const next = await playRole({}, { flannel_cni_conf: conf });
    expectWork(next, unitChanges(["worker-2"]));
    expectWork(await playRole({}, { flannel_cni_conf: conf }), []);
  });
});

// It comes back by itself, after the play has given it up.
const LOSE_HOST =
  "systemd-run --quiet --on-active=20 systemctl start ssh; systemctl stop ssh ssh.socket; pkill -9 -x sshd";

async function untilReachable(lab: Lab, host: string): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const up = await lab.ssh(host, "true").then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`${host}: did not come back`);
}

function addLogin(user: string): string {
  return [
    `useradd --create-home --shell /bin/sh ${user}`,
    `install -d -m 0700 -o ${user} -g ${user} /home/${user}/.ssh`,
    `install -m 0600 -o ${user} -g ${user} /root/.ssh/authorized_keys /home/${user}/.ssh/`,
    `echo '${user} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/${user}`,
  ].join(" && ");
}

const DELEGATED = JSON.stringify([
  {
    hosts: "etcd-1",
    gather_facts: false,
    tasks: [
      {
        name: "Install",
        flannel_install: {
          version: "{{ flannel_version }}",
          url: "{{ flannel_download_url }}",
          checksum: "{{ flannel_download_checksum }}",
        },
        delegate_to: "worker-2",
      },
      {
        name: "Ask etcd",
        flannel_etcd_config: {
          state: "query",
          endpoints: "https://{{ ansible_host }}:2379",
          ca_file: "/var/lib/kubernetes/ca-etcd.pem",
          cert_file: "/var/lib/kubernetes/cert-etcd.pem",
          key_file: "/var/lib/kubernetes/cert-etcd-key.pem",
          prefix: "/kubernetes-cluster/network",
          flannel_version: "{{ flannel_version }}",
        },
        delegate_to: "worker-2",
        register: "answer",
        failed_when: "answer.leases | length != 2",
      },
      {
        name: "Remove a unit of old",
        flannel_unit: { name: "flanneld-of-old", state: "absent" },
        delegate_to: "worker-2",
      },
    ],
  },
]);
