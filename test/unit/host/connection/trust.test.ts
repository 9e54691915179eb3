// What is trusted, tried with handshakes.

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";

import { expect } from "chai";

import { createTlsClient, secure } from "../../../../src/host/connection/secure";
import { connectAny } from "../../../../src/host/connection/tcp";
import { readCaFile, readSystemCas } from "../../../../src/host/connection/trust";
import { describeNetworkFault, explainNetworkError } from "../../../../src/host/network-errors";
import { Certificates } from "../../../support/certificates";

describe("the CAs to trust", () => {
  let root: Certificates;
  let intermediate: Certificates;
  let strangers: Certificates;

  before(() => {
    root = new Certificates("root");
    intermediate = new Certificates("intermediate", root);
    intermediate.issue("server");
    intermediate.issue("elsewhere", { names: "DNS:elsewhere.example" });
    strangers = new Certificates("strangers");
  });
  after(() => {
    for (const made of [root, intermediate, strangers]) made.remove();
  });

  const written = (name: string, ...parts: readonly string[]): string => {
    const path = join(root.folder, name);
    writeFileSync(path, parts.join(""));
    return path;
  };

  /** Shakes hands with a server; "" or what was wrong. */
  async function trial(caFile: string, server = "server", chain = ""): Promise<string> {
    const { key } = intermediate.material(server);
    const cert = `${String(readFileSync(intermediate.certificate(server)))}${chain}`;
    const listener = createServer({ key, cert }, (socket) => socket.end()).listen(0, "127.0.0.1");
    listener.on("tlsClientError", () => undefined);
    await once(listener, "listening");
    try {
      const client = await createTlsClient({ ca: await readCaFile("ca_file", caFile) });
      const { port } = listener.address() as AddressInfo;
      const socket = await connectAny(["127.0.0.1"], port, 5_000);
      (await secure(socket, "127.0.0.1", client, 5_000)).destroy();
      return "";
    } catch (error) {
      return describeNetworkFault(explainNetworkError(error));
    } finally {
      listener.close();
    }
  }

  it("are one of any length: one CA of sixteen ends with a full line", async () => {
    const endings = new Set<number>();
    for (let length = 1; length <= 48; length++) {
      const ca = new Certificates("x".repeat(length));
      const [text = ""] = await readCaFile("ca_file", ca.ca);
      ca.remove();
      const lines = text.trimEnd().split("\n");
      endings.add(lines.at(-2)?.length ?? 0);
      expect(lines).not.to.include("");
    }
    expect([...endings]).to.include(64);
  });

  it("are an intermediate one as it is, as for Go", async () => {
    expect(await trial(intermediate.ca)).to.equal("");
  });

  it("are a root, where the server shows what is between", async () => {
    expect(await trial(root.ca, "server", String(readFileSync(intermediate.ca)))).to.equal("");
    expect(await trial(root.ca)).to.include("unknown CA");
  });

  it("are all those of a bundle, with text and line ends of any kind", async () => {
    const [one, two] = [strangers.ca, intermediate.ca].map((path) => String(readFileSync(path)));
    const bundle = written("bundle", "\ufeffSubject: é\r\n", one ?? "", "text\n", two ?? "");
    expect(await trial(bundle)).to.equal("");
    const dos = written("dos", (two ?? "").replace(/\n/g, "\r\n"));
    expect(await trial(dos)).to.equal("");
  });

  it("are no others", async () => {
    expect(await trial(strangers.ca)).to.include("unknown CA");
  });

  it("vouch for the name in the certificate only, which is told", async () => {
    expect(await trial(intermediate.ca, "elsewhere")).to.include(
      "wrong host name: the server's certificate is for other names (127.0.0.1 is not in DNS:elsewhere.example)",
    );
  });

  it("do not depend on the environment", async () => {
    const before = { ...process.env };
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    process.env["NODE_EXTRA_CA_CERTS"] = intermediate.ca;
    try {
      expect(await trial(strangers.ca)).to.include("unknown CA");
    } finally {
      process.env = before;
    }
  });

  it("are refused where they are cut or damaged", async () => {
    const text = String(readFileSync(intermediate.ca));
    const good = String(readFileSync(root.ca));
    for (const [name, bad] of [
      ["cut", text.slice(0, 300)],
      ["damaged", text.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA")],
      ["empty", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"],
    ] as const) {
      const path = written(name, good, bad);
      const failure: unknown = await readCaFile("ca_file", path).catch((error: unknown) => error);
      expect(failure, name).to.include({ code: "tls" });
      expect(failure)
        .to.have.property("message")
        .that.includes(`ca_file: ${path}: certificate 2 of 2 cannot be read`);
    }
  });

  it("are those of the system, which are text of certificates", async () => {
    for (const text of await readSystemCas()) expect(text).to.include("BEGIN CERTIFICATE");
  });
});
