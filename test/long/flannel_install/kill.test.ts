// Kills the module with SIGKILL at every system call by which it changes the disk. What is on the
// disk between two such calls is what is there when the second one is entered, so this covers every
// moment. After each kill the old or the new file is there, whole, and the next run succeeds and
// leaves nothing behind.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { MODULE, type Result, Target, sha256 } from "../../support/flannel-install";
import { tryEachCall } from "../../support/kill-points";
import { Mirror, serve } from "../../support/mirror";
import { tarGz } from "../../support/tar";
import { CHANGING_CALLS, type Moment, runKilledAt } from "../../support/system-calls";
import { scaled } from "../../support/tally";
import { tinyProgram } from "../../support/tiny-program";

const OLD = tinyProgram("v0.16.1", 50_000);
const NEW = tinyProgram("v0.28.9", 3_000_000);
const OLDER = tinyProgram("v0.10.0");
const OLD_SCRIPT = Buffer.from("#!/bin/sh\n# old\n");
const NEW_SCRIPT = Buffer.from("#!/bin/sh\n# new\n");
const ARCHIVE = tarGz([
  { name: "mk-docker-opts.sh", content: NEW_SCRIPT },
  { name: "flanneld", content: NEW },
]);

const MINIMUM_KILLS = 320;

interface Scenario {
  readonly what: string;
  readonly options: Result;
  readonly prepare: (target: Target) => void;
  /** What each file may be after a kill (undefined: missing); the last is what it is in the end. */
  readonly allowed: Readonly<Record<string, readonly (Buffer | undefined)[]>>;
  /** The names that are there in the end. */
  readonly outcome: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  {
    what: "an upgrade from the bare binary, with an older version kept",
    options: { version: "v0.28.9" },
    prepare: ({ bin, binary }) => {
      mkdirSync(bin);
      writeFileSync(binary, OLD, { mode: 0o750 });
      writeFileSync(join(bin, ".flanneld.previous-v0.10.0"), OLDER, { mode: 0o750 });
    },
    allowed: { flanneld: [OLD, NEW] },
    outcome: [".flanneld.origin.json", ".flanneld.previous-v0.16.1", "flanneld"],
  },
  {
    what: "an upgrade from the archive, with mk-docker-opts.sh",
    options: { version: "v0.28.9", mk_docker_opts: true },
    prepare: ({ bin, binary }) => {
      mkdirSync(bin);
      writeFileSync(binary, OLD, { mode: 0o750 });
      writeFileSync(join(bin, "mk-docker-opts.sh"), OLD_SCRIPT, { mode: 0o750 });
      writeFileSync(join(bin, ".flanneld.new-4194305"), "of a run that was killed");
    },
    allowed: { flanneld: [OLD, NEW], "mk-docker-opts.sh": [OLD_SCRIPT, NEW_SCRIPT] },
    outcome: [
      ".flanneld.origin.json",
      ".flanneld.previous-v0.16.1",
      "flanneld",
      "mk-docker-opts.sh",
    ],
  },
  {
    what: "the first installation",
    options: { version: "v0.28.9", mk_docker_opts: true },
    prepare: () => undefined,
    allowed: { flanneld: [undefined, NEW], "mk-docker-opts.sh": [undefined, NEW_SCRIPT] },
    outcome: [".flanneld.origin.json", "flanneld", "mk-docker-opts.sh"],
  },
  {
    what: "a way back to the version that is kept",
    options: { version: "v0.28.9", checksum: `sha256:${sha256(NEW)}` },
    prepare: ({ bin, binary }) => {
      mkdirSync(bin);
      writeFileSync(binary, OLD, { mode: 0o750 });
      writeFileSync(join(bin, ".flanneld.previous-v0.28.9"), NEW, { mode: 0o750 });
      const record = { flanneld: { sha256: sha256(OLD), version: "v0.16.1" } };
      writeFileSync(join(bin, ".flanneld.origin.json"), JSON.stringify(record));
    },
    allowed: { flanneld: [OLD, NEW] },
    outcome: [".flanneld.origin.json", ".flanneld.previous-v0.16.1", "flanneld"],
  },
  {
    what: "a copy of what a link leads to",
    options: { version: "v0.28.9" },
    prepare: ({ bin, binary, root }) => {
      mkdirSync(bin);
      writeFileSync(join(root, "elsewhere"), NEW, { mode: 0o755 });
      symlinkSync(join(root, "elsewhere"), binary);
    },
    allowed: { flanneld: [NEW] },
    outcome: ["flanneld"],
  },
  {
    what: "a removal",
    options: { state: "absent" },
    prepare: ({ bin, binary }) => {
      mkdirSync(bin);
      writeFileSync(binary, OLD, { mode: 0o750 });
      writeFileSync(join(bin, ".flanneld.previous-v0.10.0"), OLDER, { mode: 0o750 });
      writeFileSync(join(bin, "mk-docker-opts.sh"), OLD_SCRIPT);
      const origin = { sha256: sha256(OLD_SCRIPT), version: "v0.16.1", archive_sha256: "" };
      const record = JSON.stringify({ "mk-docker-opts.sh": origin });
      writeFileSync(join(bin, ".flanneld.origin.json"), record);
    },
    allowed: { flanneld: [OLD, undefined], "mk-docker-opts.sh": [OLD_SCRIPT, undefined] },
    outcome: [],
  },
];

