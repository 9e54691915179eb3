import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { labelFor } from "../../../src/host/selinux";

const BIN = "system_u:object_r:bin_t:s0";

describe("the SELinux context of a prepared file", () => {
  let directory: string;
  let path: string | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "selinux-"));
    path = process.env["PATH"];
    process.env["PATH"] = `${directory}:${path ?? ""}`;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(directory, { recursive: true });
  });

  /** A program of the host that notes how it was called. */
  const script = (name: string, does: string): void => {
    writeFileSync(
      join(directory, name),
      `#!/bin/sh\necho "${name} $*" >>"${directory}/log"\n${does}\n`,
    );
    chmodSync(join(directory, name), 0o755);
  };
  const calls = (): string =>
    existsSync(join(directory, "log")) ? readFileSync(join(directory, "log"), "utf8") : "";

  it("is that of its path", () => {
    script("matchpathcon", `echo ${BIN}`);
    script("chcon", "");
    labelFor("/opt/.flanneld.new-1", "/opt/flanneld", true);
    expect(calls()).to.equal(
      `matchpathcon -n /opt/flanneld\nchcon -- ${BIN} /opt/.flanneld.new-1\n`,
    );
  });

  it("may have categories", () => {
    script("matchpathcon", `echo ${BIN}:c0.c1023`);
    script("chcon", "");
    labelFor("/s", "/p", true);
    expect(calls()).to.include(`chcon -- ${BIN}:c0.c1023 /s`);
  });

  for (const [what, does] of [
    ["the policy leaves the path to itself", "echo '<<none>>'"],
    ["the policy cannot be asked", "echo x:y:z; exit 1"],
    ["the answer is none", "echo usage: see the manual page"],
    ["the answer is empty", ""],
  ] as const) {
    it(`stays where ${what}`, () => {
      script("matchpathcon", does);
      script("chcon", "");
      labelFor("/s", "/p", true);
      expect(calls()).to.equal("matchpathcon -n /p\n");
    });
  }

  it("stays where the file system has none, without a fault", () => {
    script("matchpathcon", `echo ${BIN}`);
    script("chcon", "exit 1");
    expect(() => {
      labelFor("/s", "/p", true);
    }).to.not.throw();
  });

  it("stays where the programs are not there", () => {
    process.env["PATH"] = "/no/such";
    expect(() => {
      labelFor("/s", "/p", true);
    }).to.not.throw();
  });

  it("costs nothing where SELinux is off", function () {
    if (existsSync("/sys/fs/selinux/enforce")) this.skip();
    script("matchpathcon", `echo ${BIN}`);
    script("chcon", "");
    labelFor("/s", "/p");
    expect(calls()).to.equal("");
  });
});
