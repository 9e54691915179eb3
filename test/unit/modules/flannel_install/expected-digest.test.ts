// Which digest the file to install from must have, and when a list of checksums is asked for it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { parseVersion } from "../../../../src/flannel/version";
import { declare, sourceOf } from "../../../../src/modules/flannel_install/declare";
import {
  type ExpectedDigest,
  digestOfBinary,
  expectDigest,
  isExpected,
  settleDigest,
} from "../../../../src/modules/flannel_install/expected-digest";
import { type Origin } from "../../../../src/modules/flannel_install/origin";
import { type Source } from "../../../../src/modules/flannel_install/source";
import { sha256 } from "../../../support/flannel-install";
import { type Options, digest, optionsWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: the digest that is expected", () => {
  const directory = mkdtempSync(join(tmpdir(), "expected-digest-"));
  const src = join(directory, "flanneld-amd64");
  const list = join(directory, "sums");
  const content = Buffer.from("the daemon");
  const [wanted, other] = [parseVersion("v0.28.9"), parseVersion("v0.16.1")];

  before(() => {
    writeFileSync(src, content);
    writeFileSync(list, `${digest("f")}  flanneld-amd64\n`);
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const sourceWith = (options: Options): Source => {
    const source = sourceOf(declare(optionsWith({ arch: "amd64", ...options })), {
      cpu: { arch: "amd64" },
    });
    if (source === undefined) throw new Error("no source");
    return source;
  };
  const hostWith = (version: typeof wanted | undefined, origin?: Origin) => ({
    binary: version === undefined ? undefined : { version, sha256: digest("a") },
    origins: origin === undefined ? {} : { program: origin },
  });
  const undeclared: ExpectedDigest = { kind: "undeclared" };
  const known = (value: string): ExpectedDigest => ({ kind: "known", sha256: value });

  const cases: readonly {
    readonly what: string;
    readonly options: () => Options;
    readonly installed?: typeof wanted;
    readonly is: ExpectedDigest;
    readonly then: string | undefined;
  }[] = [
    { what: "nothing is declared", options: () => ({}), is: undeclared, then: undefined },
    {
      what: "a digest is declared",
      options: () => ({ checksum: `sha256:${digest("b")}` }),
      is: known(digest("b")),
      then: digest("b"),
    },
    {
      what: "a list is declared and nothing is installed: not asked yet",
      options: () => ({ checksum: `sha256:file://${list}` }),
      is: { kind: "later" },
      then: digest("f"),
    },
    {
      what: "a list is declared and another version is installed: not asked yet",
      options: () => ({ checksum: `sha256:file://${list}` }),
      installed: other,
      is: { kind: "later" },
      then: digest("f"),
    },
    {
      what: "a list is declared and the version is right: it decides",
      options: () => ({ checksum: `sha256:file://${list}` }),
      installed: wanted,
      is: known(digest("f")),
      then: digest("f"),
    },
    {
      what: "a file of the host is there: its content decides",
      options: () => ({ src }),
      is: known(sha256(content)),
      then: sha256(content),
    },
    {
      what: "a file of the host is not there yet",
      options: () => ({ src: join(directory, "later") }),
      is: undeclared,
      then: undefined,
    },
  ];
  for (const { what, options, installed, is, then } of cases) {
    it(`is known as far as it must be when ${what}`, async () => {
      const source = sourceWith(options());
      const expected = await expectDigest(source, hostWith(installed));
      expect(expected).to.deep.equal(is);
      expect((await settleDigest(expected, source))?.hex).to.equal(then);
    });
  }

  it("refuses a file of the host that is not the declared one", async () => {
    const refusal = await expectDigest(
      sourceWith({ src, checksum: `sha256:${digest("b")}` }),
      hostWith(undefined),
    ).catch((error: unknown) => error);
    expect(refusal).to.include({ code: "verification" });
    expect(String(refusal)).to.include(`its SHA-256 is ${sha256(content)}, expected bbb`);
  });

  it("reads a file of the host once when it is declared by the digest that is compared", async () => {
    const large = join(directory, "large");
    const bytes = Buffer.alloc(16 * 1024 * 1024, "flanneld");
    writeFileSync(large, bytes);
    const source = sourceWith({ src: large, checksum: `sha256:${sha256(bytes)}` });
    const before = bytesRead();
    await expectDigest(source, hostWith(wanted));
    expect((bytesRead() - before) / bytes.length).to.be.within(1, 1.5);
  });

  describe("by a list that is down", () => {
    const checksum = "sha256:http://127.0.0.1:1/sums?key=0123456789";
    const origin: Origin = {
      ...{ sha256: digest("a"), version: "v0.28.9", checksum: `sha256:${digest("a")}` },
      list: "http://127.0.0.1:1/sums",
    };
    const ask = (remembered?: Origin): Promise<unknown> =>
      expectDigest(sourceWith({ checksum, retries: 0 }), hostWith(wanted, remembered)).catch(
        (error: unknown) => error,
      );

    it("is what it said when the installed file was verified by it", async () => {
      expect(await ask(origin)).to.deep.include({ kind: "known", sha256: digest("a") });
      expect(await ask(origin))
        .to.have.property("fault")
        .that.includes("connection refused");
    });

    it("is not known of another file, by another list, or by none", async () => {
      for (const other of [
        { ...origin, sha256: digest("b") },
        { ...origin, list: "http://127.0.0.1:1/other" },
        { sha256: digest("a"), version: "v0.28.9" },
        undefined,
      ]) {
        expect(await ask(other)).to.include({ code: "network" });
      }
    });
  });

  it("by another algorithm is known by what was written down when it verified the file", async () => {
    const long = "d".repeat(128);
    const expected = await expectDigest(
      sourceWith({ checksum: `sha512:${long}` }),
      hostWith(wanted),
    );
    expect(expected).to.deep.equal({ kind: "other", digest: { algorithm: "sha512", hex: long } });
    const origin: Origin = { sha256: digest("a"), version: "v0.28.9", checksum: `sha512:${long}` };
    const is = (remembered: Origin): unknown =>
      isExpected({ sha256: digest("a") }, { program: remembered }, expected);
    expect(is(origin)).to.equal(true);
    expect(is({ ...origin, sha256: digest("b") })).to.equal(false);
    expect(is({ ...origin, checksum: `sha512:${"e".repeat(128)}` })).to.equal(false);
  });

  it("of an archive that is known, not declared, condemns no binary that came in another way", async () => {
    const known_checksums = { "flannel-v0.28.9-linux-amd64.tar.gz": digest("c") };
    const expected = await expectDigest(sourceWith({ known_checksums }), hostWith(wanted));
    expect(expected).to.deep.equal({ kind: "known", sha256: digest("c"), isLenient: true });
    const binary = { sha256: digest("a") };
    const origin: Origin = { sha256: digest("a"), version: "v0.28.9" };
    expect(isExpected(binary, {}, expected)).to.equal(undefined);
    expect(isExpected(binary, { program: origin }, expected)).to.equal(undefined);
    const from = (archive: string): unknown =>
      isExpected(binary, { program: { ...origin, archive_sha256: digest(archive) } }, expected);
    expect(from("c")).to.equal(true);
    expect(from("d")).to.equal(false);
  });

  it("says nothing of a binary in an archive", () => {
    const expected = known(digest("c"));
    expect(digestOfBinary(sourceWith({}), expected)).to.equal(digest("c"));
    expect(digestOfBinary(sourceWith({ mk_docker_opts: true }), expected)).to.equal(undefined);
    expect(digestOfBinary(sourceWith({ url: ["https://m/x.tgz"] }), expected)).to.equal(undefined);
    expect(digestOfBinary(sourceWith({}), { kind: "later" })).to.equal(undefined);
  });

  it("is that of the installed binary, or of the archive it came out of", () => {
    const binary = { sha256: digest("a") };
    const origin = { sha256: digest("a"), version: "v0.28.9", archive_sha256: digest("c") };
    expect(isExpected(binary, {}, known(digest("a")))).to.equal(true);
    expect(isExpected(binary, {}, known(digest("c")))).to.equal(false);
    expect(isExpected(binary, { program: origin }, known(digest("c")))).to.equal(true);
    const changed = { sha256: digest("9") };
    expect(isExpected(changed, { program: origin }, known(digest("c")))).to.equal(false);
    expect(isExpected(undefined, {}, known(digest("a")))).to.equal(false);
    expect(isExpected(binary, {}, undeclared)).to.equal(undefined);
    expect(isExpected(binary, {}, { kind: "later" })).to.equal(undefined);
  });
});

/** What this process has read so far, in bytes. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
