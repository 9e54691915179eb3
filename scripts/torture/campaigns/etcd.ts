// What may come between flannel_etcd_config and its etcd.

import { type Campaign } from "../campaign";

export const ETCD: readonly Campaign[] = [
  {
    name: "etcd races",
    tries:
      "five controllers at once, a hundred times, with one declaration and with five, by all if_exists",
    holds: "one write, or each is told; no update lost; who does not get what it declares says so",
    atLeast: 500,
    minutes: 2,
    specs: ["test/long/etcd/controllers.test.ts"],
    planted: {
      fault: "somebody else's write is written over",
      file: "src/etcd/v3-gateway.ts",
      find: 'result: "EQUAL", mod_revision: String(ifRevision)',
      replace: 'result: "NOT_EQUAL", mod_revision: String(-1 - ifRevision)',
      scale: 0.1,
    },
  },
  {
    name: "etcd moments",
    tries:
      "an etcd that is compacted, full, silent, written to or emptied by others between any two requests of a run",
    holds: "done once, or not, and told so; the message names the cause; no update lost",
    atLeast: 100,
    minutes: 1,
    specs: ["test/long/etcd/moments.test.ts"],
    planted: {
      fault: "an etcd that is full is no reason",
      file: "src/etcd/v3-refusals.ts",
      find: "its database is full",
      replace: "it is busy",
    },
  },
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
  {
    name: "etcd clock",
    tries:
      "a clock that is set on or back, by a second to forty years, before each request of a run; client certificates that expire in the middle of one",
    holds:
      "done as ever, in the time that was given; a certificate or clock that stands against it is named",
    atLeast: 100,
    minutes: 3,
    specs: ["test/long/etcd/clock.test.ts"],
    planted: {
      fault: "deadlines go by the time of day",
      file: "src/host/deadline.ts",
      find: "private readonly now: () => number = monotonicMs",
      replace: "private readonly now: () => number = Date.now",
    },
  },
];
