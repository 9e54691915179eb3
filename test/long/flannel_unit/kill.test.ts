// Kills the module with SIGKILL at every system call by which it changes the disk or starts a program, on a
// host whose systemd plays along. After each kill every file is the old or the new one, whole; the next run
// finishes the job, the one after it changes nothing, and nothing else is left.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { buildModule } from "../../support/build-module";
import { tryEachCall } from "../../support/kill-points";
import { type Scenario as Play, ScriptedHost } from "../../support/scripted-host";
import { CHANGING_CALLS, type Moment, runKilledAt } from "../../support/system-calls";
import { scaled } from "../../support/tally";

type Options = Readonly<Record<string, unknown>>;

/** By path below the host's root. */
type Files = ReadonlyMap<string, string>;

interface Scenario {
  readonly what: string;
  /** How the host has come to be what it is. */
  readonly before?: (host: ScriptedHost) => Options;
  /** What happens between that and the run that is killed, as another task of the play would do it. */
  readonly meanwhile?: (host: ScriptedHost) => void;
  readonly play?: Play;
  readonly change: (host: ScriptedHost) => Options;
  /** Whether a daemon runs in the end. */
  readonly isUp?: boolean;
}

/** What starts a program. */
const STARTING_CALLS = ["clone", "vfork"] as const;
const FEWEST_POINTS = 350;
const FOLDERS = ["units", "options", "net.d", "pki"];
const SECRET = "correct-horse-battery";

const secret = (): Options => ({ settings: { "etcd-password": SECRET } });
const cni = (host: ScriptedHost, name: string): Options => ({
  cni_conf_path: join(host.root, "net.d", "10-flannel.conflist"),
  cni_conf: { name, plugins: [{ type: "flannel" }] },
});
const pki = (host: ScriptedHost): string => join(host.root, "pki");
const trusting = (host: ScriptedHost): Options => ({
  restart_on: [join(pki(host), "ca.pem")],
  previous_files: join(pki(host), ".before"),
});
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Certificates that are sent in one file, as the role does it. */
function certificates(host: ScriptedHost, text: string): Options {
  const names = ["ca.pem", "cert.pem", "cert-key.pem"];
  const sent = join(host.root, "sent");
  const texts = Object.fromEntries(names.map((name) => [name, `${name}: ${text}`]));
  writeFileSync(sent, JSON.stringify(texts), { mode: 0o600 });
  const digests = Object.fromEntries(names.map((name) => [name, sha256(texts[name] ?? "")]));
  const declared = { directory: pki(host), sent, sha256: digests };
  const previous_files = join(pki(host), ".before");
  return { state: "present", only: "certificates", certificates: declared, previous_files };
}

function keepAndReplaceCa(host: ScriptedHost): void {
  mkdirSync(join(pki(host), ".before"), { recursive: true, mode: 0o700 });
  writeFileSync(join(pki(host), ".before", "ca.pem"), "old");
  writeFileSync(join(pki(host), "ca.pem"), "new");
}

const SCENARIOS: readonly Scenario[] = [
  {
    what: "a first start, with a secret and a CNI configuration",
    change: (host) => ({ ...secret(), ...cni(host, "pods") }),
  },
  {
    what: "another setting, another secret and another CNI configuration",
    before: (host) => ({ ...secret(), ...cni(host, "pods") }),
    change: (host) => ({
      settings: { v: 1, "etcd-password": `${SECRET}-new` },
      ...cni(host, "others"),
    }),
  },
  { what: "a secret that goes", before: secret, change: () => ({}) },
  {
    what: "a certificate that was replaced",
    before: (host) => {
      mkdirSync(pki(host));
      writeFileSync(join(pki(host), "ca.pem"), "old");
      return trusting(host);
    },
    meanwhile: keepAndReplaceCa,
    change: trusting,
  },
  {
    what: "a daemon that does not come up, and the way back",
    before: secret,
    play: { starts: ["failed", "ready"] },
    change: () => ({ settings: { v: 1 } }),
  },
  {
    what: "certificates that were sent",
    before: (host) => certificates(host, "old"),
    change: (host) => certificates(host, "new"),
    isUp: false,
  },
  {
    what: "a CNI configuration that is written alone",
    before: (host) => ({ state: "present", only: "cni", ...cni(host, "pods") }),
    change: (host) => ({ state: "present", only: "cni", ...cni(host, "others") }),
    isUp: false,
  },
  {
    what: "a daemon of another role, which is taken over",
    meanwhile: (host) => {
      host.startByOthers("v0.28.9");
    },
    change: () => ({ ...secret(), adopt: true }),
  },
  { what: "a stop", before: secret, change: () => ({ state: "stopped" }), isUp: false },
  {
    what: "a removal",
    before: (host) => ({ ...secret(), ...cni(host, "pods") }),
    change: (host) => ({ ...cni(host, "pods"), state: "absent" }),
    isUp: false,
  },
];

