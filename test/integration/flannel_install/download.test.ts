// Downloads from a server that misbehaves in every way it can; nothing is ever replaced by less
// than the whole right file, and every way to fail has its own message.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect } from "chai";

import { type Result, Target, sha256 } from "../../support/flannel-install";
import { type Handler, Mirror, answer, begin, firstly, raw, serve } from "../../support/mirror";
import { tarGz } from "../../support/tar";
import { elfOf, tinyProgram } from "../../support/tiny-program";

const PROGRAM = tinyProgram("v0.28.9", 300_000);
const OLD = tinyProgram("v0.16.1");
const HTML = "<!DOCTYPE html><html><body>Please log in</body></html>";

describe("flannel_install: downloading", function () {
  this.timeout(60_000);
  let mirror: Mirror;
  let target: Target;

  before(async () => {
    mirror = new Mirror();
    await mirror.start();
  });
  beforeEach(() => {
    target = new Target();
    putOld();
  });
  afterEach(() => {
    target.remove();
  });
  after(async () => {
    await mirror.close();
  });

  const putOld = (): void => {
    mkdirSync(target.bin, { recursive: true });
    writeFileSync(target.binary, OLD, { mode: 0o750 });
  };
  const url = (path = "{version}/{asset}"): string => `${mirror.origin}/${path}`;
  const download = (options: Result = {}): Promise<Result> =>
    target.run({ version: "v0.28.9", url: url(), timeout: 1, ...options });

  const succeeds = (result: Result): void => {
    expect(result["msg"]).to.equal(undefined);
    expect(result).to.include({ changed: true, version: "v0.28.9" });
    expect(readFileSync(target.binary).equals(PROGRAM)).to.equal(true);
    // What a list has said is written down.
    const names = readdirSync(target.bin).filter((name) => name !== ".flanneld.origin.json");
    const [kept, ...others] = names.sort();
    // Where another file is declared, the old one is not run for its version.
    expect(kept).to.match(/^\.flanneld\.previous-(v0\.16\.1|unknown\.[0-9a-f]{12})$/);
    expect(others).to.deep.equal(["flanneld"]);
  };

  it("takes the file, and tells how much it was, from where, and in what time", async () => {
    mirror.behave(serve(PROGRAM));
    const result = await download();
    succeeds(result);
    expect(result).to.include({
      source: `${mirror.origin}/v0.28.9/flanneld-amd64`.replace("amd64", String(result["arch"])),
      bytes: PROGRAM.length,
      sha256: sha256(PROGRAM),
      attempts: 1,
      verified: false,
    });
    expect(result["elapsed_ms"]).to.be.within(1, 10_000);
    expect(mirror.seen).to.have.length(1);
  });

  const failures: readonly (readonly [string, Handler, string, RegExp, Result?])[] = [
    ["404", answer(404), "not_found", /HTTP 404: there is no such file, check version, arch/],
    ["403", answer(403), "refused", /HTTP 403: the server refused/],
    ["401", answer(401), "auth", /HTTP 401: the server wants credentials/],
    ["418", answer(418), "refused", /HTTP 418: the server did not serve the file/],
    ["500", answer(500), "network", /HTTP 500: the server had an internal error/],
    ["304", answer(304), "refused", /HTTP 304/],
    ["no content", answer(200), "verification", /is empty/],
    ["HTML", answer(200, {}, HTML), "verification", /is an HTML page, not the file/],
    ["other text", answer(200, {}, "version: 1"), "verification", /begins with "version: 1"/],
    ["a stall before the answer", () => undefined, "timeout", /no answer within 1 s/],
    [
      "a stall at half",
      begin(PROGRAM, 150_000, "stall"),
      "timeout",
      /stalled after 150000 of \d+ bytes/,
    ],
    [
      "a cut at half",
      begin(PROGRAM, 150_000, "cut"),
      "network",
      /was cut off after \d+ of \d+ bytes/,
    ],
    ["a closed connection", ({ socket }) => socket.destroy(), "network", /the connection was cut/],
    ["no HTTP", raw("220 mail.example ESMTP\r\n"), "network", /the answer is not HTTP/],
    [
      "fewer bytes than promised",
      raw(`HTTP/1.1 200 OK\r\nContent-Length: ${PROGRAM.length + 1}\r\n\r\n`, PROGRAM),
      "network",
      new RegExp(`was cut off after \\d+ of ${PROGRAM.length + 1} bytes`),
    ],
    [
      "more bytes than promised",
      raw(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n`, PROGRAM),
      "verification",
      /the program is cut short: 100000 of at least \d+ bytes/,
    ],
    [
      "a cut without a promised length",
      raw("HTTP/1.1 200 OK\r\n\r\n", PROGRAM.subarray(0, 200_000)),
      "verification",
      /the program is cut short: 200000 of at least \d+ bytes/,
    ],
    [
      "a promise of too much",
      raw(`HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n`, PROGRAM),
      "verification",
      /is larger than \d+ bytes, which no release of flannel is/,
    ],
    [
      "a redirect in a circle",
      answer(302, { Location: "/x" }),
      "network",
      /more than 10 redirects/,
    ],
    [
      "a redirect to a file",
      answer(302, { Location: "file:///etc/passwd" }),
      "refused",
      /redirects to file/,
    ],
    ["a redirect to nonsense", answer(302, { Location: "http://[" }), "network", /not a URL/],
    ["a redirect to nowhere", answer(302), "refused", /HTTP 302/],
    [
      "another file than declared",
      serve(PROGRAM),
      "verification",
      /the SHA-256 of its \d+ bytes is/,
      {
        checksum: `sha256:${"0".repeat(64)}`,
      },
    ],
    [
      "a program for another CPU",
      serve(elfOf("ppc64le")),
      "verification",
      /this is a binary for ppc64le, the host is/,
    ],
    ["a program for an unknown CPU", serve(foreign()), "verification", /a CPU with ELF number 99/],
    [
      "another version",
      serve(tinyProgram("v0.27.0")),
      "verification",
      /is flanneld v0.27.0, version asks for v0.28.9/,
    ],
    [
      "a program that tells nothing",
      serve(tinyProgram("usage: ...")),
      "verification",
      /does not report its version.*exits 0 and prints "usage/,
    ],
    ["a program that fails", serve(tinyProgram("v0.28.9", 0, 3)), "verification", /exits 3/],
    [
      "an archive without flanneld",
      serve(tarGz([{ name: "README" }])),
      "verification",
      /contains no flanneld/,
    ],
    [
      "a hostile archive",
      serve(tarGz([{ name: "flanneld", type: "2", linkTo: "/bin/sh" }])),
      "verification",
      /is a symbolic link/,
    ],
    [
      "an archive of a script",
      serve(tarGz([{ name: "flanneld", content: "#!/bin/sh\necho v0.28.9 >&2" }])),
      "verification",
      /is not a program/,
    ],
    [
      "a bare binary, not the archive",
      serve(PROGRAM),
      "verification",
      /mk_docker_opts needs the tar.gz/,
      { mk_docker_opts: true },
    ],
  ];
  for (const [what, handler, code, message, options] of failures) {
    it(`fails with a message of its own at ${what}, and changes nothing`, async () => {
      mirror.behave(handler);
      const before = target.snapshot().slice(2); // directories change their time
      const result = await download(options);
      expect(result).to.include({ failed: true, changed: false, error_code: code });
      expect(result["msg"]).to.match(message);
      expect(target.snapshot().slice(2)).to.deep.equal(before);
    });
  }

  it("stops an endless file at the limit", async function () {
    const chunk = Buffer.alloc(4 * 1024 * 1024);
    mirror.behave((_, response) => {
      response.writeHead(200);
      response.write(PROGRAM);
      const more = (): void => {
        while (response.write(chunk));
      };
      response.on("drain", more);
      more();
    });
    const result = await download({ timeout: 20 });
    expect(result["msg"]).to.match(/is larger than \d+ bytes/);
    expect(readdirSync(target.bin)).to.deep.equal(["flanneld"]);
  });

  it("does not wait for a server that drips", async () => {
    mirror.behave((_, response) => {
      response.writeHead(200);
      response.write(PROGRAM.subarray(0, 1000));
      const timer = setInterval(() => response.write("x"), 50);
      response.on("close", () => {
        clearInterval(timer);
      });
    });
    const begun = Date.now();
    expect((await download())["msg"]).to.match(/stalled after \d+ bytes/);
    expect(Date.now() - begun).to.be.lessThan(5000);
  });

  it("reports a port where nobody listens", async () => {
    const result = await download({ url: "http://127.0.0.1:1/x" });
    expect(result).to.include({ error_code: "network" });
    expect(result["msg"]).to.include("http://127.0.0.1:1/x: connection refused");
  });

  it("reports a name that does not exist", async () => {
    const result = await download({ url: "http://no-such-host.invalid/x" });
    expect(result["error_code"]).to.equal("network");
    expect(result["msg"]).to.match(/no-such-host.invalid\/x: (DNS|no connection)/);
  });

  describe("again", () => {
    it("what may pass: a 503, with the wait that the server asks for", async () => {
      mirror.behave(firstly(1, answer(503, { "Retry-After": "1" }), serve(PROGRAM)));
      const begun = Date.now();
      const result = await download({ retries: 1 });
      succeeds(result);
      expect(result).to.include({ attempts: 2 });
      expect(Date.now() - begun).to.be.greaterThan(1000);
    });

    it("not what will not: a 404", async () => {
      mirror.behave(answer(404));
      await download({ retries: 3 });
      expect(mirror.seen).to.have.length(1);
    });

    it("a bounded number of times, which it tells", async () => {
      mirror.behave(answer(500));
      const result = await download({ retries: 2 });
      expect(mirror.seen).to.have.length(3);
      expect(result["msg"]).to.match(/HTTP 500.*\(3 attempts\)$/);
    });

    it("from where it was cut", async () => {
      const whole = serve(PROGRAM);
      mirror.behave((request, response) => {
        if (request.headers.range !== undefined) whole(request, response);
        else {
          const etag = `"${sha256(PROGRAM).slice(0, 16)}"`;
          response.writeHead(200, { "Content-Length": PROGRAM.length, ETag: etag });
          response.write(PROGRAM.subarray(0, 200_000), () => response.destroy());
        }
      });
      const result = await download({ retries: 1 });
      succeeds(result);
      expect(mirror.seen[1]?.headers["range"]).to.match(/^bytes=[1-9]\d*-$/);
      expect(result).to.include({ bytes: PROGRAM.length, sha256: sha256(PROGRAM) });
    });

    it("from where it was cut, twice", async () => {
      mirror.behave(firstly(2, begin(PROGRAM, 100_000, "cut"), begin(PROGRAM, 300_000, "cut")));
      succeeds(await download({ retries: 2, checksum: `sha256:${sha256(PROGRAM)}` }));
      const offsets = mirror.seen.map(({ headers }) => Number(headers["range"]?.slice(6, -1)));
      expect(offsets[1]).to.be.within(1, 100_000);
      expect(offsets[2]).to.be.greaterThan(offsets[1] ?? 0);
    });

    it("from the beginning where the server cannot go on", async () => {
      mirror.behave(firstly(1, begin(PROGRAM, 100_000, "cut"), serve(PROGRAM, { ranges: false })));
      succeeds(await download({ retries: 1 }));
    });

    it("from the beginning when the file has changed meanwhile", async () => {
      const other = Buffer.concat([OLD, Buffer.alloc(300_000)]);
      mirror.behave(firstly(1, begin(other, 100_000, "cut"), serve(PROGRAM)));
      succeeds(await download({ retries: 1 }));
      expect(mirror.seen[1]?.headers["if-range"]).to.equal('"same"');
    });

    it("from the beginning when the server says 416 or sends another range", async () => {
      const elsewhere: Handler = (_, response) => {
        const headers = { "Content-Range": `bytes 5-9/${PROGRAM.length}`, "Content-Length": 5 };
        response.writeHead(206, headers).end("wrong");
      };
      for (const refusal of [answer(416), elsewhere]) {
        mirror.behave(
          firstly(1, begin(PROGRAM, 100_000, "cut"), firstly(1, refusal, serve(PROGRAM))),
        );
        succeeds(await download({ retries: 2 }));
        rmSync(target.bin, { recursive: true });
        putOld();
      }
    });

    it("from the beginning when nothing tells whether the file is the same", async () => {
      const anonymous = raw(
        `HTTP/1.1 200 OK\r\nContent-Length: ${PROGRAM.length}\r\n\r\n`,
        PROGRAM.subarray(0, 9000),
      );
      mirror.behave(firstly(1, anonymous, serve(PROGRAM)));
      succeeds(await download({ retries: 1 }));
      expect(mirror.seen[1]?.headers["range"]).to.equal(undefined);
    });
  });

  describe("from several addresses", () => {
    it("takes the first that has the right file, whatever is wrong with the others", async () => {
      mirror.behave((request, response) => {
        const handlers: Readonly<Record<string, Handler>> = {
          "/gone": answer(404),
          "/login": answer(200, {}, HTML),
          "/altered": serve(tinyProgram("v0.28.9", 5)),
          "/cut": begin(PROGRAM, 100_000, "cut"),
          "/good": serve(PROGRAM),
        };
        (handlers[request.url ?? ""] ?? answer(500))(request, response);
      });
      const paths = ["gone", "login", "altered", "cut", "good", "never"];
      const result = await download({
        url: ["http://127.0.0.1:1/x", ...paths.map(url)],
        checksum: `sha256:${sha256(PROGRAM)}`,
      });
      succeeds(result);
      expect(result).to.include({ source: url("good"), attempts: 6, verified: true });
      expect(mirror.seen.map((request) => request.url)).to.not.include("/never");
    });

    it("takes the first that has the right program, also where no checksum says which", async () => {
      const archive = tarGz([{ name: "flanneld", content: PROGRAM }]);
      const handlers: Readonly<Record<string, Handler>> = {
        "/other-version": serve(tinyProgram("v0.27.0")),
        "/other-cpu": serve(elfOf("ppc64le")),
        "/ended": raw("HTTP/1.1 200 OK\r\n\r\n", PROGRAM.subarray(0, 200_000)),
        "/archive-of-another": serve(tarGz([{ name: "flanneld", content: OLD }])),
        "/damaged": serve(Buffer.concat([archive.subarray(0, -9), Buffer.alloc(9)])),
        "/packed": (_, response) => {
          response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(PROGRAM));
        },
        "/good": serve(PROGRAM),
      };
      mirror.behave((request, response) => {
        (handlers[request.url ?? ""] ?? answer(500))(request, response);
      });
      const result = await download({
        url: Object.keys(handlers).map((path) => url(path.slice(1))),
      });
      succeeds(result);
      expect(result).to.include({ source: url("good"), attempts: 7 });
    });

    it("names an archive by its address, not by the place where it was unpacked", async () => {
      mirror.behave(serve(tarGz([{ name: "README" }])));
      const result = await download({ url: url("release.tar.gz") });
      expect(result["msg"]).to.match(
        /^cannot download: http:.*release.tar.gz: contains no flanneld/,
      );
      expect(result["msg"]).to.not.include(".flanneld.new");
    });

    it("names every address with its own reason when none has it", async () => {
      mirror.behave((request, response) => {
        answer(request.url === "/a" ? 404 : 403)(request, response);
      });
      const result = await download({ url: [url("a"), url("b"), "http://127.0.0.1:1/c"] });
      expect(result["msg"])
        .to.match(/^cannot download: none of 3 addresses has the file: /)
        .and.to.include("/a: HTTP 404")
        .and.to.include("/b: HTTP 403")
        .and.to.include("/c: connection refused");
    });

    it("takes a file of the host, and says when it is not there", async () => {
      const file = join(target.root, "flanneld of the host");
      const fileUrl = `file://${file.replaceAll(" ", "%20")}`;
      const missing = await download({ url: fileUrl });
      expect(missing["msg"]).to.include("cannot be read");
      writeFileSync(file, PROGRAM);
      mirror.behave(answer(404));
      succeeds(await download({ url: [url("gone"), fileUrl] }));
    });
  });

  describe("with a list of checksums", () => {
    const list = (name: string, digest = sha256(PROGRAM)): string =>
      `${"1".repeat(64)}  other\n${digest}  ${name}\n`;
    const withList =
      (text: string): Handler =>
      (request, response) => {
        const handler =
          request.url?.includes("sums") === true ? answer(200, {}, text) : serve(PROGRAM);
        handler(request, response);
      };
    const checksum = (): string => `sha256:${url("{version}/sums")}`;

    it("verifies the file by its name, and fetches only the list when nothing changes", async () => {
      mirror.behave(withList(list("daemon")));
      const options = { url: url("daemon"), checksum: checksum() };
      const result = await download(options);
      succeeds(result);
      expect(result).to.include({ verified: true });
      expect(result["warnings"]).to.equal(undefined);
      mirror.seen.length = 0;
      const again = await download(options);
      expect(again).to.include({ changed: false, verified: true });
      expect(mirror.seen.map((request) => request.url)).to.deep.equal(["/v0.28.9/sums"]);
    });

    it("only warns when the list is down and nothing has to be installed", async () => {
      mirror.behave(withList(list("daemon")));
      const options = { url: url("daemon"), checksum: checksum() };
      succeeds(await download(options));
      mirror.behave(answer(503));
      const before = target.snapshot();
      const again = await download(options);
      expect(again).to.include({ changed: false, verified: true });
      expect(JSON.stringify(again["warnings"])).to.include("the list cannot be read");
      expect(target.snapshot()).to.deep.equal(before);
      const upgrade = await download({ ...options, version: "v0.28.8" });
      expect(upgrade).to.include({ failed: true, error_code: "network" });
    });

    it("takes digests of other algorithms, and knows the file again by what it wrote down", async () => {
      const long = createHash("sha512").update(PROGRAM).digest("hex");
      mirror.behave(serve(PROGRAM));
      const options = { url: url("daemon"), checksum: `sha512:${long}` };
      succeeds(await download(options));
      mirror.seen.length = 0;
      expect(await download(options)).to.include({ changed: false, verified: true });
      expect(mirror.seen).to.deep.equal([]);
      const other = await download({ ...options, checksum: `sha512:${"0".repeat(128)}` });
      expect(other).to.include({ error_code: "verification", changed: false });
    });

    it("replaces a binary of the right version with another digest", async () => {
      mirror.behave(serve(tinyProgram("v0.28.9", 7)));
      await download();
      mirror.behave(withList(list("daemon")));
      const result = await download({ url: url("daemon"), checksum: checksum() });
      expect(result).to.include({ changed: true, version_before: "v0.28.9", verified: true });
      expect(String(result["kept"])).to.match(/\/\.flanneld\.previous-v0\.28\.9\.[0-9a-f]{12}$/);
    });

    it("refuses a file that is not the one in the list", async () => {
      mirror.behave(withList(list("daemon", "2".repeat(64))));
      const result = await download({ url: url("daemon"), checksum: checksum() });
      expect(result).to.include({ error_code: "verification" });
      expect(result["msg"]).to.include(`expected ${"2".repeat(64)}`);
    });

    it("says what is wrong with the list, before anything is downloaded", async () => {
      mirror.behave(withList("nothing of use"));
      const result = await download({ url: url("daemon"), checksum: checksum() });
      expect(result["msg"]).to.include("contains no SHA-256 for daemon");
      expect(mirror.seen).to.have.length(1);
      mirror.behave(answer(404));
      expect((await download({ checksum: checksum() }))["msg"]).to.match(/sums: HTTP 404/);
    });
  });
});

function foreign(): Buffer {
  const program = elfOf("amd64");
  program.writeUInt16LE(99, 18);
  return program;
}
