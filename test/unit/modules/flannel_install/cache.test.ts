// The file in the cache: right, or why not.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  type CacheRecord,
  cachePathsFor,
  renderRecord,
  tryInspectCache,
} from "../../../../src/modules/flannel_install/cache";
import { type ExpectedDigest } from "../../../../src/modules/flannel_install/expected-digest";
import { sha256 } from "../../../support/flannel-install";
import { type Options, sourceWith } from "../../../support/flannel-install-scenes";
import { elfOf } from "../../../support/tiny-program";

describe("flannel_install: the file in the cache", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "cache-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const program = elfOf("arm64", Buffer.from("v0.28.9"));
  const recorded = { sha256: sha256(program), source: "https://m/flanneld-arm64" };
  const UNDECLARED: ExpectedDigest = { kind: "undeclared" };
  const known = (digest: string): ExpectedDigest => ({ kind: "known", sha256: digest });

  const look = (
    content: Buffer,
    record?: CacheRecord | string,
    expected: ExpectedDigest = UNDECLARED,
    more: Options = {},
  ): ReturnType<typeof tryInspectCache> => {
    const url = ["https://u:p@m/flanneld-{arch}?token=x", "https://other/{asset}"];
    const source = sourceWith({ url, ...more }, "arm64");
    const paths = cachePathsFor(directory, source);
    writeFileSync(paths.asset, content);
    if (record !== undefined)
      writeFileSync(paths.record, typeof record === "string" ? record : renderRecord(record));
    return tryInspectCache(paths, source, expected);
  };

  it("has the name under which flannel publishes it", () => {
    const nameOf = (options: Options): string =>
      cachePathsFor("/c", sourceWith(options, "arm64")).asset;
    expect(nameOf({})).to.equal("/c/flanneld-arm64");
    expect(nameOf({ url: ["https://m/daemon"] })).to.equal("/c/flanneld-arm64");
    expect(nameOf({ mk_docker_opts: true })).to.equal("/c/flannel-v0.28.9-linux-arm64.tar.gz");
  });

  it("may not be there", async () => {
    const source = sourceWith({}, "arm64");
    const paths = cachePathsFor(join(directory, "none"), source);
    expect(await tryInspectCache(paths, source, UNDECLARED)).to.equal(undefined);
  });

  const cases: readonly (readonly [string, RegExp | undefined, Parameters<typeof look>])[] = [
    ["of others, and whole", undefined, [program]],
    ["of others, and cut", /cut short/, [program.subarray(0, -1)]],
    ["as it was written down", undefined, [program, recorded]],
    [
      "not as it was written down",
      /is no longer what was downloaded/,
      [Buffer.concat([program, program]), recorded],
    ],
    [
      "as written down, but half",
      /cut short/,
      [program.subarray(0, -1), { ...recorded, sha256: sha256(program.subarray(0, -1)) }],
    ],
    [
      "from elsewhere",
      /came from https:\/\/x\/y, which url/,
      [program, { ...recorded, source: "https://x/y" }],
    ],
    ["with a damaged record", undefined, [program, "{"]],
    ["with a record of something else", undefined, [program, '{"sha256": 5}']],
    [
      "the declared one, from wherever",
      undefined,
      [program, { ...recorded, source: "https://x/y" }, known(sha256(program))],
    ],
    [
      "not the declared one",
      /is [0-9a-f]{64}, expected 0{64}/,
      [program, recorded, known("0".repeat(64))],
    ],
  ];
  for (const [what, fault, args] of cases) {
    it(`is ${fault === undefined ? "right" : "wrong"}: ${what}`, async () => {
      const cached = await look(...args);
      if (fault === undefined) expect(cached?.fault).to.equal(undefined);
      else expect(cached?.fault).to.match(fault);
      expect(cached?.sha256).to.equal(sha256(args[0]));
    });
  }

  it("cannot be a directory", async () => {
    const source = sourceWith({}, "arm64");
    const paths = cachePathsFor(directory, source);
    mkdirSync(paths.asset);
    const failure: unknown = await tryInspectCache(paths, source, UNDECLARED).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).to.include("a directory is in the way");
  });
});
