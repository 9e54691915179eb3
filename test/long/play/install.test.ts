// The role as it is installed: from a git URL, from an archive, and as a collection, into an empty
// directory each, on a controller that has no Node.js and, while installing, no network at all.

import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import { Lab, type PlayRun } from "../../support/lab";

const ROOT = join(__dirname, "..", "..", "..");
const ROLE = "githubixx.kubernetes-flanneld";
const COLLECTION = "flannel_role.flanneld";
const UNIT_TASK = "Run flanneld as a systemd service";
const CONTROLLER_PROGRAMS = [
  "ansible-doc",
  "ansible-galaxy",
  "ansible-playbook",
  "git",
  "ssh",
  "sftp",
  "sh",
];

// What a user of the replaced role has; ansible.cfg of this repository must not help.
const playbookOf = (role: string): string => `- hosts: k8s_worker\n  roles:\n    - ${role}\n`;

describe("the installed role", function () {
  this.timeout(600_000);
  const lab = new Lab("test-install", { LAB_WORKERS: "1" });
  let work: string;
  let env: Record<string, string>;

  before(async () => {
    work = await mkdtemp(join(tmpdir(), "install-"));
    env = { ANSIBLE_CONFIG: join(work, "ansible.cfg"), ANSIBLE_PIPELINING: "true", HOME: work };
    await writeFile(join(work, "ansible.cfg"), "");
    await lab.up();
    const etcd = await lab.play("demo/etcd.yml");
    expect(etcd.exitCode, etcd.output).to.equal(0);
    env["PATH"] = await bareController(join(work, "bin"));
  });
  after(async () => {
    await lab.down();
    await rm(work, { recursive: true, force: true });
  });

  /** Runs a command of the controller without any network, not even loopback. */
  const offline = async (...command: string[]): Promise<string> => {
    const { stdout } = await execa("/usr/bin/unshare", ["--net", ...command], { cwd: work, env });
    return stdout;
  };

  const playInstalled = async (
    role: string,
    where: Record<string, string>,
    variables: Record<string, string> = {},
  ): Promise<PlayRun> => {
    const playbook = join(work, "site.yml");
    await writeFile(playbook, playbookOf(role));
    const args = ["--diff", "--extra-vars", JSON.stringify(variables)];
    const run = await lab.play(playbook, args, { ...env, ...where });
    expect(run.exitCode, run.output).to.equal(0);
    return run;
  };

  it("has no Node.js on the controller", async () => {
    const { exitCode } = await execa("sh", ["-c", "command -v node npm npx"], {
      env,
      reject: false,
    });
    expect(exitCode).to.not.equal(0);
  });

  it("works from a git URL, under the old role's name", async () => {
    const roles = join(work, "from-git");
    const requirements = join(work, "requirements.yml");
    await writeFile(
      requirements,
      `roles:\n  - {name: ${ROLE}, src: "git+file://${ROOT}", version: HEAD}\n`,
    );
    await offline("ansible-galaxy", "role", "install", "-r", requirements, "-p", roles);
    const first = await playInstalled(ROLE, { ANSIBLE_ROLES_PATH: roles });
    expect(first.changed).to.include(`worker-1: ${UNIT_TASK}`);
    expect(await lab.ssh("worker-1", "systemctl is-active flanneld")).to.equal("active");
    const second = await playInstalled(ROLE, { ANSIBLE_ROLES_PATH: roles });
    expect(second.changed).to.deep.equal([]);
  });

  it("works from an archive", async () => {
    const roles = join(work, "from-archive");
    const archive = join(work, "flanneld.tar.gz");
    await execa("git", ["archive", "--prefix=role/", "--output", archive, "HEAD"], { cwd: ROOT });
    await offline("ansible-galaxy", "role", "install", `${archive},,${ROLE}`, "-p", roles);
    const run = await playInstalled(
      ROLE,
      { ANSIBLE_ROLES_PATH: roles },
      { flannel_systemd_restartsec: "7" },
    );
    expect(run.changed).to.deep.equal([`worker-1: ${UNIT_TASK}`]);
    expect(await lab.ssh("worker-1", "systemctl show flanneld -P RestartUSec")).to.equal("7s");
  });

  describe("as a collection", () => {
    let where: Record<string, string>;

    before(async () => {
      const build = await execa(join(ROOT, "scripts", "build-collection"), [work]);
      where = { ANSIBLE_COLLECTIONS_PATH: join(work, "collections"), ANSIBLE_ROLES_PATH: work };
      env = { ...env, ...where };
      await offline(
        "ansible-galaxy",
        "collection",
        "install",
        build.stdout,
        "-p",
        join(work, "collections"),
      );
    });

    it("has the role, which finds its modules and its own small roles", async () => {
      const role = `${COLLECTION}.flanneld`;
      const run = await playInstalled(role, where);
      expect(run.changed).to.deep.equal([`worker-1: ${UNIT_TASK}`]);
      expect(await lab.ssh("worker-1", "systemctl show flanneld -P RestartUSec")).to.equal("5s");
      expect((await playInstalled(role, where)).changed).to.deep.equal([]);
    });

    it("has the modules under their full names", async () => {
      const playbook = join(work, "query.yml");
      await writeFile(playbook, queryPlay(lab.addressOf("etcd-1")));
      const run = await lab.play(playbook, [], env);
      expect(run.exitCode, run.output).to.equal(0);
      expect(run.output).to.include('"Network": "10.200.0.0/16"');
    });

    for (const name of [
      "flannel_etcd_config",
      "flannel_install",
      "flannel_overlay",
      "flannel_unit",
    ]) {
      it(`has the documentation of ${name}, with examples that run as they stand`, async () => {
        const text = await offline("ansible-doc", `${COLLECTION}.${name}`);
        expect(text).to.match(/OPTIONS/);
        expect(text).to.include(`${COLLECTION}.${name}:`);
        expect(text).to.not.match(new RegExp(`^ +${name}:$`, "m"));
      });
    }
  });
});

/** A PATH with what a controller has, and nothing that could build or fetch. */
async function bareController(directory: string): Promise<string> {
  await mkdir(directory);
  for (const program of CONTROLLER_PROGRAMS) {
    const { stdout } = await execa("sh", ["-c", `command -v ${program}`]);
    await symlink(stdout, join(directory, program));
  }
  return directory;
}

function queryPlay(address: string): string {
  const files = {
    ca_file: "ca-etcd.pem",
    cert_file: "cert-etcd.pem",
    key_file: "cert-etcd-key.pem",
  };
  const options = {
    state: "query",
    endpoints: [`https://${address}:2379`],
    prefix: "/kubernetes-cluster/network",
    flannel_version: "v0.28.9",
    ...Object.fromEntries(
      Object.entries(files).map(([option, file]) => [option, `/var/lib/kubernetes/${file}`]),
    ),
  };
  return JSON.stringify([
    {
      hosts: "k8s_worker",
      gather_facts: false,
      tasks: [
        { name: "Ask", [`${COLLECTION}.flannel_etcd_config`]: options, register: "answer" },
        { name: "Show", "ansible.builtin.debug": { var: "answer.config" } },
      ],
    },
  ]);
}
