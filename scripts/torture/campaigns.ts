// The campaigns of `make torture`, as data. A suite that exists is a campaign with a row here.

import { type Campaign } from "./campaign";

const KILLED_HOLDS =
  "old or new, never torn; the next run heals; the one after changes nothing; no debris";

const KILLS: readonly Campaign[] = [
  {
    name: "install kills",
    tries: "SIGKILL at each system call by which flannel_install changes the disk, in six changes",
    holds: KILLED_HOLDS,
    atLeast: 320,
    minutes: 8,
    specs: ["test/long/flannel_install/kill.test.ts"],
    planted: {
      fault: "what killed runs leave is not known",
      file: "src/host/staging.ts",
      find: "names.filter(isAbandoned)",
      replace: "names.filter(() => false)",
      scale: 0.1,
    },
  },
  {
    name: "unit kills systemd",
    tries: "SIGKILL before each effect of flannel_unit on a real systemd with a real flanneld",
    holds: KILLED_HOLDS,
    atLeast: 16,
    minutes: 4,
    specs: ["test/long/systemd/kill.test.ts"],
    planted: {
      fault: "what a killed run has staged stays",
      file: "src/host/atomic-file.ts",
      find: "await removeAbandoned(path);",
      replace: "",
    },
  },
  {
    name: "way-back kills",
    tries:
      "SIGKILL before each effect of four changes that break the daemon, and nobody runs again",
    holds: "within a minute the daemon of before carries packets, with all it had",
    atLeast: 60,
    minutes: 15,
    specs: ["test/long/systemd/way-back.test.ts"],
    planted: {
      fault: "the host does not go back",
      file: "src/modules/flannel_unit/put-back-script.ts",
      find: "`mv ${ARMED} ${FIRED} 2>/dev/null || exit 0`",
      replace: '"exit 0"',
      scale: 0.1,
    },
  },
];

const DURABILITY: Campaign = {
  name: "durability",
  tries:
    "the system calls of eleven runs of flannel_install and flannel_unit, and of the host's own way back",
  holds:
    "every file synced before its rename, its directory after it, and after each new folder or link",
  atLeast: 20,
  minutes: 0.3,
  specs: ["test/long/durability.test.ts"],
  planted: {
    fault: "a file gets its name before it is on the disk",
    file: "src/host/atomic-file.ts",
    find: "await handle.writeFile(content);\n      await applyAttributes(handle, attributes);\n      await handle.sync();",
    replace: "await handle.writeFile(content);\n      await applyAttributes(handle, attributes);",
  },
};

const HOSTILE: readonly Campaign[] = [
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

const RACES: readonly Campaign[] = [
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

const ETCD: readonly Campaign[] = [
  {
    name: "etcd cuts",
    tries:
      "each answer to flannel_etcd_config cut at each byte, and many in one run, through both APIs",
    holds:
      "done once and told as done, or a failure that is true; never one where another endpoint answers",
    atLeast: 20_000,
    minutes: 25,
    specs: ["test/integration/etcd/lost-answers.test.ts", "test/long/etcd/cuts.test.ts"],
    planted: {
      fault: "a write whose answer was lost is taken for somebody else's",
      file: "src/etcd/change-key.ts",
      find: "if (now?.value === change.after) return now?.revision ?? 0;",
      replace: "",
      scale: 0.02,
    },
  },
  {
    name: "etcd outages",
    tries:
      "leaders that die, lost majorities, full and compacted stores, learners, crossed clusters, odd users",
    holds: "no wrong outcome; the message names the cause; the time is kept",
    atLeast: 80,
    minutes: 4,
    specs: [
      "test/integration/etcd/cluster.test.ts",
      "test/integration/etcd/members.test.ts",
      "test/long/etcd/no-majority.test.ts",
      "test/long/etcd/authentication.test.ts",
      "test/long/etcd/resolver.test.ts",
    ],
    planted: {
      fault: "a write whose fate is unknown is sent once more",
      file: "src/etcd/failover.ts",
      find: "if (error.sent && !repeatable) throw lostAnswer(endpoint, error);",
      replace: "if (error.sent && !repeatable) throw error;",
    },
  },
];

const FUZZ: readonly Campaign[] = [
  {
    name: "fuzz in process",
    tries: "generated tasks of all modules in one process, with what they do watched from outside",
    holds: "one line, true in all its keys; no part of a secret",
    atLeast: 150_000,
    minutes: 50,
    specs: ["test/long/properties.test.ts"],
    only: "any task, very often.*(tells what it did|shows no part)",
    planted: {
      fault: "short secrets are shown",
      file: "src/ansible/redact.ts",
      find: "this.#short.size === 0 ? hidden :",
      replace: "this.#short.size >= 0 ? hidden :",
      scale: 0.02,
    },
  },
  {
    name: "fuzz ansible",
    tries: "generated tasks of all modules through the newest ansible-core",
    holds: "Ansible says FAILED exactly when the module does, and shows every promised key",
    atLeast: 300,
    minutes: 12,
    specs: ["test/long/properties.test.ts"],
    only: "fails for the newest ansible-core",
    planted: {
      fault: "keys of a result are redacted",
      file: "src/ansible/redact.ts",
      find: "[key, map(item, key)]",
      replace: "[String(map(key, key)), map(item, key)]",
    },
  },
];

export const CAMPAIGNS: readonly Campaign[] = [
  ...KILLS,
  DURABILITY,
  ...HOSTILE,
  ...RACES,
  ...ETCD,
  ...FUZZ,
];
