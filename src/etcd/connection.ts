// The one way to an etcd: from addresses, files and credentials to its stores.

import { type EtcdApi } from "../flannel/etcd-layout";
import { Deadline } from "../host/deadline";
import { type Endpoint } from "./endpoint";
import { Failover } from "./failover";
import { HttpClient } from "./http-client";
import { Members } from "./members";
import { type Credentials, type EtcdStore, type FolderStore } from "./store";
import { Survey } from "./survey";
import { type TlsFiles, readTlsMaterial } from "./tls";
import { type V2Reads, V2Store } from "./v2-store";
import { V3Etcdctl } from "./v3-etcdctl";
import { V3Gateway } from "./v3-gateway";
import { type TransportOpener, V3Store } from "./v3-store";

export type TransportChoice = "auto" | "gateway" | "etcdctl";

const GLANCE_LIMIT_MS = 3_000;

export interface ConnectionOptions {
  /** At least one. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
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
  #survey: Survey | undefined;

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
    const { tlsFiles } = options;
    const client = new HttpClient(await readTlsMaterial(tlsFiles), tlsFiles.caFile);
    return new EtcdConnection(options, client);
  }

  /** The store to work on. */
  store(api: EtcdApi): EtcdStore {
    return this.#open(api, this.#failover, "in-use");
  }

  /** A store to glance at, without a trace: asks one endpoint only and takes a small part of the time left. */
  glance(api: EtcdApi): EtcdStore {
    const { current } = this.#failover;
    const deadline = new Deadline(this.options.deadline.shareMs(4, GLANCE_LIMIT_MS));
    return this.#open(api, new Failover([current], deadline), "traceless");
  }

  /** The v2 store of a flannel that reads v3: what is left in it is looked at, and removed, without a trace. */
  leftV2(): FolderStore {
    const { credentials } = this.options;
    return new V2Store(this.#client, this.#failover, this.#members, credentials, "traceless");
  }

  /** What the endpoints say about their cluster; asked once, from the first call on. */
  survey(): Survey {
    const { endpoints, deadline } = this.options;
    this.#survey ??= new Survey(this.#client, this.#members, endpoints, deadline);
    return this.#survey;
  }

  #open(api: EtcdApi, failover: Failover, reads: V2Reads): EtcdStore {
    const { credentials, transport } = this.options;
    if (api === "v2") return new V2Store(this.#client, failover, this.#members, credentials, reads);
    const gateway: TransportOpener = () =>
      new V3Gateway(this.#client, failover, this.#members, credentials);
    const etcdctl: TransportOpener = () => new V3Etcdctl(failover, this.#members, this.options);
    if (transport === "auto") return new V3Store([gateway, etcdctl]);
    return new V3Store([transport === "gateway" ? gateway : etcdctl]);
  }
}
