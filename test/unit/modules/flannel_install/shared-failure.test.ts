// What the runs that were waiting are told of the one that has failed.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { ModuleError, StaleObservationError } from "../../../../src/base/errors";
import {
  rethrowShared,
  shareFailure,
} from "../../../../src/modules/flannel_install/shared-failure";
import { type Options, sourceWith } from "../../../support/flannel-install-scenes";

describe("flannel_install: a failure that is shared", () => {
  const directory = mkdtempSync(join(tmpdir(), "failure-"));
  const path = join(directory, "failure.json");
  const error = new ModuleError("tls", "https://m/x: the certificate has expired");

  beforeEach(() => {
    rmSync(path, { force: true });
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  const told = async (options: Options = {}): Promise<unknown> => {
    try {
      await rethrowShared(path, sourceWith(options, "arm64"));
      return undefined;
    } catch (failure) {
      return failure;
    }
  };

  it("is told with its code, however many pass it on, and nobody else may read it", async () => {
    await shareFailure(path, sourceWith({}, "arm64"), error);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const first = await told();
    expect(first).to.include({ code: "tls" });
    await shareFailure(path, sourceWith({}, "arm64"), first);
    const message = "https://m/x: the certificate has expired (as a run at the same time was told)";
    expect(await told()).to.include({ message });
  });

  const others: Readonly<Record<string, Options>> = {
    "another token": { headers: { "X-Token": "other" } },
    "another address": { url: ["https://other/{asset}"] },
    "another CA": { ca_file: "/etc/ca.pem" },
    "another checksum": { checksum: `sha256:${"a".repeat(64)}` },
  };
  for (const [what, options] of Object.entries(others)) {
    it(`is none for who asks with ${what}`, async () => {
      await shareFailure(path, sourceWith({}, "arm64"), error);
      expect(await told(options)).to.equal(undefined);
    });
  }

  it("is only what has failed for all", async () => {
    const source = sourceWith({}, "arm64");
    await shareFailure(path, source, new StaleObservationError("conflict", "faster"));
    await shareFailure(path, source, new Error("a defect"));
    await shareFailure(join(directory, "none", "x"), source, error);
    expect(existsSync(path)).to.equal(false);
  });

  it("keeps no token in a form that can be looked up, and never twice in the same", async () => {
    const source = sourceWith({ headers: { "X-Token": "hunter2" } }, "arm64");
    const write = async (): Promise<Record<string, string>> => {
      await shareFailure(path, source, error);
      return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    };
    const [one, other] = [await write(), await write()];
    expect(Object.keys(one)).to.have.members(["code", "message", "salt", "question"]);
    expect(JSON.stringify(one)).not.to.include("hunter2");
    expect(one["question"]).to.have.length(44).and.not.equal(other["question"]);
    expect(one["salt"]).to.have.length(24).and.not.equal(other["salt"]);
  });

  it("is none when nothing sensible is written down", async () => {
    expect(await told()).to.equal(undefined);
    for (const content of ["", "{", "[]", '{"question": 1}', '{"code": "x", "message": "y"}']) {
      writeFileSync(path, content);
      expect(await told()).to.equal(undefined);
    }
  });
});
