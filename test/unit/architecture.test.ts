// The order of src: who may import whom, and that every room has a test.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { expect } from "chai";

import { MUTANTS } from "../mutants/list";

const SOURCES = join(__dirname, "../../src");
const TESTS = __dirname;

/** By folder: whom its rooms may import besides each other. Only types are in `generated`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  flannel: ["base"],
  host: ["base"],
  etcd: ["base", "flannel", "host"],
  ansible: ["base"],
  generated: ["ansible"],
  modules: ["base", "flannel", "host", "etcd", "ansible", "generated"],
};

/** Parts of Node.js that read or change nothing outside of the process. */
const PURE_PARTS = ["node:path"];

/** Rooms without a test of the same name, and where they are tested. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "ansible/blocking.ts": "waits; bundle/contract.test.ts reads a slow stdin",
  "ansible/module.ts": "bundle/contract.test.ts, all of it through a shipped module",
  "ansible/entry.ts": "bundle/contract.test.ts, for it ends the process",
  "ansible/faults.ts": "ansible/options.test.ts and bundle/contract.test.ts",
  "ansible/option-secrets.ts": "ansible/options.test.ts and bundle/contract.test.ts",
  "ansible/output.ts": "bundle/contract.test.ts, for it ends the process",
  "ansible/spec.ts": "types only",
  "base/errors.ts": "classes without logic",
  "base/hash.ts": "flannel/overlay-network.test.ts",
  "base/secrets.ts": "a constant",
  "base/text.ts": "ansible/options.test.ts",
  "etcd/blind-store.ts": "integration/etcd/refusals.test.ts",
  "etcd/connection.ts": "integration/etcd/cluster.test.ts",
  "etcd/endpoint-error.ts": "host/network-errors.test.ts and etcd/failover.test.ts",
  "etcd/http-client.ts": "integration/etcd/refusals.test.ts and lost-answers.test.ts",
  "etcd/members.ts": "integration/etcd/refusals.test.ts",
  "etcd/store.ts": "types only",
  "etcd/survey.ts": "integration/etcd/members.test.ts, with real clusters",
  "etcd/v2-store.ts": "integration/etcd/states.test.ts, with a real etcd",
  "etcd/v3-etcdctl.ts": "integration/etcd/states.test.ts, with a real etcd",
  "etcd/v3-gateway.ts": "etcd/refusals.test.ts and integration/etcd/states.test.ts",
  "etcd/v3-refusals.ts": "etcd/refusals.test.ts",
  "etcd/v3-transport.ts": "integration/etcd/states.test.ts, with a real etcd",
  "flannel/backend-table.ts": "a table; flannel/backends.test.ts",
  "flannel/cause-rules/etcd.ts":
    "a table; flannel/causes.test.ts and flannel/flannel-exits.test.ts",
  "flannel/cause-rules/host.ts":
    "a table; flannel/causes.test.ts and flannel/flannel-exits.test.ts",
  "flannel/cause-rules/kubernetes.ts":
    "a table; flannel/causes.test.ts and flannel/flannel-exits.test.ts",
  "flannel/cause-rules/systemd.ts":
    "a table; flannel/causes.test.ts and flannel/flannel-exits.test.ts",
  "flannel/cause-rules/rule.ts": "types only",
  "flannel/flag-variable.ts": "flannel/flags.test.ts",
  "flannel/flag-values.ts": "flannel/flags.test.ts",
  "flannel/subnet-range.ts": "flannel/network-config.test.ts",
  "modules/flannel_install/fill-cache.ts": "integration/flannel_install/downloaded.test.ts",
  "host/connection/connect-error.ts": "a class without logic",
  "host/connection/secure.ts": "host/connection/trust.test.ts and host/download/connection.test.ts",
  "host/download/failure.ts": "host/network-errors.test.ts and integration/flannel_install",
  "host/download/fetch-text.ts": "integration/flannel_install/transport.test.ts",
  "host/download/request.ts": "integration/flannel_install/transport.test.ts",
  "host/download/sink.ts": "integration/flannel_install/download.test.ts",
  "host/download/transfer.ts": "host/download/download.test.ts",
  "host/echo-server.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "host/echo.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "host/held-addresses.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "host/journal.ts": "systemd/host.test.ts, with a real journal",
  "host/namespace.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "host/reach-protocol.ts": "host/prober.test.ts and bundle/flannel_overlay.test.ts",
  "host/reach.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "host/tar.ts": "host/archive.test.ts",
  "modules/flannel_unit/refusals.ts": "modules/flannel_unit/{plan,query}.test.ts",
  "modules/flannel_unit/unit-files.ts":
    "modules/flannel_unit/observe and systemd/convergence.test.ts",
  "modules/flannel_unit/put-back.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/switch-state.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/trial.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/header.ts": "a constant",
  "modules/flannel_overlay/apply.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "modules/flannel_overlay/observe.ts": "bundle/flannel_overlay.test.ts, with real namespaces",
  "modules/flannel_install/cpu.ts": "modules/flannel_install/observe.test.ts",
  "modules/flannel_unit/apply.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/observe.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/touched.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/host-network.ts": "long/play/lifecycle.test.ts",
  "modules/flannel_unit/running-version.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/rollback.ts": "bundle/flannel_unit-effects.test.ts",
  "modules/flannel_unit/start.ts": "bundle/flannel_unit-effects.test.ts",
};

/** The table of contents of a module, and what runs it: the bundle tests run nothing else. */
const WIRING = /^modules\/\w+\/(main|module)\.ts$/;

