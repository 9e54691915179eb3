// What a Node.js that is too old makes of a module: it must get as far as saying so.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { buildProbe } from "../support/probe";
import { runModuleFile } from "../support/run-module";

interface Parser {
  readonly parse: (code: string, options: { readonly ecmaVersion: number }) => unknown;
}
// eslint's own parser, which is told which edition of the language to know.
const { parse } = createRequire(require.resolve("eslint"))("espree") as Parser;

describe("a module under an old Node.js", () => {
  let library: string;
  let file: string;
  let preload: string;

  before(() => {
    library = buildProbe();
    file = join(library, "contract_probe.cjs");
    const folder = mkdtempSync(join(tmpdir(), "old-node-"));
    preload = join(folder, "pretend.cjs");
    writeFileSync(
      preload,
      `Object.defineProperty(process, "version", { value: process.env.PRETENDED_VERSION });
       Object.defineProperty(process, "execPath", { value: "/opt/n\\u00f6de" });`,
    );
  });
  after(() => {
    rmSync(library, { recursive: true });
    rmSync(join(preload, ".."), { recursive: true });
  });

  const runUnder = (version: string): ReturnType<typeof runModuleFile> =>
    runModuleFile(file, { nosuch: 1 }, [], {
      NODE_OPTIONS: `--require ${preload}`,
      PRETENDED_VERSION: version,
    });

  it("is syntax that even the first of them can parse", () => {
    const text = readFileSync(file, "utf8").replace(/^#!.*/, "");
    expect(() => parse(text, { ecmaVersion: 3 })).to.not.throw();
    // The parser does tell: the program itself is nothing for it.
    expect(() => parse(text.replace(/^\/\//gm, ""), { ecmaVersion: 3 })).to.throw();
  });

  for (const version of ["v0.10.48", "v9.19.0", "v12.22.12", "v17.99.0", "v18.18.2", "v-unknown"]) {
    it(`refuses ${version} in one line with what is needed and what to do`, async () => {
      const { exitCode, stderr, result } = await runUnder(version);
      expect(result).to.deep.equal({
        failed: true,
        changed: false,
        error_code: "unsupported",
        nodejs_needed: "18.19",
        msg:
          `contract_probe: Node.js ${version.replace(/^v/, "")} is too old on this host: ` +
          "it is /opt/nöde, and >= 18.19 is needed; " +
          "install a newer Node.js, or name one with ansible_node_interpreter",
      });
      expect({ exitCode, stderr }).to.deep.equal({ exitCode: 1, stderr: "" });
    });
  }

  for (const version of ["v18.19.0", "v18.20.1", "v20.0.0", "v100.1.0"]) {
    it(`runs under ${version}`, async () => {
      expect((await runUnder(version)).result).to.include({ error_code: "invalid_arguments" });
    });
  }
});
