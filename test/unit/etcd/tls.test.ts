import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";

import { HttpClient } from "../../../src/etcd/http-client";
import { readTlsMaterial } from "../../../src/etcd/tls";
import { Certificates } from "../../support/certificates";

describe("TLS files of the client", () => {
  let certificates: Certificates;
  let setBefore: string | undefined;

  before(() => {
    certificates = new Certificates();
    certificates.issue("client");
    certificates.issue("other");
    setBefore = process.env["SSL_CERT_FILE"];
  });
  after(() => {
    certificates.remove();
    if (setBefore === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = setBefore;
  });

  it("are read as they are, and reading them changes nothing else", async () => {
    const files = { caFile: certificates.ca, certFile: certificates.certificate("client") };
    const keyFile = certificates.key("client");
    const material = await readTlsMaterial({ ...files, keyFile });
    const { cert, key } = certificates.material("client");
    expect(material).to.deep.include({ cert: String(cert), key: String(key) });
    expect(material.ca).to.have.length(1);
    expect(process.env["SSL_CERT_FILE"]).to.equal(setBefore);
    new HttpClient(material, files.caFile);
    expect(process.env["SSL_CERT_FILE"]).to.equal(files.caFile);
  });

  it("are refused by option and name", async () => {
    const [certFile, keyFile] = [certificates.certificate("client"), certificates.key("other")];
    const failureOf = (files: object): Promise<unknown> =>
      readTlsMaterial(files).catch((error: unknown) => error);
    expect(await failureOf({ certFile, keyFile }))
      .to.have.property("message")
      .that.equals(`key_file: ${keyFile} is not the key of ${certFile}`);
    const garbage = join(certificates.folder, "garbage");
    writeFileSync(garbage, "garbage");
    expect(await failureOf({ caFile: garbage }))
      .to.have.property("message")
      .that.equals(`ca_file: ${garbage} contains no PEM "CERTIFICATE", give another file`);
    expect(await failureOf({ caFile: "/no/such" }))
      .to.have.property("message")
      .that.includes("ca_file: cannot read /no/such");
  });
});
