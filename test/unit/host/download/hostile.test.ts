// A server that says whatever a server can say. Only the whole right file is ever taken, with no
// checksum to help: everything else ends in an error of its own, in time.

import { type AddressInfo, type Socket, createServer } from "node:net";
import { once } from "node:events";

import { expect } from "chai";

import { tryDownload } from "../../../support/download";

const FILE = Buffer.from(`\x7fELF${"flanneld ".repeat(20_000)}`, "latin1");
const N = FILE.length;

/** What is sent as an answer, piece by piece; the connection is then ended, unless it says "keep". */
type Script = readonly (Buffer | string)[];

const head = (status: string, ...fields: string[]): string =>
  [`HTTP/1.1 ${status}`, ...fields, "", ""].join("\r\n");
const ok = (...fields: string[]): string => head("200 OK", ...fields);
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const redirect = (...fields: string[]): Script => [
  head("302 Found", ...fields, "Content-Length: 0"),
];
const CHUNKED = "Transfer-Encoding: chunked";
const LENGTH = `Content-Length: ${N}`;

const taken: readonly (readonly [string, Script])[] = [
  ["with its length", [ok(LENGTH), FILE]],
  ["in HTTP/1.0 with its length", [`HTTP/1.0 200 OK\r\n${LENGTH}\r\n\r\n`, FILE]],
  ["in HTTP/1.0 up to the end", ["HTTP/1.0 200 OK\r\n\r\n", FILE]],
  [
    "in chunks",
    [ok(CHUNKED), chunk(FILE.subarray(0, 999)), chunk(FILE.subarray(999)), "0\r\n\r\n"],
  ],
  ["in chunks with a trailer", [ok(CHUNKED), chunk(FILE), "0\r\nX-Sum: 1\r\n\r\n"]],
  ["on a connection that stays open", [ok(LENGTH, "Connection: keep-alive"), FILE, "keep"]],
  [
    "behind answers that only promise one",
    [head("103 Early Hints", "Link: </x>"), ok(LENGTH), FILE],
  ],
  ["with more behind it", [ok(LENGTH), FILE, "GARBAGE"]],
  ["with a reason in no language", [`HTTP/1.1 200 \xff\xfe\r\n${LENGTH}\r\n\r\n`, FILE]],
];

