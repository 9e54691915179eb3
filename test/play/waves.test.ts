// The waves in which flanneld is restarted, as they are played, with a module that only says what it is.

import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

/** Fails where told to; Ansible replaces the marker by the arguments. */
const MODULE = `#!/bin/sh
# WANT_JSON
if grep -q '"/broken/' "$1"; then echo '{"failed": true, "msg": "did not become ready"}'; exit 1; fi
echo '{"changed": false}'
`;

describe("the waves without a lab", function () {
  this.timeout(120_000);
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "waves-"));
    // The role as it is, but for what needs systemd.
    const role = join(directory, "role");
    const modules = join(role, "library");
    await mkdir(modules, { recursive: true });
    for (const name of ["defaults", "vars", "tasks", "roles"]) {
      await symlink(join(ROOT, name), join(role, name));
    }
    for (const name of ["flannel_etcd_config.cjs", "flannel_install.cjs"]) {
      await symlink(join(ROOT, "library", name), join(modules, name));
    }
    await writeFile(join(modules, "flannel_unit.cjs"), MODULE);
    await chmod(join(modules, "flannel_unit.cjs"), 0o755);
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Plays the phase of the unit on made-up hosts of this machine; returns what it prints. */
  async function play(hosts: Readonly<Record<string, object>>): Promise<string> {
    const site = [{ hosts: "all", gather_facts: false, roles: [join(directory, "role")] }];
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      flannel_options_dir: join(directory, "options"),
      flannel_restart_serial: 1,
      flannel_settings_user: { "etcd-endpoints": "https://127.0.0.1:1", "public-ip": "127.0.0.1" },
    };
    await writeFile(join(directory, "hosts.json"), JSON.stringify({ all: { hosts, vars } }));
    await writeFile(join(directory, "site.yml"), JSON.stringify(site));
    const files = ["-i", join(directory, "hosts.json"), join(directory, "site.yml")];
    const { stdout } = await execa("ansible-playbook", [...files, "--tags", "k8s-flannel-unit"], {
      cwd: ROOT,
      env: { ANSIBLE_NOCOLOR: "1" },
      reject: false,
    });
    return stdout;
  }

  const outcomesOf = (output: string): string[] => {
    const units = output
      .split(/^TASK /m)
      .filter((task) => /^\[.*as a systemd service\]/.test(task));
    return units.map((task) =>
      [...task.matchAll(/^(\w+): \[(\w+)\]/gm)].map(([, what, host]) => `${host} ${what}`).join(),
    );
  };

  // A host that takes longer to answer must not lose its turn.
  const late = { flannel_restart_serial: "{{ lookup('pipe', 'sleep 0.4; echo 1') }}" };
  const broken = { flannel_bin_dir: "/broken" };

  it("come in the order of the play, whichever host answers first", async () => {
    const output = await play({ one: late, two: {}, three: {} });
    expect(outcomesOf(output), output).to.deep.equal(["one ok", "two ok", "three ok"]);
  });

  it("end with the first that fails", async () => {
    const output = await play({ one: { ...late, ...broken }, two: {}, three: {} });
    expect(outcomesOf(output), output).to.deep.equal(["one fatal"]);
    expect(output).to.include("two: flanneld was not touched, because it did not come up on one.");
  });
});
