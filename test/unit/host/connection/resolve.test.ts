import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { ConnectError } from "../../../../src/host/connection/connect-error";
import { resolveHost } from "../../../../src/host/connection/resolve";
import { explainNetworkError } from "../../../../src/host/network-errors";

describe("a host name", () => {
  const path = process.env["PATH"];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "resolve-test-"));
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  /** From now on, `getent` is this script. */
  function replaceGetent(script: string): void {
    writeFileSync(join(folder, "getent"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}:${String(path)}`;
  }

  const failureOf = (host: string, timeoutMs: number): Promise<unknown> =>
    resolveHost(host, timeoutMs).catch((error: unknown) => error);

  it("that is an address is one, and no program is asked", async () => {
    replaceGetent("exit 1");
    expect(await resolveHost("10.8.0.101", 1)).to.deep.equal(["10.8.0.101"]);
    expect(await resolveHost("fd00::1", 1)).to.deep.equal(["fd00::1"]);
  });

  it("of this host is found", async () => {
    expect(await resolveHost("localhost", 5_000)).to.include("127.0.0.1");
  });

  it("has the addresses that the system says, in its order, each once", async () => {
    replaceGetent(
      `[ "$*" = "ahosts -- two.example" ] || exit 3
       printf 'fd00::7 STREAM two.example\\nfd00::7 DGRAM\\n10.1.2.3 STREAM\\nfe80::1%%eth0 RAW\\n'`,
    );
    expect(await resolveHost("two.example", 5_000)).to.deep.equal([
      "fd00::7",
      "10.1.2.3",
      "fe80::1%eth0",
    ]);
  });

  it("cannot be an option of the program that is asked", async () => {
    expect(await failureOf("--help", 5_000)).to.be.instanceOf(ConnectError);
  });

  it("that does not exist is told so", async () => {
    const failure = await failureOf("no-such-host.invalid", 5_000);
    expect(failure).to.include({ step: "resolve" });
    expect(explainNetworkError(failure).name).to.be.oneOf(["name-unknown", "name-unresolved"]);
  });

  it("about which the resolver is silent costs no more than its time", async () => {
    replaceGetent("exec sleep 20");
    const started = Date.now();
    const failure = await failureOf("slow.example", 300);
    expect(Date.now() - started).to.be.within(290, 1_500);
    expect(explainNetworkError(failure)).to.include({
      name: "resolver-silent",
      code: "timeout",
      words: "DNS: no answer from the resolver within 0.3 s",
    });
  });

  it("is looked up by Node.js itself where there is no getent", async () => {
    process.env["PATH"] = folder;
    expect(await resolveHost("localhost", 5_000)).to.include("127.0.0.1");
  });
});
