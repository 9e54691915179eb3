// What is read as a file, and what is not.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { openRegularFile } from "../../../src/host/regular-file";

describe("a file that is to be read", () => {
  const directory = mkdtempSync(join(tmpdir(), "regular-file-"));
  const file = join(directory, "file");
  const pipe = join(directory, "pipe");

  before(() => {
    writeFileSync(file, "content");
    execFileSync("mkfifo", [pipe]);
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it("is opened", async () => {
    const handle = await openRegularFile(file);
    expect(await handle.readFile("utf8")).to.equal("content");
    await handle.close();
  });

  for (const [path, reason] of [
    [directory, "a directory, expected a file"],
    [pipe, "a named pipe, expected a file"],
    ["/dev/zero", "a device, expected a file"],
  ] as const) {
    it(`is refused at once when it is ${path}`, async () => {
      const failure = await openRegularFile(path).catch((error: unknown) => error);
      expect(failure).to.include({ code: "host" });
      expect(String(failure)).to.include(`cannot read ${path}: `).and.to.include(reason);
    });
  }

  it("is told to be missing", async () => {
    const failure = await openRegularFile("/no/such/file").catch((error: unknown) => error);
    expect(failure).to.include({ code: "not_found" });
    expect(String(failure)).to.include("cannot read /no/such/file: there is no such file");
  });
});
