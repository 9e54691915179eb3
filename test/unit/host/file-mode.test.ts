import { expect } from "chai";

import { formatMode, parseMode } from "../../../src/host/file-mode";

describe("modes", () => {
  const accepted: readonly (readonly [unknown, number])[] = [
    ["0750", 0o750],
    ["750", 0o750],
    ["0o750", 0o750],
    [" 0755 ", 0o755],
    ["4755", 0o4755],
    ["00750", 0o750],
    [488, 0o750], // what YAML makes of an unquoted 0750
    [0, 0],
  ];
  for (const [value, mode] of accepted) {
    it(`take ${JSON.stringify(value)} as ${formatMode(mode)}`, () => {
      expect(parseMode(value, "mode")).to.equal(mode);
    });
  }

  for (const value of [
    "488",
    "",
    "u=rwx",
    "07500000",
    "-750",
    -1,
    0o10000,
    1.5,
    null,
    true,
    ["0750"],
  ]) {
    it(`refuse ${JSON.stringify(value)}`, () => {
      expect(() => parseMode(value, "mode")).to.throw(
        "expected a mode in octal notation, in quotes",
      );
    });
  }
});
