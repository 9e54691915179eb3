// What was measured on, in words.

import { cpus, loadavg, release, totalmem } from "node:os";

import { execa } from "execa";

import { type Lab } from "../../test/support/lab";

/** The machine and the versions of everything that has a part in the figures, one a line. */
export async function describeMachine(lab: Lab): Promise<readonly string[]> {
  const { stdout: ansible } = await execa("ansible", ["--version"]);
  const core = /core ([0-9.]+[^\]]*)/.exec(ansible)?.[1] ?? "?";
  const python = /python version = (\S+)/.exec(ansible)?.[1] ?? "?";
  const ask = async (host: string, command: string): Promise<string> =>
    (await lab.ssh(host, command)).trim();
  const system = await ask("worker-1", '. /etc/os-release; echo "$PRETTY_NAME"');
  const node = await ask("worker-1", "node --version");
  const etcd = await ask("etcd-1", "etcd --version | sed -n 's/^etcd Version: //p'");
  const flannel = await ask("worker-1", "/usr/local/sbin/flanneld --version 2>&1");
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const [, load = Number.NaN] = loadavg();
  return [
    `${cpus().length} CPUs (${cpus()[0]?.model.trim() ?? "?"}), ${gibibytes} GiB, Linux ${release()}, ` +
      `load ${load.toFixed(0)} of five minutes`,
    `controller: ansible-core ${core}, Python ${python}, 10 forks, SSH with pipelining`,
    `hosts: ${system} in containers on the same machine, Node.js ${node}, etcd ${etcd}, flannel ${flannel}`,
  ];
}
