// The role's report, rendered from what hosts are said to be, without any host.

import { chmod, cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";

const ROOT = join(__dirname, "..", "..");

/** A host as the report has it. */
export interface ReportedHost {
  readonly subnet: string;
  /** What `flanneld --version` of this host prints. */
  readonly version: string;
  readonly reasons?: readonly string[];
  readonly changes?: readonly string[];
  readonly expires?: string;
  readonly reach?: Readonly<Record<string, object>>;
  readonly remedies?: readonly string[];
}

/** The page alone, with what etcd is said to have. */
export async function renderPage(
  directory: string,
  hosts: Readonly<Record<string, ReportedHost>>,
  leases: object,
): Promise<string> {
  const dest = join(directory, "page.html");
  const template = { src: join(ROOT, "templates", "report", "flannel.html.j2"), dest };
  const tasks = [{ "ansible.builtin.template": template, run_once: true }];
  const vars_files = ["defaults", "vars"].map((folder) => join(ROOT, folder, "main.yml"));
  const site = [{ hosts: "all", connection: "local", gather_facts: false, vars_files, tasks }];
  await writeFile(
    join(directory, "hosts.json"),
    JSON.stringify({ all: { hosts: await inventoryOf(directory, hosts) } }),
  );
  await mkdir(join(directory, "templates"), { recursive: true });
  await cp(join(ROOT, "templates"), join(directory, "templates"), { recursive: true });
  await writeFile(join(directory, "page.yml"), JSON.stringify(site));
  const given = JSON.stringify({ __flannel_leases: leases, flannel_verify: true });
  const args = ["-i", join(directory, "hosts.json"), join(directory, "page.yml"), "-e", given];
  await execa("ansible-playbook", args, { cwd: ROOT, env: { ANSIBLE_NOCOLOR: "1" } });
  return readFile(dest, "utf8");
}

/** Hosts whose flanneld is a script that prints its version. */
export async function inventoryOf(
  directory: string,
  hosts: Readonly<Record<string, ReportedHost>>,
): Promise<object> {
  const entries = Object.entries(hosts).map(async ([name, host]) => {
    const folder = await mkdtemp(join(directory, `${name}-`));
    await writeFile(join(folder, "flanneld"), `#!/bin/sh\necho '${host.version}' >&2\n`);
    await chmod(join(folder, "flanneld"), 0o755);
    const python = { ansible_python_interpreter: "{{ ansible_playbook_python }}" };
    return [name, { flannel_bin_dir: folder, ...python, ...factsOf(host) }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Variables as the role's tasks leave them. */
function factsOf(host: ReportedHost): object {
  const { subnet, changes = [], expires, reasons = [], reach, remedies = [] } = host;
  const network = "10.200.0.0/16";
  return {
    __flannel_unit: {
      active_state: "active",
      sub_state: "running",
      main_pid: 0,
      restart_reasons: reasons,
      changes,
      ...(expires === undefined ? {} : { certificate_expires: expires }),
      subnet: { network, subnet, mtu: 1450, ip_masq: true },
    },
    ...(reach === undefined ? {} : { __flannel_overlay: { reach, remedies } }),
  };
}
