import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { readClientCertificate } from "../../../../src/host/connection/client-certificate";
import { Certificates } from "../../../support/certificates";

describe("a client certificate", () => {
  let files: Certificates;

  before(() => {
    files = new Certificates();
    files.issue("client");
    files.issue("other");
    files.issue("expired", { days: -1 });
    writeFileSync(join(files.folder, "cut.pem"), "-----BEGIN CERTIFICATE-----\nMIIB");
  });
  after(() => {
    files.remove();
  });

  const read = (cert: string, key: string): ReturnType<typeof readClientCertificate> =>
    readClientCertificate(
      { option: "client_cert", path: files.certificate(cert) },
      { option: "client_key", path: files.key(key) },
    );

  it("is read with its key, as they are, and when it expires", async () => {
    const { cert, key } = files.material("client");
    const { expiresAtMs, ...pair } = await read("client", "client");
    expect(pair).to.deep.equal({ cert: String(cert), key: String(key) });
    expect(expiresAtMs).to.be.within(Date.now(), Date.now() + 2 * 86_400_000);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["client", "other", /^client_key: .*other\.key is not the key of .*client\.pem$/],
    [
      "expired",
      "expired",
      /^client_cert: .*expired\.pem expired on .* would refuse it; renew it, unless .* wrong, which says 2/,
    ],
    ["cut", "client", /^client_cert, client_key: .* cannot be read as a certificate and its/],
  ];
  for (const [cert, key, message] of refused) {
    it(`is refused: ${cert} with the key of ${key}`, async () => {
      const failure: unknown = await read(cert, key).catch((error: unknown) => error);
      expect(failure).to.have.property("message").that.matches(message);
      expect(failure).to.include({ code: "tls" });
    });
  }
});
