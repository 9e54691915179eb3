// Archives of every kind that is none of a release: nothing of them leaves the one place that was asked
// for, and each is refused for what is wrong with it.

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";

import { expect } from "chai";

import { extractFiles } from "../../../src/host/archive";
import { type TarMember, tar, tarGz, tarMember } from "../../support/tar";

const DAEMON: TarMember = { name: "flanneld", content: "the daemon" };
const END = Buffer.alloc(1024);
const ZEROS = Buffer.alloc(64 * 1024 * 1024);

/** The daemon behind one other member. */
const behind = (member: TarMember): Buffer => tarGz([member, DAEMON]);
const named = (name: string): Buffer => behind({ name, content: "x" });
const typed = (type: string): Buffer => behind({ name: "other", type });
const extended = (type: string, content: string): Buffer => behind({ name: "e", type, content });
const record = (text: string): string => {
  const length = Buffer.byteLength(text) + 2;
  return `${length + String(length + 1).length} ${text}\n`;
};
/** The daemon with bytes of its header changed, and a checksum that fits. */
const patched = (text: string, offset: number, content = "the daemon"): Buffer => {
  const member = tarMember({ ...DAEMON, content });
  member.write(text, offset, "latin1");
  member.fill(0x20, 148, 156);
  const sum = member.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  member.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return gzipSync(Buffer.concat([member, END]));
};
const bytes = (hex: string): Buffer => Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(600)]);
const many = (count: number): TarMember[] =>
  Array.from({ length: count }, (_, index) => ({ name: `docs/${index}`, content: "" }));

type Case = readonly [what: string, archive: () => Buffer, refusal?: RegExp];

const KINDS: readonly Case[] = [
  ["a tar that nobody compressed", () => tar([DAEMON]), /compressed data is damaged/],
  ["a zip", () => bytes("504b0304140000000800"), /compressed data is damaged/],
  ["an xz", () => bytes("fd377a585a000004"), /compressed data is damaged/],
  ["a bzip2", () => bytes("425a683931415926"), /compressed data is damaged/],
  ["a zstd", () => bytes("28b52ffd2400"), /compressed data is damaged/],
  ["a zlib stream", () => deflateSync(tar([DAEMON])), /compressed data is damaged/],
  ["a compression that gzip has not", () => bytes("1f8b0700"), /compressed data is damaged/],
  ["flags that gzip has not", () => bytes("1f8b08e0"), /compressed data is damaged/],
  ["nothing but a gzip header", () => bytes("1f8b08").subarray(0, 10), /damaged|in the middle/],
  ["an empty file", () => Buffer.alloc(0), /in the middle|damaged/],
  ["a gzip of nothing", () => gzipSync(""), /in the middle/],
  ["a gzip of a program", () => gzipSync(`\x7fELF${"x".repeat(600)}`), /checksum/],
  ["a gzip in a gzip", () => gzipSync(tarGz(many(100).concat(DAEMON))), /checksum|middle/],
  ["two gzip members", () => Buffer.concat([gzipSync(tarMember(DAEMON)), gzipSync(END)])],
  ["a second gzip of another tar", () => Buffer.concat([tarGz([DAEMON]), tarGz([DAEMON])])],
  ["a second tar behind the first", () => gzipSync(Buffer.concat([tar([DAEMON]), tar([DAEMON])]))],
  ["no end mark", () => gzipSync(tarMember(DAEMON)), /in the middle/],
  [
    "an end mark of one block",
    () => gzipSync(Buffer.concat([tarMember(DAEMON), END.subarray(512)])),
  ],
  ["an end mark alone", () => tarGz([]), /contains no flanneld/],
];

const TYPES: readonly Case[] = [
  ["a hard link", () => typed("1"), /is a hard link/],
  ["a symbolic link", () => typed("2"), /is a symbolic link/],
  [
    "a link that the daemon follows",
    () => behind({ name: "flanneld", type: "2", linkTo: "/x" }),
    /link/,
  ],
  ["a character device", () => typed("3"), /is a character device/],
  ["a block device", () => typed("4"), /is a block device/],
  ["a FIFO", () => typed("6"), /is a FIFO/],
  ["a contiguous file", () => typed("7"), /of the type "7"/],
  ["a sparse file", () => typed("S"), /of the type "S"/],
  ["a long name", () => typed("L"), /of the type "L"/],
  ["a long link", () => typed("K"), /of the type "K"/],
  ["the label of a volume", () => typed("V"), /of the type "V"/],
  ["the rest of another volume", () => typed("M"), /of the type "M"/],
  ["a list of a directory", () => typed("D"), /of the type "D"/],
  ["an access list", () => typed("A"), /of the type "A"/],
  ["an extended header of Solaris", () => typed("X"), /of the type "X"/],
  ["a type that is no letter", () => typed("\xff"), /of the type/],
  ["a directory with its name", () => tarGz([{ name: "flanneld", type: "5" }]), /is a directory/],
];

