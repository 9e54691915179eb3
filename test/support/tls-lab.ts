// The servers of the TLS cases: a real etcd with client certificates, and one without behind others.

import { EtcdCluster } from "./etcd";
import { type ServerName, type TlsCase, TlsFixtures } from "./tls-cases";

export class TlsLab {
  private constructor(
    readonly files: TlsFixtures,
    private readonly clusters: readonly EtcdCluster[],
    private readonly ports: ReadonlyMap<ServerName, number>,
  ) {}

  static async start(): Promise<TlsLab> {
    const files = new TlsFixtures();
    const flags = ["--enable-v2"];
    const etcd = await EtcdCluster.start({ certificates: files.root, flags });
    const plain = await EtcdCluster.start({ flags });
    const [{ port } = { port: 0 }] = etcd.members;
    const [{ port: target, peer } = { port: 0, peer: "" }] = plain.members;
    const front = (cert: string, key: string, more = {}): Promise<number> =>
      files.startFront(target, { cert: files.text(cert), key: files.text(key), ...more });
    const chain = files.text("chain.pem");
    const ports = new Map<ServerName, number>([
      ["etcd", port],
      ["localhost", port],
      ["plain", target],
      ["peer", Number(new URL(peer).port)],
      ["tls 1.2", await front("server.pem", "server.key", { maxVersion: "TLSv1.2" })],
      ["tls 1.3", await front("server.pem", "server.key", { minVersion: "TLSv1.3" })],
      ["intermediate", await front("leaf.pem", "leaf.key")],
      ["intermediate with chain", await front("leaf.pem", "leaf.key", { cert: chain })],
      ["expired", await front("expired.pem", "expired.key")],
      ["other names", await front("elsewhere.pem", "elsewhere.key")],
      ["no names", await front("nameless.pem", "nameless.key")],
      ["self-signed", await front("self-signed.pem", "client.key")],
    ]);
    return new TlsLab(files, [etcd, plain], ports);
  }

  /** Options of the case, for its server. */
  optionsOf(given: TlsCase): Readonly<Record<string, unknown>> {
    const { server = "etcd", scheme = "https" } = given;
    const host = server === "localhost" ? "localhost" : "127.0.0.1";
    const endpoint = `${scheme}://${host}:${this.ports.get(server) ?? 0}`;
    return { ...this.files.optionsOf(given), endpoints: [endpoint], timeout: 10 };
  }

  async stop(): Promise<void> {
    await Promise.all(this.clusters.map((cluster) => cluster.stop()));
    this.files.remove();
  }
}
