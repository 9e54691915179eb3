// What is kept, under which name, and whether it is what is wanted.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { expect } from "chai";

import { listPreviousVersions } from "../../../../src/host/previous-versions";
import { readCpu } from "../../../../src/modules/flannel_install/cpu";
import { type ExpectedDigest } from "../../../../src/modules/flannel_install/expected-digest";
import { type Origins } from "../../../../src/modules/flannel_install/origin";
import {
  mayLeadBack,
  orderKept,
  tryFindWayBack,
  tryNameKept,
} from "../../../../src/modules/flannel_install/way-back";
import { sha256 } from "../../../support/flannel-install";
import {
  BINARY,
  binaryOf,
  digest,
  keptPath,
  sourceWith,
} from "../../../support/flannel-install-scenes";
import { elfOf, tinyProgram } from "../../../support/tiny-program";

describe("flannel_install: the kept binaries", () => {
  const undeclared: ExpectedDigest = { kind: "undeclared" };
  const known = (value: string): ExpectedDigest => ({ kind: "known", sha256: value });
  const source = sourceWith({}, "amd64");

  describe("have a name", () => {
    const twelve = digest("a").slice(0, 12);
    const names: readonly (readonly [string, Parameters<typeof binaryOf>, string | undefined])[] = [
      ["of their version", ["v0.16.1"], "v0.16.1"],
      ["of their digest, where they are of the wanted version", ["v0.28.9"], `v0.28.9.${twelve}`],
      ["of their digest, where nothing tells the version", [undefined], `unknown.${twelve}`],
      ["unless they are links", ["v0.16.1", { isLink: true }], undefined],
      ["unless they are for another CPU", ["v0.16.1", { arch: "arm64" }], undefined],
      ["unless they are no programs", [undefined, { arch: undefined }], undefined],
      ["unless anybody could have written them", ["v0.16.1", { distrust: "its mode" }], undefined],
    ];
    for (const [what, binary, name] of names) {
      it(what, () => {
        const kept = tryNameKept(BINARY, binaryOf(...binary), source, known(digest("b")));
        expect(kept?.path).to.equal(name && keptPath(name));
      });
    }

    it("unless they were asked for their version and do not tell it", () => {
      const binary = binaryOf(undefined);
      expect(tryNameKept(BINARY, binary, source, undeclared)).to.equal(undefined);
    });
  });

  it("are in the order in which they were replaced, whatever became of their times", () => {
    const kept = ["a", "b", "c"].map((version) => ({ version, path: keptPath(version), inode: 1 }));
    const recorded = ["c", "a"].map((version) => basename(keptPath(version)));
    const origins = { kept: recorded.map((name) => ({ name, sha256: digest("a") })) };
    const order = orderKept(kept, origins).map(({ version }) => version);
    expect(order).to.deep.equal(["c", "a", "b"]);
    expect(orderKept(kept, {})).to.deep.equal(kept);
  });

  it("may lead back when one is said to be of the wanted version", () => {
    const kept = (version: string) => [{ version, path: keptPath(version), inode: 1 }];
    expect(mayLeadBack(kept("v0.28.9"), source)).to.equal(true);
    expect(mayLeadBack(kept("v0.28.9+ck1"), source)).to.equal(true);
    expect(mayLeadBack(kept("v0.27.0"), source)).to.equal(false);
    expect(mayLeadBack(kept("unknown.0123456789ab"), source)).to.equal(false);
  });

  describe("are the wanted one", () => {
    const directory = mkdtempSync(join(tmpdir(), "way-back-"));
    const program = join(directory, "flanneld");
    const wanted = sourceWith({}, readCpu().arch ?? "amd64");
    const content = tinyProgram("v0.28.9");
    const path = join(directory, ".flanneld.previous-v0.28.9");
    const name = basename(path);
    const recordOf = (version: string, more = {}): Origins => ({
      kept: [{ name, sha256: sha256(content), version, ...more }],
    });
    after(() => {
      rmSync(directory, { recursive: true });
    });

    const find = async (
      origins: Origins,
      expected: ExpectedDigest,
      bytes: Buffer = content,
    ): Promise<string | undefined> => {
      writeFileSync(path, bytes, { mode: 0o600 });
      const kept = await listPreviousVersions(program);
      return (await tryFindWayBack(kept, wanted, origins, expected))?.path;
    };
    const right = known(sha256(content));
    const archive = { archive_sha256: digest("c") };
    const altered = tinyProgram("v0.28.9", 4);

    const cases: readonly (readonly [string, boolean, Origins, ExpectedDigest, Buffer?])[] = [
      [
        "if they are what was written down when they were kept",
        true,
        recordOf("v0.28.9"),
        undeclared,
      ],
      ["if they have the declared digest", true, {}, right],
      ["if both is so", true, recordOf("v0.28.9"), right],
      [
        "if they came out of the declared archive",
        true,
        recordOf("v0.28.9", archive),
        known(digest("c")),
      ],
      ["but not if nothing is known of them", false, {}, undeclared],
      ["but not if they are another version", false, recordOf("v0.27.0"), undeclared],
      ["but not if another digest is declared", false, recordOf("v0.28.9"), known(digest("b"))],
      ["but not if that is of another version", false, recordOf("v0.27.0"), right],
      ["but not if they were altered since", false, recordOf("v0.28.9"), undeclared, altered],
      [
        "but not if they are for another CPU",
        false,
        {},
        known(sha256(elfOf("riscv64"))),
        elfOf("riscv64"),
      ],
    ];
    for (const [what, isFound, origins, expected, bytes] of cases) {
      it(what, async () => {
        expect(await find(origins, expected, bytes)).to.equal(isFound ? path : undefined);
      });
    }

    it("but not if they are no files", async () => {
      rmSync(path);
      mkdirSync(path);
      const kept = [{ path, version: "v0.28.9", inode: 1 }];
      expect(await tryFindWayBack(kept, wanted, {}, right)).to.equal(undefined);
    });
  });
});