const NAMES: readonly Case[] = [
  ["an absolute path", () => named("/etc/cron.d/x"), /absolute path/],
  ["an absolute path with its name", () => named("/flanneld"), /absolute path/],
  ["two slashes before its name", () => named("//flanneld"), /absolute path/],
  ["a way out", () => named("../x"), /points outside/],
  ["a way out at the end", () => named("docs/.."), /points outside/],
  ["a way out through a directory", () => named("docs/../../x"), /points outside/],
  ["a way out behind a dot", () => named("./../x"), /points outside/],
  ["a way out in the prefix", () => behind({ name: "x", prefix: "../.." }), /points outside/],
  ["an absolute prefix", () => behind({ name: "x", prefix: "/etc" }), /absolute path/],
  ["a directory that leads out", () => behind({ name: "../", type: "5" }), /points outside/],
  ["its name twice", () => behind(DAEMON), /it contains ".*" twice/],
  [
    "its name in two spellings",
    () => behind({ ...DAEMON, name: "./flanneld" }),
    /it contains ".*" twice/,
  ],
  ["its name in capitals", () => tarGz([{ ...DAEMON, name: "FLANNELD" }]), /contains no flanneld/],
  ["its name and a space", () => tarGz([{ ...DAEMON, name: "flanneld " }]), /contains no flanneld/],
  ["its name in a directory", () => tarGz([{ ...DAEMON, name: "a/flanneld" }]), /contains no/],
  ["its name and more behind a NUL", () => tarGz([{ ...DAEMON, name: "flanneld\0/../x" }])],
  ["backslashes", () => named("..\\..\\x")],
  ["an escape sequence", () => named("/\x1b[2J"), /"\/\\u001b\[2J" is an absolute path/],
  ["a line end", () => named("x\n/etc/passwd")],
  ["a hundred characters", () => named("n".repeat(100))],
  ["no name", () => named("")],
];

const HEADERS: readonly Case[] = [
  ["another path in an extended header", () => extended("x", record("path=../x")), /"path"/],
  ["another path for all", () => extended("g", record("path=/etc/x")), /overrides "path"/],
  ["another link", () => extended("x", record("linkpath=/etc")), /overrides "linkpath"/],
  ["another size", () => extended("x", record("size=1")), /overrides "size"/],
  ["a sparse size", () => extended("x", record("GNU.sparse.realsize=9")), /"GNU.sparse/],
  ["a sparse name", () => extended("x", record("GNU.sparse.name=/x")), /"GNU.sparse.name"/],
  [
    "a path behind a comment",
    () => extended("x", record("comment=a") + record("path=x")),
    /"path"/,
  ],
  ["an extended header of 70 KB", () => extended("x", "x".repeat(70_000)), /is too large/],
  ["times in an extended header", () => extended("x", record("mtime=1.5"))],
  ["an extended header of garbage", () => extended("x", "\xff\0 no record")],
  ["a set-id mode and odd owners", () => patched("0006777\x007777777\x007777777\0", 100)],
  ["a time that is none", () => patched("never never", 136)],
  ["a size in spaces", () => patched("           \0", 124), /size is not an octal/],
  ["a size that is negative", () => patched("-0000000001\0", 124), /size is not an octal/],
  ["a size in hexadecimal", () => patched("0x000000000a", 124), /size is not an octal/],
  ["a size in binary", () => patched("\x80\0\0\0\0\0\0\0\0\0\0\x0a", 124), /not an octal/],
  ["a size in 9s", () => patched("00000000009\0", 124), /size is not an octal/],
  ["a size of eight gigabytes", () => patched("77777777777\0", 124), /in the middle/],
  ["a size that is one block more", () => patched("00000004000\0", 124), /in the middle/],
  ["a size of nothing before content", () => patched("00000000000\0", 124), /checksum/],
  [
    "a checksum that is another",
    () => {
      const member = tarMember(DAEMON);
      member.write("X", 5);
      return gzipSync(member);
    },
    /checksum does not match/,
  ],
  [
    "a checksum of nothing",
    () => {
      const member = tarMember(DAEMON);
      member.fill(0, 148, 156);
      return gzipSync(member);
    },
    /checksum is not an octal/,
  ],
];

const BOMBS: readonly Case[] = [
  ["zeros in the daemon", () => tarGz([{ name: "flanneld", content: ZEROS }]), /unpacks to more/],
  ["zeros in something else", () => behind({ name: "x", content: ZEROS }), /unpacks to more/],
  [
    "zeros behind the end",
    () => gzipSync(Buffer.concat([tar([DAEMON]), ZEROS])),
    /unpacks to more/,
  ],
  [
    "an extended header without end",
    () => behind({ name: "e", type: "x", content: ZEROS }),
    /too large/,
  ],
  ["thirty thousand empty files, which are none", () => tarGz([...many(30_000), DAEMON])],
];

describe("a hostile archive", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hostile-archive-"));
    mkdirSync(join(root, "out"));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const cases = [...KINDS, ...TYPES, ...NAMES, ...HEADERS, ...BOMBS];
  it(`is tried in at least 51 ways: ${cases.length}`, () => {
    expect(cases.length).to.be.at.least(51);
    expect(new Set(cases.map(([what]) => what)).size).to.equal(cases.length);
  });

  const everything = (): readonly string[] => [
    ...readdirSync(root),
    ...readdirSync(join(root, "out")),
  ];
  for (const [what, archive, refusal] of cases) {
    it(`${refusal === undefined ? "has harmless oddities" : "is refused"}: ${what}`, async () => {
      const path = join(root, "a.tar.gz");
      const target = join(root, "out", "flanneld");
      writeFileSync(path, archive());
      const begun = Date.now();
      const error: unknown = await extractFiles(path, new Map([["flanneld", target]])).catch(
        (reason: unknown) => reason,
      );
      expect(Date.now() - begun).to.be.below(2000);
      if (refusal === undefined) {
        expect(error).to.equal(undefined);
        expect(readFileSync(target, "utf8")).to.equal("the daemon");
        expect(statSync(target).mode & 0o7777).to.equal(0o600);
      } else {
        expect(error).to.have.property("code", "verification");
        expect(error).to.have.property("message").that.matches(refusal).and.includes(path);
      }
      expect(
        everything()
          .filter((name) => name !== "flanneld")
          .sort(),
      ).to.deep.equal(["a.tar.gz", "out"]);
    });
  }
});