describe("flannel_install: killed at any moment", function () {
  this.timeout(600_000);
  const mirror = new Mirror();
  let kills = 0;

  before(async () => {
    await mirror.start();
    const [binary, archive] = [serve(NEW), serve(ARCHIVE)];
    mirror.behave((request, response) => {
      (request.url?.endsWith(".tar.gz") === true ? archive : binary)(request, response);
    });
  });
  after(async () => {
    await mirror.close();
    console.log(`      ${kills} kills in all`);
    expect(kills).to.be.at.least(scaled(MINIMUM_KILLS));
  });

  const check = (target: Target, files: Scenario["allowed"], moment: string): void => {
    for (const [name, allowed] of Object.entries(files)) {
      const path = join(target.bin, name);
      const content = existsSync(path) ? readFileSync(path) : undefined;
      const isWhole = allowed.some((version) =>
        version === undefined ? content === undefined : content?.equals(version) === true,
      );
      expect(isWhole, `${name} is not what it must be ${moment}`).to.equal(true);
    }
  };

  /** One kill and what follows; false when the module came to its end before. */
  const tryPoint = async (scenario: Scenario, { call, nth }: Moment): Promise<boolean> => {
    const target = new Target();
    const options = { url: `${mirror.origin}/{asset}`, ...scenario.options };
    try {
      scenario.prepare(target);
      const program = {
        command: [process.execPath, MODULE],
        input: JSON.stringify(target.options(options)),
      };
      if (!(await runKilledAt(program, { call, nth }))) return false;
      const moment = `${call} ${nth}`;
      check(target, scenario.allowed, `after the kill at ${moment}`);
      expect((await target.run(options))["msg"], moment).to.equal(undefined);
      const names = existsSync(target.bin) ? readdirSync(target.bin).sort() : [];
      expect(names, moment).to.deep.equal(scenario.outcome);
      const final = Object.entries(scenario.allowed).map(([name, all]) => [name, all.slice(-1)]);
      const wanted = Object.fromEntries(final) as Scenario["allowed"];
      check(target, wanted, `in the run after the kill at ${moment}`);
      return true;
    } finally {
      target.remove();
    }
  };

  for (const scenario of SCENARIOS) {
    it(`survives ${scenario.what}`, async () => {
      kills += await tryEachCall(CHANGING_CALLS, (moment) => tryPoint(scenario, moment));
    });
  }
});