/** The same text for every host: the unit's fingerprint is of its paths, too. */
function withoutPlace(text: string, root: string): string {
  return text.replaceAll(root, "@").replace(/(?<=ANSIBLE_FLANNEL_UNIT=)\w+/, "");
}

/** Every file of the module's. */
function filesOf({ root }: ScriptedHost): Files {
  const files = new Map<string, string>();
  const look = (folder: string): void => {
    for (const name of readdirSync(join(root, folder))) {
      const path = join(folder, name);
      if (statSync(join(root, path)).isDirectory()) look(path);
      else files.set(path, withoutPlace(readFileSync(join(root, path), "utf8"), root));
    }
  };
  for (const folder of FOLDERS.filter((name) => readdirSync(root).includes(name))) look(folder);
  return files;
}

describe("flannel_unit: killed at any moment", function () {
  this.timeout(1_800_000);
  let library: string;
  let points = 0;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
    library = buildModule("flannel_unit");
  });
  after(() => {
    rmSync(library, { recursive: true, force: true });
    console.log(`      ${points} points in all`);
    expect(points).to.be.at.least(scaled(FEWEST_POINTS));
  });

  async function succeed(host: ScriptedHost, options: Options, what: string): Promise<Options> {
    const result = await host.run(options);
    expect(result["failed"], `${what}: ${result.msg}`).to.equal(undefined);
    return result;
  }

  async function prepare({ before: first, meanwhile }: Scenario): Promise<ScriptedHost> {
    const host = new ScriptedHost(join(library, "flannel_unit.cjs"));
    if (first !== undefined) await succeed(host, first(host), "before");
    meanwhile?.(host);
    return host;
  }

  /** What the files are before and after the change, where nobody is killed. */
  async function undisturbed(scenario: Scenario): Promise<readonly [Files, Files]> {
    const host = await prepare(scenario);
    try {
      const old = filesOf(host);
      await succeed(host, scenario.change(host), "undisturbed");
      return [old, filesOf(host)];
    } finally {
      host.remove();
    }
  }

  /** Old or new, never torn; what is neither is hidden, and prepared for one of them. */
  function expectWhole(host: ScriptedHost, [old, next]: readonly [Files, Files], at: string): void {
    const now = filesOf(host);
    for (const path of new Set([...old.keys(), ...next.keys()])) {
      expect([old.get(path), next.get(path)], `${path} ${at}`).to.include(now.get(path));
    }
    const others = [...now.keys()].filter((path) => !old.has(path) && !next.has(path));
    expect(others.filter((path) => !/\/\./.test(path))).to.deep.equal([]);
  }

  /** False when the run came to its end before. */
  async function tryPoint(
    scenario: Scenario,
    states: readonly [Files, Files],
    moment: Moment,
  ): Promise<boolean> {
    const host = await prepare(scenario);
    const at = `killed at ${moment.call} ${moment.nth}`;
    try {
      host.play(scenario.play ?? {});
      const isFailing = scenario.play !== undefined;
      if (!(await runKilledAt(host.program(scenario.change(host)), moment, isFailing)))
        return false;
      expectWhole(host, states, at);
      await untilNobodyWatches(host);
      host.play({});
      await succeed(host, scenario.change(host), at);
      expect([...filesOf(host)].sort(), at).to.deep.equal([...states[1]].sort());
      const again = await succeed(host, scenario.change(host), at);
      expect(again["changes"], at).to.deep.equal([]);
      expect(host.pid !== 0, at).to.equal(scenario.isUp ?? true);
      return true;
    } finally {
      host.remove();
    }
  }

  /** A host that goes back by itself lets no other run try a daemon meanwhile. */
  async function untilNobodyWatches(host: ScriptedHost): Promise<void> {
    for (let looks = 0; host.isWatched; looks++) {
      expect(looks).to.be.below(600);
      await sleep(100);
    }
  }

  for (const scenario of SCENARIOS) {
    it(`in ${scenario.what}`, async () => {
      const states = await undisturbed(scenario);
      points += await tryEachCall([...CHANGING_CALLS, ...STARTING_CALLS], (moment) =>
        tryPoint(scenario, states, moment),
      );
    });
  }
});
