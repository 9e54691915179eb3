// When two parts are parts of one file.

import { expect } from "chai";

import {
  type Heads,
  parseContentRange,
  tryContinue,
  tryRemember,
} from "../../../../src/host/download/resume";

const MONDAY = "Mon, 02 Nov 2026 10:00:00 GMT";
const SECOND_LATER = "Mon, 02 Nov 2026 10:00:01 GMT";

describe("the rest of a file that was cut", () => {
  const first: readonly (readonly [string, Heads, string | undefined])[] = [
    ["a strong ETag", { etag: '"a"' }, '"a"'],
    ["a weak ETag", { etag: 'W/"a"' }, undefined],
    [
      "a weak ETag and a date",
      { etag: 'W/"a"', "last-modified": MONDAY, date: SECOND_LATER },
      undefined,
    ],
    ["an ETag without quotes", { etag: "a" }, undefined],
    ["a date, settled", { "last-modified": MONDAY, date: SECOND_LATER }, MONDAY],
    ["a date of this very second", { "last-modified": MONDAY, date: MONDAY }, undefined],
    ["a date without the server's own", { "last-modified": MONDAY }, undefined],
    ["no date at all", { "last-modified": "yesterday", date: "today" }, undefined],
    ["nothing", {}, undefined],
    ["an ETag, but no ranges", { etag: '"a"', "accept-ranges": "none" }, undefined],
  ];
  for (const [what, heads, validator] of first) {
    it(`is ${validator === undefined ? "not " : ""}asked for by ${what}`, () => {
      expect(tryRemember(heads, 100)?.validator).to.equal(validator);
    });
  }

  const known = { validator: '"a"', totalBytes: 100 };
  const rests: readonly (readonly [string, Heads, boolean])[] = [
    ["of the same file", { etag: '"a"', "content-range": "bytes 40-99/100" }, true],
    ["that is short", { etag: '"a"', "content-range": "bytes 40-49/100" }, true],
    ["of unknown length", { etag: '"a"', "content-range": "bytes 40-99/*" }, true],
    ["of another file", { etag: '"b"', "content-range": "bytes 40-99/100" }, false],
    ["of a file with a weak tag", { etag: 'W/"a"', "content-range": "bytes 40-99/100" }, false],
    ["of a file that is longer", { etag: '"a"', "content-range": "bytes 40-199/200" }, false],
    ["from another place", { etag: '"a"', "content-range": "bytes 4-99/100" }, false],
    ["without a tag", { "content-range": "bytes 40-99/100" }, false],
    ["without a range", { etag: '"a"' }, false],
  ];
  for (const [what, heads, joins] of rests) {
    it(`is ${joins ? "" : "not "}put behind its beginning: one ${what}`, () => {
      expect(tryContinue(heads, known, 40) !== undefined).to.equal(joins);
    });
  }

  it("is known by its date, where that is what it was asked for by", () => {
    const dated = { validator: MONDAY, totalBytes: undefined };
    const range = { "content-range": "bytes 40-99/100" };
    expect(tryContinue({ ...range, "last-modified": MONDAY }, dated, 40)?.totalBytes).to.equal(100);
    expect(tryContinue({ ...range, "last-modified": SECOND_LATER }, dated, 40)).to.equal(undefined);
  });

  for (const text of [
    "bytes 9-5/10",
    "bytes 0-10/10",
    "bytes=0-9/10",
    "bytes */10",
    "bytes 0-9",
    "bytes -1-9/10",
    "bytes 0-9/10, bytes 0-9/10",
    `bytes 0-${"9".repeat(40)}/*`,
    "items 0-9/10",
    "",
    undefined,
    ["bytes 0-9/10", "bytes 0-9/10"],
  ]) {
    it(`has no range in ${JSON.stringify(text)}`, () => {
      expect(parseContentRange(text)).to.equal(undefined);
    });
  }
});
