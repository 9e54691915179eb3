import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { readPem } from "../../../../src/host/connection/pem-file";

describe("a PEM file", () => {
  const folder = mkdtempSync(join(tmpdir(), "pem-test-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  const refused: readonly (readonly [string, () => string, string, string])[] = [
    ["an empty path", () => "", "invalid_arguments", "is empty, name a file or leave it out"],
    ["a missing file", () => "/no/such", "host", "cannot read /no/such: there is no such file"],
    ["a directory", () => folder, "host", "it is a directory, name a file"],
    [
      "an empty file",
      () => file("empty", ""),
      "tls",
      'contains no PEM "CERTIFICATE", give another',
    ],
    ["DER", () => file("der", Buffer.from("308201f03082", "hex")), "tls", "it looks like DER"],
    ["a key", () => file("key", "-----BEGIN EC PRIVATE KEY-----\n"), "tls", "contains no PEM"],
    ["a request", () => file("csr", "-----BEGIN CERTIFICATE REQUEST-----\n"), "tls", "no PEM"],
  ];
  for (const [what, path, code, words] of refused) {
    it(`is refused by option and name: ${what}`, async () => {
      const failure: unknown = await readPem("ca_file", path(), "CERTIFICATE").catch(
        (error: unknown) => error,
      );
      expect(failure).to.include({ code });
      expect(failure)
        .to.have.property("message")
        .that.matches(/^ca_file: /)
        .and.includes(words);
    });
  }

  for (const label of ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"]) {
    it(`may begin with BOM and text: ${label}`, async () => {
      const text = `\ufeffIssuer: é\r\n-----BEGIN ${label}-----\r\n`;
      expect(await readPem("ca_file", file("good", text), "CERTIFICATE")).to.equal(text);
    });
  }
});
