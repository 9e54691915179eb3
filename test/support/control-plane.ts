// The real kube-apiserver on the etcd host of a lab, and a client that may do everything.

import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Lab } from "./lab";

export const KUBERNETES = "v1.36.3";
/** kube-apiserver needs 3.5 at least: with Debian's 3.4 its watches hang. */
export const ETCD_FOR_KUBERNETES = "v3.6.16";

const HOST = "etcd-1";
const FOLDER = "/etc/kubernetes";

/** Bearer tokens, by account. */
const TOKENS = { admin: "token-of-the-admin", flannel: "token-of-flannel" } as const;

/** What flannel's own manifest lets it do. */
export const FLANNEL_RULES: readonly object[] = [
  { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
];

const FLAGS = [
  "--etcd-servers=https://127.0.0.1:2379",
  "--etcd-cafile=/etc/etcd/ca-etcd.pem",
  "--etcd-certfile=/etc/etcd/cert-etcd.pem",
  "--etcd-keyfile=/etc/etcd/cert-etcd-key.pem",
  // The lab's certificate serves every address of the lab.
  "--tls-cert-file=/etc/etcd/cert-etcd.pem",
  "--tls-private-key-file=/etc/etcd/cert-etcd-key.pem",
  `--token-auth-file=${FOLDER}/tokens.csv`,
  "--authorization-mode=RBAC",
  "--allow-privileged",
  "--disable-admission-plugins=ServiceAccount",
  "--service-cluster-ip-range=10.96.0.0/16",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${FOLDER}/accounts.pem`,
  `--service-account-signing-key-file=${FOLDER}/accounts.pem`,
];

export type KubernetesObject = Readonly<Record<string, unknown>> & {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

/** What is asked of the API, and the object that it answers. */
export class ControlPlane {
  constructor(private readonly lab: Lab) {}

  get url(): string {
    return `https://${this.lab.addressOf(HOST)}:6443`;
  }

  /** Starts the API server on a host whose etcd runs, and waits for it. */
  async start(): Promise<void> {
    const tokens = Object.entries(TOKENS).map(([user, token]) => {
      const groups = user === "admin" ? ",system:masters" : "";
      return `${token},${user},${user}${groups}\n`;
    });
    // Where there is no default route, it does not find out by itself.
    const flags = [...FLAGS, `--advertise-address=${this.lab.addressOf(HOST)}`].join(" ");
    await this.lab.ssh(
      HOST,
      `set -e; mkdir -p ${FOLDER}; cat >${FOLDER}/tokens.csv
       openssl genrsa -out ${FOLDER}/accounts.pem 2048 2>/dev/null
       systemd-run --quiet --unit kube-apiserver /opt/kubernetes/kube-apiserver ${flags}`,
      tokens.join(""),
    );
    for (let attempt = 0; attempt < 300; attempt++) {
      if (await this.#isReady()) return;
      await sleep(200);
    }
    throw new Error(await this.lab.ssh(HOST, "journalctl -u kube-apiserver -n 50 --no-pager"));
  }

  async stop(): Promise<void> {
    await this.lab.ssh(HOST, "systemctl stop kube-apiserver");
  }

  /** A kubeconfig file for one of the accounts. */
  kubeconfig(user: keyof typeof TOKENS): string {
    const ca = readFileSync(join(this.lab.directory, "certs", "ca-etcd.pem")).toString("base64");
    const cluster = { server: this.url, "certificate-authority-data": ca };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "lab", cluster }],
      users: [{ name: user, user: { token: TOKENS[user] } }],
      contexts: [{ name: "lab", context: { cluster: "lab", user } }],
      "current-context": "lab",
    });
  }

  /** Makes an object in the collection at `path`. */
  async create(path: string, object: object): Promise<KubernetesObject> {
    return await this.#ask("POST", path, object);
  }

  async read(path: string): Promise<KubernetesObject> {
    return await this.#ask("GET", path);
  }

  async remove(path: string): Promise<void> {
    await this.#ask("DELETE", path);
  }

  /** Starts what allots ranges, endpoints and accounts. */
  async startControllers(): Promise<void> {
    const kubeconfig = `${FOLDER}/kubeconfig`;
    const key = `--service-account-private-key-file=${FOLDER}/accounts.pem`;
    await this.lab.ssh(
      HOST,
      `cat >${kubeconfig} && systemd-run --quiet --unit kube-controller-manager \
         /opt/kubernetes/kube-controller-manager --kubeconfig=${kubeconfig} --leader-elect=false ${key}`,
      this.kubeconfig("admin"),
    );
  }

  /** Makes a Service of all pods with the echo; returns its ClusterIP. */
  async addService(name: string, protocol: "TCP" | "UDP", port: number): Promise<string> {
    const { spec } = await this.create("/api/v1/namespaces/default/services", {
      metadata: { name },
      spec: { selector: { app: "echo" }, ports: [{ protocol, port, targetPort: port }] },
    });
    return (spec as { readonly clusterIP: string }).clusterIP;
  }

  /** Registers a node as its kubelet would, with a range for its pods if there is one. */
  async addNode(name: string, podCIDR?: string): Promise<void> {
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
    const spec = podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] };
    const metadata = { name, annotations };
    await this.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata, spec });
  }

  async removeNode(name: string): Promise<void> {
    await this.remove(`/api/v1/nodes/${name}`);
  }

  /** Lets flannel's account do what the rules say, and nothing else. */
  async allowFlannel(rules: readonly object[]): Promise<void> {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const root = `/apis/${apiVersion}`;
    const metadata = { name: "flannel" };
    const subjects = [{ kind: "User", name: "flannel", apiGroup: "rbac.authorization.k8s.io" }];
    const roleRef = { kind: "ClusterRole", name: "flannel", apiGroup: "rbac.authorization.k8s.io" };
    const role = { apiVersion, kind: "ClusterRole", metadata, rules };
    const binding = { apiVersion, kind: "ClusterRoleBinding", metadata, subjects, roleRef };
    for (const [collection, object] of [
      ["clusterroles", role],
      ["clusterrolebindings", binding],
    ] as const) {
      await this.#ask("DELETE", `${root}/${collection}/flannel`, undefined, [404]);
      await this.create(`${root}/${collection}`, object);
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      await this.#ask("GET", "/readyz");
      return true;
    } catch {
      return false;
    }
  }

  async #ask(
    method: string,
    path: string,
    object?: object,
    allowed: readonly number[] = [],
  ): Promise<KubernetesObject> {
    const { status, text } = await this.#exchange(method, path, object);
    if ((status < 200 || status > 299) && !allowed.includes(status)) {
      throw new Error(`${method} ${path}: ${status}: ${text}`);
    }
    return (text.startsWith("{") ? JSON.parse(text) : {}) as KubernetesObject;
  }

  async #exchange(
    method: string,
    path: string,
    object?: object,
  ): Promise<{ status: number; text: string }> {
    const ca = readFileSync(join(this.lab.directory, "certs", "ca-etcd.pem"));
    const headers = {
      authorization: `Bearer ${TOKENS.admin}`,
      "content-type": "application/json",
    };
    return await new Promise((resolve, reject) => {
      const sent = request(`${this.url}${path}`, { method, ca, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, text });
        });
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(object === undefined ? undefined : JSON.stringify(object));
    });
  }
}
