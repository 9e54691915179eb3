// Which file is taken in the end, from servers that change it, cut it, mix it or pack it.

import { type IncomingMessage, type ServerResponse } from "node:http";

import { expect } from "chai";

import { ModuleError } from "../../../../src/base/errors";
import { backoffMs } from "../../../../src/host/download/download";
import { digestOf, tryDownload } from "../../../support/download";
import { type Handler, Mirror, answer, firstly, raw, serve } from "../../../support/mirror";

const A = Buffer.alloc(300_000, "the first file, ");
const B = Buffer.alloc(300_000, "another file is here");
const HALF = 150_000;

/** Sends the first half of A under this tag, and is cut then. */
const cutA =
  (heads: Readonly<Record<string, string>> = { ETag: '"a"' }): Handler =>
  (_, response) => {
    response.writeHead(200, { ...heads, "Content-Length": A.length });
    response.write(A.subarray(0, HALF), () => setTimeout(() => response.destroy(), 20));
  };

const offsetOf = ({ headers }: IncomingMessage): number =>
  Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);

/** Sends the rest of a file, whatever If-Range says; with what else may be wrong with it. */
const rest =
  (
    file: Buffer,
    heads: Readonly<Record<string, string>>,
    more: { readonly bytes?: number; readonly total?: string } = {},
  ): Handler =>
  (request, response: ServerResponse) => {
    const from = offsetOf(request);
    if (from === 0) {
      response.writeHead(200, { ...heads, "Content-Length": file.length }).end(file);
      return;
    }
    const part = file.subarray(from, from + (more.bytes ?? file.length));
    const range = `bytes ${from}-${from + part.length - 1}/${more.total ?? String(file.length)}`;
    response.writeHead(206, { ...heads, "Content-Range": range, "Content-Length": part.length });
    response.end(part);
  };

