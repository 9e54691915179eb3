import { join } from "node:path";

import { expect } from "chai";
import { buildSync } from "esbuild";

import { bundledPackages, renderLicences } from "../../../scripts/build/licences";

const ROOT = join(__dirname, "..", "..", "..");

function packagesOf(contents: string): readonly string[] {
  const { metafile } = buildSync({
    stdin: { contents, resolveDir: ROOT },
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    write: false,
    metafile: true,
  });
  return bundledPackages(metafile);
}

describe("licences of what is bundled", () => {
  it("names packages that come along with others, and each copy of its own version", () => {
    const packages = packagesOf('require("execa")');
    expect(packages).to.include.members([
      "node_modules/execa",
      "node_modules/path-key",
      "node_modules/npm-run-path/node_modules/path-key",
    ]);
    expect(packages).to.not.include("node_modules/json5");
  });

  it("names no package of which nothing is left in the bundle", () => {
    expect(packagesOf('import strip from "strip-final-newline"; console.log(1)')).to.deep.equal([]);
  });

  it("gives version, licence and its text", () => {
    const text = renderLicences(["node_modules/json5", "node_modules/json5"], ROOT);
    expect(text.match(/^## .*/gm)).to.deep.equal(["## json5 2.2.3: MIT"]);
    expect(text).to.include("Permission is hereby granted, free of charge");
  });

  it("refuses a package that is not among the audited dependencies", () => {
    expect(() => renderLicences(["node_modules/fast-check"], ROOT)).to.throw(
      /^fast-check .* belongs into the dependencies/,
    );
  });

  it("refuses a licence that it does not know", () => {
    expect(() => renderLicences(["node_modules/argparse"], ROOT)).to.throw(
      /^argparse .* not known to be compatible/,
    );
  });
});
