// From connection options to a store.

import { type EtcdApi } from "../flannel/etcd-layout";
import { type Credentials } from "./credentials";
import { type Deadline } from "./deadline";
import { type Endpoint } from "./endpoint";
import { Failover } from "./failover";
import { HttpClient } from "./http-client";
import { Members } from "./member";
import { type EtcdStore } from "./store";
import { type TlsFiles, readTlsMaterial } from "./tls";
import { V2Store } from "./v2-store";
import { V3Etcdctl } from "./v3-etcdctl";
import { V3Gateway } from "./v3-gateway";
import { type TransportOpener, V3Store } from "./v3-store";

export type TransportChoice = "auto" | "gateway" | "etcdctl";

export interface ConnectionOptions {
  readonly endpoints: readonly Endpoint[];
  readonly tlsFiles: TlsFiles;
  readonly credentials: Credentials | undefined;
  readonly transport: TransportChoice;
  /** The program or the folder it is in; undefined: found in PATH. */
  readonly etcdctlPath: string | undefined;
  readonly deadline: Deadline;
}

/** One way to one cluster; both APIs can be opened over it. */
export class EtcdConnection {
  readonly #client: HttpClient;
  readonly #failover: Failover;
  readonly #members: Members;

  private constructor(
    private readonly options: ConnectionOptions,
    client: HttpClient,
  ) {
    this.#client = client;
    this.#failover = new Failover(options.endpoints, options.deadline);
    this.#members = new Members(client);
  }

  /** Reads the TLS files; nothing is sent yet. Throws ModuleError for a file that cannot serve. */
  static async open(options: ConnectionOptions): Promise<EtcdConnection> {
    return new EtcdConnection(options, new HttpClient(await readTlsMaterial(options.tlsFiles)));
  }

  store(api: EtcdApi): EtcdStore {
    const { credentials } = this.options;
    if (api === "v2") return new V2Store(this.#client, this.#failover, this.#members, credentials);
    return new V3Store(this.#transportOpeners());
  }

  /** Closes the connections that are kept open; for callers that live on. */
  close(): void {
    this.#client.close();
  }

  #transportOpeners(): readonly TransportOpener[] {
    const { transport, credentials } = this.options;
    const gateway: TransportOpener = () =>
      new V3Gateway(this.#client, this.#failover, this.#members, credentials);
    const etcdctl: TransportOpener = () => new V3Etcdctl(this.#failover, this.options);
    if (transport === "auto") return [gateway, etcdctl];
    return transport === "gateway" ? [gateway] : [etcdctl];
  }
}
