// The shipped flannel_unit on scripted hosts, one for each test of a suite.

import { rmSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { buildModule } from "./build-module";
import { type Result, ScriptedHost } from "./scripted-host";

export interface ScriptedUnit {
  /** Of the test that runs. */
  readonly host: ScriptedHost;
  /** Runs the module there; fails the test when it fails. */
  readonly succeed: (options?: Record<string, unknown>) => Promise<Result>;
}

/** Builds the bundle for the tests of a suite. Without root they are skipped, as files are given to root. */
export function useScriptedUnit(): ScriptedUnit {
  let library: string | undefined;
  let host: ScriptedHost | undefined;

  before(function () {
    if (process.getuid?.() !== 0) this.skip();
    library = buildModule("flannel_unit");
  });
  after(() => {
    if (library !== undefined) rmSync(library, { recursive: true });
  });
  beforeEach(() => {
    host = new ScriptedHost(join(library ?? "", "flannel_unit.cjs"));
  });
  afterEach(() => {
    host?.remove();
  });

  const current = (): ScriptedHost => {
    if (host === undefined) throw new Error("no test is running");
    return host;
  };
  const succeed = async (options: Record<string, unknown> = {}): Promise<Result> => {
    const result = await current().run(options);
    expect(result["failed"], result.msg).to.equal(undefined);
    return result;
  };
  return {
    get host() {
      return current();
    },
    succeed,
  };
}
