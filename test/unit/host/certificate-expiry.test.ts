import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { expiryOf, tryReadExpiry } from "../../../src/host/certificate-expiry";
import { Certificates } from "../../support/certificates";

describe("the expiry of a certificate", () => {
  const authority = new Certificates();

  after(() => {
    authority.remove();
  });

  /** Node.js reads the same certificates. */
  const wanted = (pem: string) => Date.parse(new X509Certificate(pem).validTo);

  // Up to 2049 the date has two digits of the year, from 2050 on four.
  for (const days of [2, 7000, 20_000]) {
    for (const algorithm of ["ec", "ed25519", "rsa"] as const) {
      it(`is what Node.js says, of ${algorithm} for ${days} days`, () => {
        authority.issue("client", { days, algorithm });
        const pem = readFileSync(authority.certificate("client"), "utf8");
        expect(expiryOf(pem)).to.equal(wanted(pem));
      });
    }
  }

  it("is that of the first one of a file, as in Go, whatever stands around it", () => {
    authority.issue("client", { days: 5 });
    const [client = "", ca = ""] = ["client", "ca"].map((name) =>
      readFileSync(authority.certificate(name), "utf8"),
    );
    expect(expiryOf(`subject=x\n${client}${ca}`)).to.equal(wanted(client));
    expect(expiryOf(ca.replaceAll("\n", "\r\n"))).to.equal(wanted(ca));
  });

  it("is not known of what is no certificate, cut off anywhere or not there", () => {
    const ca = readFileSync(authority.ca, "utf8");
    const der = new X509Certificate(ca).raw;
    const pemOf = (bytes: Buffer) =>
      `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64")}\n-----END CERTIFICATE-----\n`;
    expect(expiryOf(pemOf(der))).to.equal(wanted(ca));
    for (let length = 0; length < der.length; length++) {
      expect(expiryOf(pemOf(der.subarray(0, length)))).to.be.oneOf([undefined, wanted(ca)]);
    }
    for (let at = 0; at < 200; at++) {
      const broken = Buffer.from(der);
      broken[at] = 0xff;
      expect(() => expiryOf(pemOf(broken))).not.to.throw();
    }
    for (const text of ["", "x", pemOf(Buffer.from("hello"))]) {
      expect(expiryOf(text)).to.equal(undefined);
    }
    const path = join(authority.folder, "directory");
    mkdirSync(path);
    expect(tryReadExpiry(path)).to.equal(undefined);
    expect(tryReadExpiry(join(path, "nothing"))).to.equal(undefined);
    writeFileSync(join(path, "file"), ca);
    expect(tryReadExpiry(join(path, "file"))).to.equal(wanted(ca));
  });
});
