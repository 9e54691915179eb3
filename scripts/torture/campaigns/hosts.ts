// The whole role on systemd hosts with a real etcd and a real flanneld.

import { type Campaign } from "../campaign";

export const HOSTS: readonly Campaign[] = [
  {
    name: "controllers",
    tries:
      "two or three controllers at once on five hosts, with the same and with different releases, settings and networks",
    holds:
      "each ends well or says who is in its way; no daemon started more often than runs tell of; the next run settles it, the one after changes nothing",
    atLeast: 100,
    minutes: 25,
    specs: ["test/long/play/controllers.test.ts"],
    planted: {
      fault: "a daemon is started anew by every run",
      file: "src/modules/flannel_unit/restart-reasons.ts",
      find: "if (replaced.has(declared.binary)) return [reason];",
      replace: "if (declared.binary !== undefined) return [reason];",
      scale: 0.1,
    },
  },
  {
    name: "soak",
    tries:
      "days in minutes: new certificates, upgrades, downgrades, deaths, members of etcd that restart, a network that goes away",
    holds:
      "pods reach each other after each; nothing grows: files, units, devices, rules, routes, leases, processes, open files, memory",
    atLeast: 480,
    minutes: 60,
    specs: ["test/long/play/soak.test.ts"],
    planted: {
      fault: "a copy is kept of every file that is replaced",
      file: "src/host/atomic-file.ts",
      find: "await removeAbandoned(path);",
      replace:
        'await removeAbandoned(path);\n    await (await import("node:fs/promises")).copyFile(path, path + "." + Date.now()).catch(() => undefined);',
      scale: 0.07,
    },
  },
];