describe("a download", function () {
  this.timeout(20_000);
  const mirror = new Mirror();
  before(() => mirror.start());
  after(() => mirror.close());
  const url = (path = "x"): string => `${mirror.origin}/${path}`;

  describe("that was cut", () => {
    const files: readonly (readonly [string, Handler, Buffer])[] = [
      ["goes on in the same file", firstly(1, cutA(), rest(A, { ETag: '"a"' })), A],
      [
        "takes no rest of another file, though its server ignores If-Range",
        firstly(1, cutA(), rest(B, { ETag: '"b"' })),
        B,
      ],
      ["takes no rest without a tag", firstly(1, cutA(), rest(A, {})), A],
      ["takes no rest with a weak tag", firstly(1, cutA(), rest(A, { ETag: 'W/"a"' })), A],
      [
        "takes no rest of a file of another length",
        firstly(2, firstly(1, cutA(), rest(B, { ETag: '"a"' }, { total: "300100" })), rest(B, {})),
        B,
      ],
      [
        "takes no more than its range says",
        firstly(
          2,
          firstly(1, cutA(), (request, response) => {
            const from = offsetOf(request);
            const range = `bytes ${from}-${from + 9}/${A.length}`;
            response.writeHead(206, {
              ETag: '"a"',
              "Content-Range": range,
              "Content-Length": 5000,
            });
            response.end(B.subarray(0, 5000));
          }),
          rest(A, { ETag: '"a"' }),
        ),
        A,
      ],
    ];
    for (const [what, handler, expected] of files) {
      it(what, async () => {
        mirror.behave(handler);
        const { content, message } = await tryDownload({
          urls: [url()],
          settings: { retries: 3 },
        });
        expect(message).to.equal("");
        expect(content?.equals(expected)).to.equal(true);
      });
    }

    it("goes on by a date only when that had settled", async () => {
      const modified = "Mon, 02 Nov 2026 10:00:00 GMT";
      for (const [date, ranges] of [
        ["Mon, 02 Nov 2026 10:00:00 GMT", 0],
        ["Mon, 02 Nov 2026 10:00:05 GMT", 1],
      ] as const) {
        const heads = { "Last-Modified": modified, Date: date };
        mirror.behave(firstly(1, cutA(heads), rest(A, heads)));
        const { content } = await tryDownload({ urls: [url()], settings: { retries: 1 } });
        expect(content?.equals(A)).to.equal(true);
        expect(mirror.seen.filter(({ headers }) => headers["range"]).length).to.equal(ranges);
      }
    });

    it("goes on after a part that was shorter than was asked for, without a new attempt", async () => {
      mirror.behave(firstly(1, cutA(), rest(A, { ETag: '"a"' }, { bytes: 60_000 })));
      const { content, download } = await tryDownload({ urls: [url()], settings: { retries: 1 } });
      expect(content?.equals(A)).to.equal(true);
      expect(download).to.include({ attempts: 2 });
      expect(mirror.seen).to.have.length(4);
    });

    it("does not go on for ever with crumbs", async () => {
      mirror.behave(firstly(1, cutA(), rest(A, { ETag: '"a"' }, { bytes: 10 })));
      const { message } = await tryDownload({ urls: [url()], settings: { retries: 3 } });
      expect(message).to.include("was cut off after 150").and.include("(4 attempts)");
    });

    it("is fetched once more as a whole when its parts make another file", async () => {
      // The same tag for two files: a server that has it from the name, or a cache between.
      mirror.behave(firstly(1, cutA(), rest(B, { ETag: '"a"' })));
      const { content, download, message } = await tryDownload({
        urls: [url()],
        wanted: { digest: digestOf(B) },
        settings: { retries: 1 },
      });
      expect(message).to.equal("");
      expect(content?.equals(B)).to.equal(true);
      expect(download).to.include({ attempts: 3 });
    });

    it("is fetched as a whole only once more", async () => {
      mirror.behave((request, response) => {
        (offsetOf(request) === 0 ? cutA() : rest(B, { ETag: '"a"' }))(request, response);
      });
      const { message } = await tryDownload({
        urls: [url()],
        wanted: { digest: digestOf(B) },
        settings: { retries: 5 },
      });
      expect(message).to.include("the SHA-256 of its 300000 bytes is");
      expect(mirror.seen).to.have.length(4);
    });

    it("is tried again when nothing told that it ended too early", async () => {
      const short = raw("HTTP/1.1 200 OK\r\n\r\n", A.subarray(0, HALF));
      mirror.behave(firstly(2, short, serve(A)));
      const { content } = await tryDownload({
        urls: [url()],
        wanted: { digest: digestOf(A) },
        settings: { retries: 2 },
      });
      expect(content?.equals(A)).to.equal(true);
    });
  });

  describe("with more than one address", () => {
    const only = (good: Buffer) => ({
      check: ({ sha256 }: { sha256: string }): Promise<void> =>
        sha256 === digestOf(good).hex
          ? Promise.resolve()
          : Promise.reject(new ModuleError("verification", "somewhere: is another file")),
    });

    it("takes the first whose file passes the last look", async () => {
      mirror.behave((request, response) => {
        serve(request.url === "/good" ? A : B)(request, response);
      });
      const { content, download } = await tryDownload({
        urls: [url("bad"), url("good"), url("never")],
        wanted: only(A),
        settings: { retries: 3 },
      });
      expect(content?.equals(A)).to.equal(true);
      expect(download).to.include({ source: url("good"), attempts: 2 });
    });

    it("ends the search at once where this host is to blame", async () => {
      mirror.behave(serve(A));
      const failure = new ModuleError("host", "programs cannot be run there");
      const { error } = await tryDownload({
        urls: [url("one"), url("two")],
        wanted: { check: () => Promise.reject(failure) },
      });
      expect(error).to.equal(failure);
      expect(mirror.seen).to.have.length(1);
    });
  });

  describe("in time", () => {
    it("is given up at the deadline, however well it goes on", async () => {
      mirror.behave((_, response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(40_000)), 20);
        response.on("close", () => {
          clearInterval(timer);
        });
        response.writeHead(200, { "Content-Length": 14_000_000 });
      });
      const begun = Date.now();
      const { message, error } = await tryDownload({
        urls: [url("one"), url("two")],
        settings: { deadlineMs: 500, retries: 3 },
      });
      expect(Date.now() - begun).to.be.within(450, 3000);
      expect(error).to.include({ code: "timeout" });
      expect(message)
        .to.match(/\/one: \d+ of 14000000 bytes when the deadline passed/)
        .and.match(/; gave up at the deadline of 0.5 s$/);
      expect(mirror.seen).to.have.length(1);
    });

    it("does not wait longer than the deadline lets it, and tries the next address", async () => {
      mirror.behave((request, response) => {
        const busy = answer(503, { "Retry-After": "3600" });
        (request.url === "/busy" ? busy : serve(A))(request, response);
      });
      const { content, waitsMs } = await tryDownload({
        urls: [url("busy"), url("good")],
        settings: { retries: 3 },
      });
      expect(content?.equals(A)).to.equal(true);
      expect(waitsMs).to.deep.equal([]);
    });

    it("waits as long as the server asks for, by number or date", async () => {
      const date = new Date(Date.now() + 5000).toUTCString();
      for (const [value, lowest, highest] of [
        ["45", 45_000, 45_000],
        [date, 3000, 5000],
        ["soon", 500, 500],
        ["-5", 500, 500],
        ["Mon, 02 Nov 2015 10:00:00 GMT", 0, 0],
      ] as const) {
        mirror.behave(firstly(1, answer(429, { "Retry-After": value }), serve(A)));
        const { waitsMs } = await tryDownload({ urls: [url()], settings: { retries: 1 } });
        expect(waitsMs).to.have.length(1);
        expect(waitsMs[0]).to.be.within(lowest, highest);
      }
    });

    it("waits longer from one attempt to the next, at most half a minute", () => {
      expect([1, 2, 3, 9].map((attempt) => backoffMs(attempt, undefined))).to.deep.equal([
        500, 1000, 2000, 30_000,
      ]);
    });
  });

  it("that was packed against its wish says so", async () => {
    mirror.behave((_, response) => {
      const heads = { "Content-Encoding": "gzip", "Content-Length": B.length };
      response.writeHead(200, heads).end(B);
    });
    const { message } = await tryDownload({ urls: [url()], wanted: { digest: digestOf(A) } });
    expect(message).to.include("(the server compressed it: Content-Encoding: gzip)");
  });

  it("has no fear of a long head", async () => {
    mirror.behave((_, response) => {
      response.setHeader("Content-Security-Policy", "x ".repeat(30_000));
      response.writeHead(200, { "Content-Length": A.length }).end(A);
    });
    expect((await tryDownload({ urls: [url()] })).content?.equals(A)).to.equal(true);
  });

  it("sees a login page in a circle of redirects with cookies", async () => {
    mirror.behave(answer(302, { Location: "/again", "Set-Cookie": "a=b" }));
    const { message } = await tryDownload({ urls: [url()] });
    expect(message).to.include("sets cookies on the way: a login page?");
  });

  for (const path of ["/dev/zero", "/", "/no/such/file"]) {
    it(`of ${path} ends at once`, async () => {
      const { error, message } = await tryDownload({ urls: [`file://${path}`] });
      expect(error).to.include({ code: "not_found" });
      expect(message).to.include(`cannot take the file: file://${path}: cannot be read (`);
    });
  }
});
