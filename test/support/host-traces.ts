// What there is on a host of a lab that the role, flanneld or a run that was cut short may leave.

import { type Lab } from "./lab";

/** Paths, units and timers, in words that are the same whenever the host is in the same state. */
export type Traces = readonly string[];

const PLACES =
  "/etc /usr/local /usr/lib/cni /opt /var/lib/kubernetes /var/lib/flannel /run/flannel /run/systemd/transient";

/** Files of others change their names by themselves; the lab has units of its own, and what is staged by Ansible is Ansible's. */
const LIST = `
  find ${PLACES} -xdev ! -type d ! -name 'lab-*' 2>/dev/null
  find /run /tmp /root -maxdepth 1 -name '.*flannel*'
  systemctl list-units --all --plain --no-legend 'flannel*' 'run-*.service' | cut -d' ' -f1 | grep -v '^run-u'
  systemctl list-timers --all --plain --no-legend | grep -o 'flannel[^ ]*'
  true`;

export async function tracesOf(lab: Lab, host: string): Promise<Traces> {
  const output = await lab.ssh(host, LIST);
  return output
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}
