// Tasks that nobody would write, by the hundred thousand.

import { type Campaign } from "../campaign";

export const FUZZ: readonly Campaign[] = [
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
    name: "fuzz bundle",
    tries: "generated tasks of all modules through the shipped bundles, a process for each",
    holds:
      "one line, true in all its keys; nothing on stderr; the exit status of the verdict; no part of a secret",
    atLeast: 100_000,
    minutes: 240,
    specs: ["test/long/properties.test.ts"],
    only: "through its bundle",
    planted: {
      fault: "a failure exits with 0",
      file: "src/ansible/entry.ts",
      find: 'result["failed"] === true ? 1 : 0',
      replace: 'result["failed"] === true ? 0 : 0',
      scale: 0.001,
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
