import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { bundleParts } from "../../../scripts/build/parts";
import { SETS } from "../../../scripts/build/shorten-unicode";
import crossSpawn from "../../../scripts/build/stand-ins/cross-spawn";
import { signalsByName } from "../../../scripts/build/stand-ins/human-signals";

const ROOT = join(__dirname, "..", "..", "..");
/** The first letter behind ASCII and the scripts that had all their letters long ago. */
const FIRST_LATER = 0x370;
const LAST = 0x10ffff;

interface CrossSpawn {
  _parse(...command: unknown[]): object;
}

const crossSpawnItself = createRequire(__filename)("cross-spawn") as CrossSpawn;

describe("build/parts", () => {
  it("leaves out what no host needs, and what Node.js knows itself", () => {
    const folder = join(ROOT, "src", "modules", "flannel_etcd_config");
    const { parts, metafile } = bundleParts(folder, ROOT, "node18.19");
    const text = Object.values(parts).join("\n");
    expect(Object.keys(metafile.inputs).join())
      .to.match(/execa/)
      .and.not.match(/\/which\//);
    for (const [table, set] of SETS) {
      expect(text.includes(String(table)), "a table").to.equal(false);
      expect(text).to.include(String(set));
    }
  });

  describe("in place of cross-spawn", () => {
    const commands: readonly (readonly unknown[])[] = [
      ["true"],
      ["/bin/echo", ["a", "b c", "$x", '"']],
      ["ip", ["-j", "link"], { env: { LC_ALL: "C" }, timeout: 5, input: "x" }],
      ["sh", [], { shell: true }],
    ];
    for (const command of commands) {
      it(`takes ${JSON.stringify(command)} as it does`, () => {
        const parsed = crossSpawn._parse(...(command as [string]));
        expect({ file: undefined, ...parsed }).to.deep.equal(crossSpawnItself._parse(...command));
      });
    }

    it("gives away copies", () => {
      const args = ["a"];
      const options = {};
      const parsed = crossSpawn._parse("x", args, options);
      expect(parsed.args).to.not.equal(args);
      expect(parsed.options).to.not.equal(options);
    });
  });

  it("describes every signal that a program can die of", () => {
    for (const name of Object.keys(constants.signals)) {
      expect(signalsByName[name]?.description, name).to.equal(name);
    }
  });

  it("takes each letter for one that json5 takes for one, and no others that are old", () => {
    for (const [table, set] of SETS) {
      for (let code = 0x80; code <= LAST; code += 1) {
        const character = String.fromCodePoint(code);
        if (table.test(character) === set.test(character)) continue;
        const isLater = code >= FIRST_LATER && set.test(character);
        expect(isLater, `U+${code.toString(16)} in ${String(set)}`).to.equal(true);
      }
    }
  });
});
