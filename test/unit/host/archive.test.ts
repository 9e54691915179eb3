import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect } from "chai";
import fc from "fast-check";

import { type ArchiveMember, extractFiles, readMembers } from "../../../src/host/archive";
import { type TarMember, tar, tarGz, tarMember } from "../../support/tar";

const DAEMON: TarMember = { name: "flanneld", content: "the daemon" };

describe("unpacking an archive", () => {
  let directory: string;
  let archive: string;
  let target: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "archive-"));
    archive = join(directory, "a.tar.gz");
    target = join(directory, "out");
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const unpack = async (
    bytes: Buffer,
    limits?: Parameters<typeof extractFiles>[2],
  ): Promise<string> => {
    writeFileSync(archive, bytes);
    rmSync(target, { force: true });
    await extractFiles(archive, new Map([["flanneld", target]]), limits);
    return readFileSync(target, "utf8");
  };
  const refusal = async (
    bytes: Buffer,
    limits?: Parameters<typeof extractFiles>[2],
  ): Promise<string> => {
    const error: unknown = await unpack(bytes, limits).catch((reason: unknown) => reason);
    expect(error).to.have.property("code", "verification");
    return (error as Error).message;
  };

  const fine: readonly (readonly [string, readonly TarMember[]])[] = [
    ["flat", [{ name: "README.md", content: "x".repeat(600) }, DAEMON]],
    [
      "with ./ in front",
      [
        { name: "./", type: "5" },
        { name: "./flanneld", content: "the daemon" },
      ],
    ],
    ["of GNU tar", [{ ...DAEMON, format: "gnu", prefix: "\x01\x02 times" }]],
    ["of a tar older than POSIX", [{ ...DAEMON, format: "v7", type: "\0" }]],
    [
      "with times in an extended header",
      [{ name: "x", type: "x", content: "20 mtime=1.5\n" }, DAEMON],
    ],
    ["with a comment for all", [{ name: "g", type: "g", content: "15 comment=abc\n" }, DAEMON]],
    ["with other files below directories", [{ name: "docs/deep/README.md", content: "r" }, DAEMON]],
  ];
  for (const [kind, members] of fine) {
    it(`takes an archive ${kind}`, async () => {
      expect(await unpack(tarGz(members))).to.equal("the daemon");
    });
  }

  it("takes what the tar program of this host makes, in all its formats", async () => {
    mkdirSync(join(directory, "in"));
    writeFileSync(join(directory, "in", "flanneld"), "the daemon");
    writeFileSync(join(directory, "in", "README.md"), "read me");
    for (const format of ["gnu", "ustar", "v7", "posix"]) {
      const args = ["-C", join(directory, "in"), `--format=${format}`, "-czf", archive];
      execFileSync("tar", [...args, "README.md", "flanneld"]);
      expect(await unpack(readFileSync(archive)), format).to.equal("the daemon");
    }
  });

  const hostile: readonly (readonly [string, readonly TarMember[]])[] = [
    ["is a symbolic link", [{ name: "flanneld", type: "2", linkTo: "/etc/passwd" }]],
    ["is a hard link", [{ name: "flanneld", type: "1", linkTo: "/etc/passwd" }]],
    ["is a symbolic link", [{ name: "docs", type: "2", linkTo: "/etc" }, DAEMON]],
    ["is a character device", [{ name: "null", type: "3" }, DAEMON]],
    ["is a block device", [{ name: "sda", type: "4" }, DAEMON]],
    ["is a FIFO", [{ name: "flanneld", type: "6" }]],
    ['is of the type "S"', [{ name: "flanneld", type: "S" }]],
    ["is an absolute path", [{ name: "/usr/local/sbin/flanneld", content: "x" }, DAEMON]],
    ["points outside the archive", [{ name: "../flanneld", content: "x" }, DAEMON]],
    ["points outside the archive", [{ name: "a/../../b", content: "x" }, DAEMON]],
    ["points outside the archive", [{ name: "flanneld", prefix: "..", content: "x" }, DAEMON]],
    ["is a directory", [{ name: "flanneld", type: "5" }]],
    ["it contains", [DAEMON, DAEMON]],
    ['overrides "path"', [{ name: "x", type: "x", content: "22 path=../../flanneld\n" }, DAEMON]],
    ['overrides "size"', [{ name: "x", type: "x", content: "12 size=999\n" }, DAEMON]],
    ['overrides "linkpath"', [{ name: "g", type: "g", content: "16 linkpath=/x\n" }, DAEMON]],
    ['of the type "L"', [{ name: "././@LongLink", type: "L", content: "../../flanneld" }, DAEMON]],
    [
      "extended header is too large",
      [{ name: "x", type: "x", content: "x".repeat(70_000) }, DAEMON],
    ],
    ["ends in the middle of an entry", [{ ...DAEMON, sizeBytes: 100_000 }]],
    ["contains no flanneld", [{ name: "flanneld.txt", content: "x" }]],
    ["contains no flanneld", [{ name: "bin/flanneld", content: "x" }]],
    ["contains no flanneld", []],
  ];
  for (const [reason, members] of hostile) {
    it(`refuses an archive where something ${reason}: ${members.map(({ name }) => name).join(", ")}`, async () => {
      expect(await refusal(tarGz(members))).to.include(reason);
      expect(
        readdirSync(directory)
          .sort()
          .filter((name) => !["a.tar.gz", "out"].includes(name)),
      ).to.deep.equal([]);
    });
  }

  it("refuses what is no archive, or a damaged one", async () => {
    const whole = tarGz([DAEMON]);
    expect(await refusal(Buffer.from("not gzip at all"))).to.include("Z_DATA_ERROR");
    expect(await refusal(gzipSync(Buffer.alloc(2000, "no tar")))).to.include("not tar, or damaged");
    expect(await refusal(whole.subarray(0, whole.length - 20))).to.include("Z_BUF_ERROR");
    const flipped = Buffer.from(whole);
    flipped.writeUInt8((flipped.at(-6) ?? 0) ^ 0xff, flipped.length - 6);
    expect(await refusal(flipped)).to.include("Z_DATA_ERROR");
    const header = tarMember(DAEMON);
    header.write("X", 3);
    expect(await refusal(gzipSync(header))).to.include("checksum does not match");
  });

  it("refuses sizes that are binary or nonsense", async () => {
    for (const size of ["\x80\0\0\0\0\0\0\x0f\xff\xff\xff\xff", "99999999999\0", "-0000000001\0"]) {
      const header = tarMember({ name: "flanneld" });
      header.write(size, 124, "latin1");
      header.fill(0x20, 148, 156);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      expect(await refusal(gzipSync(header))).to.include("size is not an octal number");
    }
  });

  it("stops a bomb long before it has unpacked", async () => {
    const bomb = tarGz([{ name: "flanneld", content: Buffer.alloc(64 * 1024 * 1024) }]);
    expect(bomb.length).to.be.lessThan(100_000);
    expect(await refusal(bomb)).to.match(/unpacks to more than \d+ bytes/);
    expect(readFileSync(target).length).to.be.lessThan(bomb.length * 100 + 512 * 1024);
  });

  it("stops at the size limit", async () => {
    const limits = { maxBytes: 4096, maxRatio: 1e6 };
    const large = tarGz([{ name: "flanneld", content: "x".repeat(5000) }]);
    expect(await refusal(large, limits)).to.include("unpacks to more than 4096 bytes");
  });

  it("does not write over a file that is there", async () => {
    writeFileSync(archive, tarGz([DAEMON]));
    writeFileSync(target, "mine");
    const error: unknown = await extractFiles(archive, new Map([["flanneld", target]])).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property("message").that.includes("something is in the way");
    expect(readFileSync(target, "utf8")).to.equal("mine");
  });

  it("gives back any content byte for byte, whatever lies around it", async () => {
    const member = fc.record({
      name: fc
        .stringMatching(/^[a-zA-Z0-9._-]{1,40}$/)
        .filter((name) => !/^\.*$|^flanneld$/.test(name)),
      content: fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 70_000 }),
        fc.array(member, { maxLength: 3 }),
        async (before, content, after) => {
          const wanted = Buffer.from(content);
          await unpack(
            gzipSync(tar([...before, { name: "flanneld", content: wanted }, ...after])),
            {
              maxBytes: 1e9,
              maxRatio: 1e9,
            },
          );
          expect(readFileSync(target).equals(wanted)).to.equal(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  describe("whose compressed data is damaged", () => {
    const noise = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919 * i) % 251));
    const whole = tarGz([{ name: "flanneld", content: noise }]);
    const damaged = (at: number): Buffer => {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
      return bytes;
    };
    const cases: readonly (readonly [string, Buffer])[] = [
      ["cut at half", whole.subarray(0, whole.length / 2)],
      ["cut in its last bytes", whole.subarray(0, -3)],
      ["with a byte that is another", damaged(whole.length >> 1)],
      ["with a wrong checksum", damaged(whole.length - 8)],
      ["with something behind it", Buffer.concat([whole, Buffer.from("<html>")])],
    ];
    for (const [what, bytes] of cases) {
      it(`is refused as what it is, and not as a disk that fails: ${what}`, async () => {
        expect(await refusal(bytes)).to.include("not an archive that this module can unpack");
        expect(await readMembersOf(bytes)).to.have.property("code", "verification");
      });
    }
  });

  const readMembersOf = async (bytes: Buffer): Promise<unknown> => {
    const seen: Buffer[] = [];
    writeFileSync(archive, bytes);
    const collect = async (member: ArchiveMember): Promise<void> => {
      for await (const part of member.content()) seen.push(part);
    };
    const failure = await readMembers(archive, new Map([["flanneld", collect]])).catch(
      (error: unknown) => error,
    );
    return failure ?? Buffer.concat(seen).toString();
  };

  it("can be read without writing anything", async () => {
    const readMe = { name: "README.md", content: "x".repeat(600) };
    expect(await readMembersOf(tarGz([readMe, DAEMON, readMe]))).to.equal("the daemon");
    expect(await readMembersOf(tarGz([readMe]))).to.have.property("code", "verification");
    expect(readdirSync(directory)).to.deep.equal(["a.tar.gz"]);
  });

  it("goes on behind a member that was not read to its end", async () => {
    const glance = async (member: ArchiveMember): Promise<void> => {
      for await (const part of member.content()) if (part.length > 0) return;
    };
    const long = "x".repeat(2_000_000);
    writeFileSync(archive, tarGz([{ name: "a", content: long }, DAEMON]));
    const sizes: number[] = [];
    const measure = (member: ArchiveMember): Promise<void> => {
      sizes.push(member.sizeBytes);
      return Promise.resolve();
    };
    const limits = { maxBytes: 4_000_000, maxRatio: 10_000 };
    await readMembers(
      archive,
      new Map([
        ["a", glance],
        ["flanneld", measure],
      ]),
      limits,
    );
    expect(sizes).to.deep.equal([10]);
  });
});
