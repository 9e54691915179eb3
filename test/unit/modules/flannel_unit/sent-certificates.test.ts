import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { placeSent } from "../../../../src/modules/flannel_unit/sent-certificates";

const KEY = "a private key\n";
const sha256 = createHash("sha256").update(KEY).digest("hex");

describe("flannel_unit sent certificates", function () {
  let directory: string;

  beforeEach(function () {
    // Files are given to root.
    if (process.getuid?.() !== 0) this.skip();
    directory = mkdtempSync(join(tmpdir(), "sent-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const at = (name: string): string => join(directory, name);
  const place = async (content: string | undefined, isLast: boolean): Promise<string> => {
    if (content !== undefined) writeFileSync(at("sent"), content);
    const file = { path: at("key.pem"), mode: 0o640, name: "key.pem", sha256, sent: at("sent") };
    return placeSent({ ...file, isLast }).then(
      () => readFileSync(at("key.pem"), "utf8"),
      (error: unknown) => (error as Error).message,
    );
  };

  for (const isLast of [false, true]) {
    it(`${isLast ? "remove" : "leave"} the file that brought them, when it is ${isLast ? "not " : ""}needed again`, async () => {
      expect(await place(JSON.stringify({ "key.pem": KEY }), isLast)).to.equal(KEY);
      expect(existsSync(at("sent"))).to.equal(!isLast);
    });
  }

  for (const [what, content, message] of [
    ["no file", undefined, "there is no such file, send it first"],
    ["no JSON", "a private key", "expected a JSON object with a text named key.pem"],
    ["no such text", '{"a private key": ""}', "expected a JSON object with a text named key.pem"],
    [
      "no text",
      '{"key.pem": ["a private key"]}',
      "expected a JSON object with a text named key.pem",
    ],
    ["another text", '{"key.pem": "private key"}', "key.pem does not have the declared SHA-256"],
  ] as const) {
    it(`are not taken from ${what}, which is never quoted, and removed`, async () => {
      const told = await place(content, false);
      expect(told).to.equal(`certificates: sent: ${at("sent")}: ${message}`);
      expect([existsSync(at("sent")), existsSync(at("key.pem"))]).to.deep.equal([false, false]);
    });
  }
});
