// Lab hosts as real nodes of a cluster: containerd, kubelet and kube-proxy; and the pods that run there.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type ControlPlane } from "./control-plane";
import { type Lab } from "./lab";

const IMAGE = "localhost/lab-pod:1";
const TALK = "/usr/local/lib/pod-talk.py";
const IMAGE_WRITER = join(__dirname, "..", "..", "scripts", "lab", "pod-image.py");

/** overlayfs does not go on top of the overlayfs that a lab host stands on. */
const CONTAINERD = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`;

const KUBELET = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
  // A container has the cgroups of its host, of whatever version.
  failCgroupV1: false,
  failSwapOn: false,
  cgroupDriver: "cgroupfs",
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  evictionHard: { "nodefs.available": "1%", "imagefs.available": "1%" },
};

/** What a pod reaches for: protocol, address, port. */
export type Target = readonly ["tcp" | "udp", string, number];
type Targets = Readonly<Record<string, Target>>;

/** What became of a target that was talked to for a while. */
export interface Told {
  readonly asked: number;
  readonly lost: number;
  readonly broken: number;
  readonly gapMs: number;
}

/** Makes nodes of hosts, and pods on them. */
export class KubernetesNodes {
  constructor(
    private readonly lab: Lab,
    private readonly kubernetes: ControlPlane,
  ) {}

  /** Starts what makes a node of a host, and an echo of the host itself, and waits until Kubernetes calls it ready. */
  async join(host: string): Promise<void> {
    await this.#write(host, "/etc/containerd/config.toml", CONTAINERD);
    await this.#write(host, "/etc/kubernetes/kubeconfig", this.kubernetes.kubeconfig("admin"));
    await this.#write(host, "/etc/kubernetes/kubelet.json", JSON.stringify(KUBELET));
    await this.#write(host, "/run/pod-image.py", readFileSync(IMAGE_WRITER, "utf8"));
    await this.#write(host, TALK, readFileSync(join(__dirname, "pod-talk.py"), "utf8"));
    await this.lab.ssh(
      host,
      `set -e
       install -m 0755 /opt/cni-plugins/flannel /usr/lib/cni/flannel
       systemctl restart containerd
       python3 /run/pod-image.py | ctr --namespace k8s.io image import --snapshotter native - >/dev/null
       systemd-run --quiet --unit host-echo python3 ${TALK} serve
       systemd-run --quiet --unit kubelet /opt/kubernetes/kubelet --config /etc/kubernetes/kubelet.json \
         --kubeconfig /etc/kubernetes/kubeconfig --hostname-override ${host} --node-ip ${this.lab.addressOf(host)}
       systemd-run --quiet --unit kube-proxy /opt/kubernetes/kube-proxy --kubeconfig /etc/kubernetes/kubeconfig \
         --hostname-override ${host} --proxy-mode iptables --cluster-cidr 10.200.0.0/16 --conntrack-max-per-core 0 \
         --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0`,
    );
    await this.#await(`/api/v1/nodes/${host}`, (node) => condition(node) === "True");
  }

  /** Starts a pod with the echo on a host; its port 8080 is the host's `hostPort`, too. Returns its address. */
  async startPod(name: string, host: string, hostPort: number): Promise<string> {
    const container = {
      name: "echo",
      image: IMAGE,
      imagePullPolicy: "Never",
      command: ["/usr/bin/python3", TALK, "serve"],
      ports: [{ containerPort: 8080, hostPort }],
      volumeMounts: [{ name: "usr", mountPath: "/usr", readOnly: true }],
    };
    await this.kubernetes.create("/api/v1/namespaces/default/pods", {
      metadata: { name, labels: { app: "echo" } },
      spec: {
        nodeName: host,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        tolerations: [{ operator: "Exists" }],
        containers: [container],
        volumes: [{ name: "usr", hostPath: { path: "/usr" } }],
      },
    });
    const path = `/api/v1/namespaces/default/pods/${name}`;
    const pod = await this.#await(path, (found) => condition(found) === "True");
    return String(statusOf(pod)["podIP"]);
  }

  /** Has a pod reach for targets once: why not, by name, for those that it did not reach. */
  async tryFrom(pod: string, host: string, targets: Targets): Promise<Record<string, string>> {
    const command = `python3 ${TALK} try '${JSON.stringify(targets)}'`;
    const text = await this.lab.ssh(host, inPod(pod, command));
    const results = JSON.parse(text) as Record<string, { ok: boolean; error?: string }>;
    const failed = Object.entries(results).filter(([, { ok }]) => !ok);
    return Object.fromEntries(failed.map(([name, { error }]) => [name, error ?? ""]));
  }

  /** The same, with time for kube-proxy to hear of new Services. */
  async tryInTime(pod: string, host: string, targets: Targets): Promise<Record<string, string>> {
    const endMs = Date.now() + 30_000;
    for (;;) {
      const failed = await this.tryFrom(pod, host, targets);
      if (Object.keys(failed).length === 0 || Date.now() > endMs) return failed;
      await sleep(500);
    }
  }

  /** Lets a pod, or with `undefined` the host itself, talk to targets until `endTalk`. */
  async beginTalk(pod: string | undefined, host: string, targets: Targets): Promise<void> {
    const unit = unitOf(pod);
    const command = `systemd-run --quiet --unit ${unit} --property StandardOutput=truncate:/run/${unit} `;
    const talk = `python3 ${TALK} talk '${JSON.stringify(targets)}'`;
    await this.lab.ssh(host, pod === undefined ? command + talk : inPod(pod, talk, command));
  }

  async endTalk(pod: string | undefined, host: string): Promise<Readonly<Record<string, Told>>> {
    const unit = unitOf(pod);
    const text = await this.lab.ssh(host, `systemctl stop ${unit}; cat /run/${unit}`);
    return JSON.parse(text) as Readonly<Record<string, Told>>;
  }

  async #write(host: string, path: string, content: string): Promise<void> {
    await this.lab.ssh(host, `mkdir -p "$(dirname ${path})"; cat >${path}`, content);
  }

  async #await(
    path: string,
    isDone: (object: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>> {
    let last: Readonly<Record<string, unknown>> = {};
    for (let attempt = 0; attempt < 300; attempt++) {
      last = await this.kubernetes.read(path).catch(() => ({}));
      if (isDone(last)) return last;
      await sleep(300);
    }
    throw new Error(`${path}: not ready: ${JSON.stringify(last["status"])}`);
  }
}

function unitOf(pod: string | undefined): string {
  return `talk-${pod ?? "host"}`;
}

/** A command in the network of a pod's first container, started by `prefix`. */
function inPod(pod: string, command: string, prefix = ""): string {
  return `set -e
    id=$(ctr -n k8s.io containers list -q 'labels."io.kubernetes.pod.name"==${pod},labels."io.kubernetes.container.name"==echo')
    pid=$(ctr -n k8s.io tasks list | awk -v id="$id" '$1 == id { print $2 }')
    ${prefix}nsenter -t "$pid" -n ${command}`;
}

function statusOf(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return (object["status"] ?? {}) as Readonly<Record<string, unknown>>;
}

/** Whether Kubernetes calls a node or pod ready. */
function condition(object: Readonly<Record<string, unknown>>): string | undefined {
  const all = (statusOf(object)["conditions"] ?? []) as readonly { type: string; status: string }[];
  return all.find(({ type }) => type === "Ready")?.status;
}
