// What is wrong, odd, or there at the same moment.

import { type Campaign } from "../campaign";

export const HOSTILE: readonly Campaign[] = [
  {
    name: "hostile",
    tries:
      "servers, proxies, certificates, archives and programs that are wrong in every known way",
    holds: "refused in words, in time; nothing changed, nothing run, nothing left",
    atLeast: 300,
    minutes: 3,
    specs: [
      "test/unit/host/download/hostile.test.ts",
      "test/unit/host/download/hostile-way.test.ts",
      "test/unit/host/hostile-archive.test.ts",
      "test/long/flannel_install/programs.test.ts",
      "test/long/etcd/servers.test.ts",
      "test/long/etcd/tls.test.ts",
    ],
    planted: {
      fault: "a file may be in an archive twice",
      file: "src/host/archive.ts",
      find: "else if (!missing.delete(entry.name)) throw",
      replace: "else if (!missing.delete(entry.name) && missing.size > 99) throw",
    },
  },
  {
    name: "places",
    tries:
      "flannel_install in places of every kind: links, mounts, pipes, attributes, odd names, full disks",
    holds: "replaced or left alone, as told in words; nothing of others touched",
    atLeast: 68,
    minutes: 3,
    specs: ["test/long/flannel_install/places.test.ts"],
    planted: {
      fault: "the other names of a file get its mode, too",
      file: "src/modules/flannel_install/attributes.ts",
      find: "change.isCopied ? setOnCopy(change) :",
      replace: "",
    },
  },
];

export const RACES: readonly Campaign[] = [
  {
    name: "install races",
    tries: "two or three runs of flannel_install at once, of 13 kinds, nine rounds each",
    holds: "each ends well; what is left is whole, with its record, and without debris",
    atLeast: 117,
    minutes: 5,
    specs: ["test/long/flannel_install/concurrency.test.ts"],
    planted: {
      fault: "what another run has put there is not looked for",
      file: "src/modules/flannel_install/alone.ts",
      find: "if (now === inode) return;",
      replace: "if (now === inode || path !== undefined) return;",
    },
  },
];
