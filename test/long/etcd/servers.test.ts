// Servers that are no etcd, or one behind something that gets in the way: each ends in time, in a
// sentence, and never counts as done.

import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { expect } from "chai";

import { VXLAN_CONFIG, resultOf } from "../../support/etcd-config";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const status =
  (code: number, body = "", headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) => {
    response.writeHead(code, headers).end(body);
  };

const ANSWERS: readonly (readonly [string, Answer])[] = [
  ["502 of a proxy", status(502, "<html>Bad Gateway</html>")],
  ["503 of a proxy", status(503, "overloaded")],
  ["413 of a proxy", status(413, "too large")],
  ["401 of a proxy", status(401, "who?", { "www-authenticate": "Basic" })],
  ["a redirect", status(302, "", { location: "https://login.example/" })],
  ["a page", status(200, "<html>Welcome</html>")],
  ["an empty object", status(200, "{}")],
  ["an empty list", status(200, "[]")],
  ["nothing", status(200)],
  ["null", status(200, "null")],
  ["a text", status(200, '"etcd"')],
  ["JSON nested without end", status(200, "[".repeat(200_000))],
  [
    "a body that is cut",
    (response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("{", () => response.socket?.destroy());
    },
  ],
  [
    "a cut without an answer",
    (response) => {
      response.socket?.destroy();
    },
  ],
  [
    "an answer in drips",
    (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => {
        clearInterval(timer);
      });
    },
  ],
  [
    "an answer without end",
    (response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(1024 * 1024, 32);
      const pour = (): void => {
        if (!response.destroyed) response.write(chunk, pour);
      };
      pour();
    },
  ],
  [
    "silence",
    () => {
      // nothing
    },
  ],
];

/** A server that answers so; `fromVersion`: also when it is asked for its version. */
async function serve(
  answer: Answer,
  fromVersion: boolean,
): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    request.resume();
    if (!fromVersion && request.url === "/version") {
      response.end('{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}');
    } else answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("a server", function () {
  this.timeout(20_000);

  for (const [api, version] of [
    ["v2", "v0.17.0"],
    ["v3", "v0.28.9"],
  ] as const) {
    for (const fromVersion of [true, false]) {
      for (const [name, answer] of ANSWERS) {
        const what = fromVersion ? "answers" : "with etcd's version answers";
        // An etcd without the key says so with an empty object.
        const isEmptyEtcd = api === "v3" && !fromVersion && name === "an empty object";
        it(`${api}: that ${what} with ${name}`, async () => {
          const server = await serve(answer, fromVersion);
          const started = performance.now();
          try {
            const result = await resultOf({
              endpoints: [server.url],
              flannel_version: version,
              config: VXLAN_CONFIG,
              transport: api === "v3" ? "gateway" : "auto",
              timeout: 2,
            });
            expect(performance.now() - started).to.be.below(2_900);
            expect(result).to.include({ failed: true, changed: false });
            expect(result["error_code"]).to.not.equal("internal");
            if (!isEmptyEtcd) expect(result["msg"]).to.include(server.url);
          } finally {
            server.stop();
          }
        });
      }
    }
  }
});
