// Runs of all kinds at the same moment on one host: each ends well, and what they leave is what one of
// them was to leave, whole, with its record, and without debris.

import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { execa } from "execa";
import { expect } from "chai";

import { MODULE, type Result, Target, sha256 } from "../../support/flannel-install";
import { parseLine } from "../../support/run-module";
import { scaled, tally } from "../../support/tally";
import { tarGz } from "../../support/tar";
import { tinyProgram } from "../../support/tiny-program";

const VERSIONS = ["v0.26.0", "v0.27.0", "v0.28.9"] as const;
const ROUNDS = 9;
const SCRIPT = "mk-docker-opts.sh";
const RECORD = ".flanneld.origin.json";

const programOf = (version: string): Buffer => tinyProgram(version, 100_000);
const scriptOf = (version: string): string => `#!/bin/sh\n# ${version}\n`;

interface Kind {
  readonly what: string;
  readonly runs: readonly Result[];
  /** Whether a directory without anything may be what is left. */
  readonly mayBeEmpty?: boolean;
  readonly before?: Result;
  /** Runs under a copy of Node.js. */
  readonly isForeign?: boolean;
}

const bare = (version: string, more: Result = {}): Result => ({ version, src: version, ...more });
const packed = (version: string): Result => ({
  ...{ version, src: `${version}.tar.gz`, mk_docker_opts: true },
});
const absent = { state: "absent" };

const KINDS: readonly Kind[] = [
  { what: "one version twice", runs: [bare("v0.28.9"), bare("v0.28.9")] },
  { what: "two versions", runs: [bare("v0.27.0"), bare("v0.28.9")] },
  { what: "an upgrade twice", before: bare("v0.26.0"), runs: [bare("v0.28.9"), bare("v0.28.9")] },
  { what: "two upgrades", before: bare("v0.26.0"), runs: [bare("v0.27.0"), bare("v0.28.9")] },
  { what: "archives", before: packed("v0.26.0"), runs: [packed("v0.27.0"), packed("v0.28.9")] },
  { what: "an archive twice", runs: [packed("v0.28.9"), packed("v0.28.9")] },
  {
    what: "an archive and a bare binary",
    before: packed("v0.26.0"),
    runs: [packed("v0.28.9"), bare("v0.27.0")],
  },
  {
    what: "an installation and a removal",
    before: bare("v0.26.0"),
    runs: [bare("v0.28.9"), absent],
    mayBeEmpty: true,
  },
  {
    what: "an archive and a removal",
    before: packed("v0.26.0"),
    runs: [packed("v0.28.9"), absent],
    mayBeEmpty: true,
  },
  {
    what: "two removals and an installation",
    before: packed("v0.27.0"),
    runs: [absent, bare("v0.28.9"), absent],
    mayBeEmpty: true,
  },
  {
    what: "modes and a removal",
    before: bare("v0.28.9"),
    runs: [bare("v0.28.9", { mode: "0755" }), absent],
    mayBeEmpty: true,
  },
  {
    what: "a way back and an upgrade",
    before: bare("v0.26.0"),
    runs: [bare("v0.27.0", { keep: 2 }), bare("v0.26.0", { keep: 0 }), bare("v0.28.9")],
  },
  {
    what: "two upgrades under another Node.js each",
    before: bare("v0.26.0"),
    runs: [bare("v0.27.0"), bare("v0.28.9")],
    isForeign: true,
  },
];

describe("flannel_install: at the same time", function () {
  this.timeout(600_000);
  let target: Target;
  let counted = 0;

  beforeEach(() => {
    target = new Target();
    for (const version of VERSIONS) {
      writeFileSync(join(target.root, version), programOf(version));
      const members = [
        { name: "flanneld", content: programOf(version) },
        { name: SCRIPT, content: scriptOf(version) },
      ];
      writeFileSync(join(target.root, `${version}.tar.gz`), tarGz(members));
    }
  });
  afterEach(() => {
    target.remove();
  });
  after(() => {
    console.log(`      ${counted} runs in all`);
  });

  const run = async (options: Result, node = process.execPath): Promise<Result> => {
    counted++;
    const { src } = options;
    const args = typeof src === "string" ? { ...options, src: join(target.root, src) } : options;
    const input = JSON.stringify(target.options(args));
    const { stdout } = await execa(node, [MODULE], { input, reject: false });
    return parseLine(`${stdout}\n`);
  };
  const files = (): readonly string[] => readdirSync(target.bin).sort();
  const at = (name: string): string => join(target.bin, name);

  const checkWhole = (mayBeEmpty: boolean): void => {
    const names = files();
    expect(names.filter((name) => /\.new-|\.lock/.test(name))).to.deep.equal([]);
    if (mayBeEmpty && names.length === 0) return;
    expect(names).to.include.members(["flanneld", RECORD]);
    const digest = sha256(readFileSync(at("flanneld")));
    const version = VERSIONS.find((known) => sha256(programOf(known)) === digest);
    const record = JSON.parse(readFileSync(at(RECORD), "utf8")) as Record<string, Result>;
    expect(record["flanneld"]).to.include({ sha256: digest, version });
    if (names.includes(SCRIPT)) {
      const script = sha256(readFileSync(at(SCRIPT)));
      expect(record[SCRIPT]).to.include({ sha256: script });
    }
    for (const name of names.filter((kept) => kept.startsWith(".flanneld.previous-"))) {
      const kept = name.replace(".flanneld.previous-", "");
      expect(readFileSync(at(name)).equals(programOf(kept)), name).to.equal(true);
    }
  };

  for (const { what, before, runs, mayBeEmpty = false, isForeign = false } of KINDS) {
    it(`${what}: ${String(ROUNDS)} rounds`, async () => {
      const node = join(target.root, "node");
      if (isForeign) copyFileSync(process.execPath, node);
      for (let round = 0; round < scaled(ROUNDS); round++) {
        mkdirSync(target.bin, { recursive: true });
        await run(absent);
        if (before !== undefined) expect((await run(before))["msg"]).to.equal(undefined);
        const results = await Promise.all(
          runs.map(async (options, index) => {
            await sleep(Math.random() * 60);
            return run(options, isForeign && index > 0 ? node : process.execPath);
          }),
        );
        const messages = results.map((result) => result["msg"]);
        expect(messages, `round ${round}`).to.deep.equal(runs.map(() => undefined));
        checkWhole(mayBeEmpty);
        expect((await run(absent))["msg"]).to.equal(undefined);
        expect(files()).to.deep.equal([]);
        expect(await run(absent)).to.include({ changed: false });
        tally();
      }
    });
  }
});
