import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import {
  type CertificateReport,
  compareCertificates,
  observeCertificates,
  readCertificates,
} from "../../../../src/modules/flannel_unit/certificates";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("flannel_unit certificates", function () {
  let directory: string;

  beforeEach(function () {
    // Files are given to root.
    if (process.getuid?.() !== 0) this.skip();
    directory = join(mkdtempSync(join(tmpdir(), "certificates-")), "kubernetes");
    mkdirSync(directory, { mode: 0o700 });
    put("ca.pem", "ca");
    put("key.pem", "key");
  });

  afterEach(() => {
    rmSync(join(directory, ".."), { recursive: true });
  });

  function put(name: string, text: string): void {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o640);
  }

  async function differing(): Promise<CertificateReport> {
    const sha256 = { "ca.pem": digestOf("ca"), "key.pem": digestOf("key").toUpperCase() };
    const wanted = readCertificates({ directory, sha256 });
    return compareCertificates(wanted, await observeCertificates(wanted));
  }

  it("are all right where each is what it should be", async () => {
    expect(await differing()).to.deep.equal({ differing: [], outdated: [] });
  });

  const path = (name: string): string => join(directory, name);
  const cases: [string, () => void, readonly string[], readonly string[]][] = [
    [
      "another content",
      () => {
        put("ca.pem", "cb");
      },
      ["ca.pem"],
      ["ca.pem"],
    ],
    [
      "no file",
      () => {
        rmSync(path("key.pem"));
      },
      ["key.pem"],
      ["key.pem"],
    ],
    [
      "another mode",
      () => {
        chmodSync(path("key.pem"), 0o644);
      },
      ["key.pem"],
      [],
    ],
    [
      "another owner",
      () => {
        chownSync(path("ca.pem"), 1, 0);
      },
      ["ca.pem"],
      [],
    ],
    [
      "another group",
      () => {
        chownSync(path("ca.pem"), 0, 1);
      },
      ["ca.pem"],
      [],
    ],
    [
      "an open directory",
      () => {
        chmodSync(directory, 0o755);
      },
      ["."],
      [],
    ],
    [
      "another's directory",
      () => {
        chownSync(directory, 1, 0);
      },
      ["."],
      [],
    ],
    [
      "no directory",
      () => {
        rmSync(directory, { recursive: true });
      },
      [".", "ca.pem", "key.pem"],
      ["ca.pem", "key.pem"],
    ],
    [
      "a directory in the place of a file",
      () => {
        rmSync(path("ca.pem"));
        mkdirSync(path("ca.pem"));
      },
      ["ca.pem"],
      ["ca.pem"],
    ],
  ];
  for (const [what, happen, names, outdated] of cases) {
    it(`tell of ${what}`, async () => {
      happen();
      const paths = outdated.map((name) => join(directory, name));
      expect(await differing()).to.deep.equal({ differing: names, outdated: paths });
    });
  }

  const digest = "0".repeat(64);
  for (const [name, sha256] of [
    ["../ca.pem", digest],
    ["/ca.pem", digest],
    ["a/../../ca.pem", digest],
    [".", digest],
    ["", digest],
    ["ca.pem", "0"],
    ["ca.pem", 5],
  ] as const) {
    it(`are not read from ${JSON.stringify({ [name]: sha256 })}`, () => {
      const read = () => readCertificates({ directory: "/c", sha256: { [name]: sha256 } });
      expect(read).to.throw(`certificates: sha256: "${name}": expected `);
    });
  }
});
