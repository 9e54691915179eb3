// Killed at any moment, and without power.

import { type Campaign } from "../campaign";

const KILLED_HOLDS =
  "old or new, never torn; the next run heals; the one after changes nothing; no debris";

export const KILLS: readonly Campaign[] = [
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
    name: "unit kills",
    tries:
      "SIGKILL at each system call by which flannel_unit changes the disk or starts a program, in ten changes",
    holds: KILLED_HOLDS,
    atLeast: 350,
    minutes: 25,
    specs: ["test/long/flannel_unit/kill.test.ts"],
    planted: {
      fault: "a unit is written in place",
      file: "src/host/atomic-file.ts",
      find: "const staged = stagedPath(path);\n  try {\n    await removeAbandoned(path);",
      replace: 'const staged = path + ".half";\n  try {\n    await removeAbandoned(path);',
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
    name: "overlay kills",
    tries:
      "SIGKILL before each program and signal of flannel_overlay, and with each `ip` at every call by which that changes the network, in seven runs",
    holds:
      "the next run goes on; in the end no namespace, interface, address, route, file or process is left",
    atLeast: 300,
    minutes: 10,
    specs: ["test/long/flannel_overlay/kill.test.ts"],
    planted: {
      fault: "a namespace without its interface is not removed",
      file: "src/host/namespace.ts",
      find: "if (namespace) ip(",
      replace: "if (namespace && link) ip(",
      scale: 0.3,
    },
  },
  {
    name: "Node.js kills",
    tries:
      "hosts that die at each system call by which roles/nodejs changes them, in three ways of bringing a tarball",
    holds:
      "no torn tree that says it is Node.js; the next run heals; the one after changes nothing; no debris",
    atLeast: 150,
    minutes: 20,
    specs: ["test/long/nodejs/kill.test.ts"],
    planted: {
      fault: "what a killed run has begun to bring stays",
      file: "roles/nodejs/files/look.sh",
      find: '[ -n "$NODEJS_DRY_RUN" ] || rm -rf "$stage" || continue',
      replace: "continue",
      scale: 0.1,
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

export const DURABILITY: Campaign = {
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
