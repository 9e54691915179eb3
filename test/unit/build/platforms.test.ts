// One table of platforms: the README's. What Galaxy is told, and what `make matrix` found out, agree with it.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { parse } from "yaml";

const ROOT = join(__dirname, "..", "..", "..");
const CODE_NAMES: Readonly<Record<string, string>> = {
  "Debian 11": "Debian bullseye",
  "Debian 12": "Debian bookworm",
  "Debian 13": "Debian trixie",
  "Ubuntu 22.04": "Ubuntu jammy",
  "Ubuntu 24.04": "Ubuntu noble",
};

interface Meta {
  readonly galaxy_info: {
    readonly platforms: readonly { readonly name: string; readonly versions: readonly string[] }[];
  };
}

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The cells of a table's rows, without its head. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map((cells) => cells.slice(1));

const table = rowsOf(
  /<!-- begin platforms -->(.*)<!-- end platforms -->/s.exec(read("README.md"))?.[1] ?? "",
);
const inState = (...states: readonly string[]): readonly string[] =>
  table.filter(([, state = ""]) => states.includes(state)).map(([name = ""]) => name);

describe("the table of platforms", () => {
  for (const file of ["meta/main.yml", "roles/nodejs/meta/main.yml"]) {
    it(`has what ${file} promises`, () => {
      const { platforms } = (parse(read(file)) as Meta).galaxy_info;
      const promised = platforms.flatMap(({ name, versions }) =>
        versions.map((one) => `${name} ${one}`),
      );
      const named = inState("tried", "expected").map(
        (name) => CODE_NAMES[name] ?? name.replace("RHEL, Rocky, Alma", "EL"),
      );
      expect(promised).to.have.members(named);
    });
  }

  it("calls tried what works in docs/matrix.md, and only that", () => {
    const hosts = rowsOf(read("docs/matrix.md"))
      .filter((cells) => cells.includes("works"))
      .map(([, , host = ""]) => host.replace(/^Debian GNU\/Linux (\d+) .*/, "Debian $1"));
    expect([...new Set(hosts)]).to.have.members(inState("tried"));
  });

  it("says where Node.js comes from on every platform that may work", () => {
    const rows = table.filter(([, state]) => state !== "no");
    expect(rows).to.have.length.at.least(7);
    for (const [name, , source = ""] of rows)
      expect(source, name).to.match(/^(its package|its newest module stream|nodejs\.org)/);
  });
});