const rooms = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
  .sort();

const folderOf = (room: string): string => room.split("/")[0] ?? "";

/** What a room imports: rooms by their path below src, packages by their name. */
function importsOf(room: string): readonly string[] {
  const text = readFileSync(join(SOURCES, room), "utf8");
  const found = text.matchAll(/(?:\bfrom |\bimport\(|\brequire\()"([^"]+)"/g);
  return [...found].map(([, name = ""]) =>
    name.startsWith(".") ? `${relative(SOURCES, join(SOURCES, dirname(room), name))}.ts` : name,
  );
}

const imports = new Map(rooms.map((room) => [room, importsOf(room)]));

/** The first circle on the way from the last room of `path`, or undefined. */
function findCircle(path: readonly string[], done: Set<string>): readonly string[] | undefined {
  const room = path.at(-1) ?? "";
  if (path.indexOf(room) < path.length - 1) return path.slice(path.indexOf(room));
  if (done.has(room)) return undefined;
  for (const next of imports.get(room) ?? []) {
    const circle = findCircle([...path, next], done);
    if (circle !== undefined) return circle;
  }
  done.add(room);
  return undefined;
}

describe("the order of src", () => {
  it("is seen by this test: it finds rooms, and what they import", () => {
    expect(rooms).to.include.members(["base/json.ts", "host/programs.ts", "host/digest.ts"]);
    expect(imports.get("host/digest.ts")).to.include.members([
      "node:crypto",
      "host/file-errors.ts",
    ]);
    expect(imports.get("host/programs.ts")).to.include.members(["execa", "node:child_process"]);
  });

  it("has no circle", () => {
    const done = new Set<string>();
    for (const room of rooms) expect(findCircle([room], done)).to.equal(undefined);
  });

  it("has no import upward, and no import of another module", () => {
    const upward = rooms.flatMap((room) => {
      const own = folderOf(room);
      const known = [own, ...(MAY_IMPORT[own] ?? [])];
      const inside = room.split("/").slice(0, own === "modules" ? 2 : 1);
      return (imports.get(room) ?? [])
        .filter((name) => name.endsWith(".ts"))
        .filter((name) =>
          folderOf(name) === own
            ? !name.startsWith(`${inside.join("/")}/`)
            : !known.includes(folderOf(name)),
        )
        .map((name) => `${room} imports ${name}`);
    });
    expect(upward).to.deep.equal([]);
  });

  it("keeps what is known about flannel free of all that touches a machine", () => {
    const touching = rooms
      .filter((room) => ["base", "flannel"].includes(folderOf(room)))
      .flatMap((room) =>
        (imports.get(room) ?? [])
          .filter((name) => !name.endsWith(".ts") && !PURE_PARTS.includes(name))
          .map((name) => `${room} imports ${name}`),
      );
    expect(touching).to.deep.equal([]);
  });

  // verbs.ts is a list of other rooms.
  const withRule = rooms.filter(
    (room) => folderOf(room) !== "generated" && !room.endsWith("/verbs.ts"),
  );

  it("gives every room a test of its name, or a reason why it has none", () => {
    const untested = withRule.filter(
      (room) =>
        !existsSync(join(TESTS, room.replace(/\.ts$/, ".test.ts"))) &&
        !(room in TESTED_ELSEWHERE) &&
        !WIRING.test(room),
    );
    expect(untested).to.deep.equal([]);
  });

  it("keeps the list of those reasons short: only rooms that there are, without a test", () => {
    const needless = Object.keys(TESTED_ELSEWHERE).filter(
      (room) =>
        !withRule.includes(room) || existsSync(join(TESTS, room.replace(/\.ts$/, ".test.ts"))),
    );
    expect(needless).to.deep.equal([]);
  });
});

describe("the faults that are tried on src (test/mutants)", () => {
  it("have their place in the sources, once: move those along whose code has moved", () => {
    const timesOf = (file: string, text: string): number => {
      const path = join(SOURCES, "..", file);
      return existsSync(path) ? readFileSync(path, "utf8").split(text).length - 1 : 0;
    };
    const lost = MUTANTS.filter(({ file, find }) => timesOf(file, find) !== 1);
    expect(lost.map(({ file, fault }) => `${file}: ${fault}`)).to.deep.equal([]);
  });
});