const refused: readonly (readonly [string, Script, RegExp])[] = [
  ["an empty answer", [""], /connection was cut/],
  ["half a head", ["HTTP/1.1 200 OK\r\nContent-Le"], /cut|not HTTP/],
  ["HTTP/0.9", [FILE], /not HTTP/],
  ["the preface of HTTP/2", ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], /not HTTP/],
  ["a radio station", ["ICY 200 OK\r\n\r\n", FILE], /not HTTP/],
  ["a mail server", ["220 mail.example ESMTP\r\n"], /not HTTP/],
  [
    "another protocol",
    [head("101 Switching Protocols", "Upgrade: x", "Connection: Upgrade")],
    /cut|101|no answer/,
  ],
  ["half of the promised file", [ok(LENGTH), FILE.subarray(0, N / 2)], /was cut off after \d+ of/],
  ["one byte less than promised", [ok(`Content-Length: ${N + 1}`), FILE], /was cut off after/],
  ["half in chunks", [ok(CHUNKED), chunk(FILE).subarray(0, N / 2)], /was cut off after/],
  ["chunks without the last one", [ok(CHUNKED), chunk(FILE)], /was cut off after/],
  ["chunks with a bad end", [ok(CHUNKED), chunk(FILE), "zz\r\n"], /was cut off after/],
  ["a chunk that is too long", [ok(CHUNKED), "fffffffff\r\n", FILE], /was cut off after/],
  ["chunks and a length", [ok(CHUNKED, LENGTH), chunk(FILE), "0\r\n\r\n"], /not HTTP/],
  ["two lengths", [ok(LENGTH, "Content-Length: 5"), FILE], /not HTTP/],
  ["a negative length", [ok("Content-Length: -5"), FILE], /not HTTP/],
  ["a length in words", [ok("Content-Length: many"), FILE], /not HTTP/],
  ["too long a length", [ok("Content-Length: 99999999999"), FILE], /larger than/],
  ["a length of nothing", [ok("Content-Length: 0")], /is nothing/],
  ["a page", [ok("Content-Length: 6"), "<html>"], /is nothing/],
  ["a head without end", [ok(`X: ${"y".repeat(400_000)}`)], /not HTTP/],
  ["a head that stops", ["HTTP/1.1 200 OK\r\n", "keep"], /no answer within/],
  ["a file that stops", [ok(LENGTH), FILE.subarray(0, 999), "keep"], /stalled after 999/],
  ["only promises", [head("103 Early Hints"), head("102 Processing"), "keep"], /no answer within/],
  ...["203 Other", "204 No Content", "206 Partial", "226 IM Used", "300 Multiple", "304 Same"].map(
    (status) => [`${status} for an answer`, [head(status, LENGTH), FILE], /HTTP [23]\d\d/] as const,
  ),
  ...["400 Bad", "401 Who", "403 No", "404 None", "410 Gone", "416 Range", "451 Law"].map(
    (status) => [`${status} for an answer`, [head(status, LENGTH), FILE], /HTTP 4\d\d/] as const,
  ),
  ...["500 Oops", "502 Bad", "503 Busy", "504 Late"].map(
    (status) => [`${status} for an answer`, [head(status, LENGTH), FILE], /HTTP 50\d/] as const,
  ),
  ["a circle", redirect("Location: /again"), /more than 10 redirects/],
  ["a way to a file", redirect("Location: file:///etc/passwd"), /is not followed/],
  ["a way to FTP", redirect("Location: ftp://m/x"), /is not followed/],
  ["a way to its own text", redirect("Location: data:,x"), /is not followed/],
  ["a way to nowhere", redirect(), /HTTP 302/],
  ["an empty way", redirect("Location:"), /HTTP 302|more than 10/],
  ["a way that is no URL", redirect("Location: http://["), /not a URL/],
  ["a way with spaces", redirect("Location: /a b"), /more than 10 redirects/],
  ["two ways", redirect("Location: /a", "Location: /b"), /more than 10 redirects/],
];

describe("a download from a hostile server", function () {
  this.timeout(20_000);
  let script: Script = [];
  let open: Socket[] = [];
  const server = createServer((socket) => {
    open.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => {
      for (const part of script) if (part !== "keep") socket.write(part, "latin1");
      if (!script.includes("keep")) socket.end();
    });
  });
  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    for (const socket of open) socket.destroy();
    open = [];
  });
  after(() => {
    server.close();
  });

  const download = (answer: Script) => {
    script = answer;
    const { port } = server.address() as AddressInfo;
    const isFile = (start: Buffer): boolean => start.subarray(1, 4).toString() === "ELF";
    return tryDownload({
      urls: [`http://127.0.0.1:${port}/x`],
      wanted: { rejectHead: (start) => (isFile(start) ? undefined : "is nothing") },
      settings: { timeoutMs: 300 },
    });
  };

  it(`is tried in at least 42 ways: ${taken.length + refused.length}`, () => {
    expect(taken.length + refused.length).to.be.at.least(42);
  });

  for (const [what, answer] of taken) {
    it(`takes the file ${what}`, async () => {
      const { content, message } = await download(answer);
      expect(message).to.equal("");
      expect(content?.equals(FILE)).to.equal(true);
    });
  }

  for (const [what, answer, reason] of refused) {
    it(`takes nothing from ${what}`, async () => {
      const begun = Date.now();
      const { download: file, message } = await download(answer);
      expect(file).to.equal(undefined);
      expect(message).to.match(reason);
      expect(Date.now() - begun).to.be.below(5000);
    });
  }
});
