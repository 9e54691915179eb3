// The waves in which flanneld is restarted, as they are played, with a module that only says what it is.

import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

/** Looks as the real one does, and then only says that it has restarted the daemon, or fails where told to. */
const moduleIn = (directory: string): string => `#!/bin/sh
# WANT_JSON
if grep -q '"state": "query"' "$1"; then exec "${process.execPath}" "${ROOT}/library/flannel_unit.cjs" "$1"; fi
date +%s.%N >>"${directory}/starts"
if grep -q '"/broken/' "$1"; then echo '{"failed": true, "msg": "did not become ready"}'; exit 1; fi
echo '{"changed": true, "restarted": true}'
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
    for (const name of ["defaults", "vars", "tasks", "templates", "roles"]) {
      await symlink(join(ROOT, name), join(role, name));
    }
    for (const name of ["flannel_etcd_config.cjs", "flannel_install.cjs"]) {
      await symlink(join(ROOT, "library", name), join(modules, name));
    }
    await writeFile(join(modules, "flannel_unit.cjs"), moduleIn(directory));
    await chmod(join(modules, "flannel_unit.cjs"), 0o755);
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Plays the phase of the unit on made-up hosts of this machine; returns what it prints. */
  async function play(
    hosts: Readonly<Record<string, object>>,
    variables: object = {},
    keywords: object = {},
  ): Promise<string> {
    const head = { hosts: "all", gather_facts: false, roles: [join(directory, "role")] };
    const site = [{ ...head, ...keywords }];
    const vars = {
      ansible_connection: "local",
      ansible_python_interpreter: "{{ ansible_playbook_python }}",
      flannel_options_dir: join(directory, "options"),
      ansible_node_interpreter: process.execPath,
      etcd_certificates: [],
      k8s_interface: "lo",
      k8s_conf_dir: "/proc/1", // what certificates are in is no matter here
      flannel_restart_serial: 1,
      flannel_settings_user: { "etcd-endpoints": "https://127.0.0.1:1", "public-ip": "127.0.0.1" },
      ...variables,
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
    expect(outcomesOf(output), output).to.deep.equal([
      "one changed",
      "two changed",
      "three changed",
    ]);
  });

  it("have the sizes of a list, a percentage among them", async () => {
    const hosts = { one: {}, two: {}, three: {}, four: {}, five: {} };
    const output = await play(hosts, { flannel_restart_serial: [1, "40%"] });
    const sizes = outcomesOf(output).map((outcome) => outcome.split(",").length);
    expect(sizes, output).to.deep.equal([1, 2, 2]);
  });

  it("wait for each other as long as they are told to, if something was restarted", async () => {
    const output = await play({ one: {}, two: {}, three: {} }, { flannel_restart_pause: 1 });
    const starts = (await readFile(join(directory, "starts"), "utf8")).trim().split("\n");
    const [first = 0, second = 0, third = 0] = starts.slice(-3).map(Number);
    expect(Math.min(second - first, third - second), output).to.be.above(1);
  });

  it("are refused where hosts do not wait for each other, before any is touched out of turn", async () => {
    const slow = { flannel_restart_serial: "{{ lookup('pipe', 'sleep 2; echo 1') }}" };
    const output = await play({ one: slow, two: {} }, {}, { strategy: "free" });
    expect(output).to.include("two: flannel_restart_serial needs hosts that wait for each other");
    expect(output).to.match(/strategy of this play \(free, host_pinned or another\)/);
  });

  it("end with the first that fails", async () => {
    const output = await play({ one: { ...late, ...broken }, two: {}, three: {} });
    expect(outcomesOf(output), output).to.deep.equal(["one fatal"]);
    expect(output).to.include("two: flanneld was not touched, because it did not come up on one.");
  });
});
