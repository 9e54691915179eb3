// A small cluster of flesh: real Kubernetes on three hosts, whose pod network this role makes in its usual way, with
// its leases in etcd. What pods reach, and what they notice when flanneld is replaced under them, host by host.

import { expect } from "chai";

import { ControlPlane, ETCD_FOR_KUBERNETES, KUBERNETES } from "../support/control-plane";
import { KubernetesNodes, type Target, type Told } from "../support/kubernetes-nodes";
import { Lab, type PlayRun } from "../support/lab";

const PLAYBOOK = "molecule/shared/converge.yml";
const HOSTS = ["worker-1", "worker-2", "worker-3"];
const HOST_PORT = 18080;
const OLD = "v0.28.9";
const NEW = "v0.28.10";

describe("a real Kubernetes on the role's pod network", function () {
  this.timeout(600_000);
  const lab = new Lab("test-cluster", {
    LAB_WORKERS: "3",
    LAB_ETCD: "1",
    LAB_ETCD_VERSION: ETCD_FOR_KUBERNETES,
    LAB_KUBERNETES_VERSION: KUBERNETES,
    LAB_KUBERNETES_PROGRAMS: "kube-apiserver kube-controller-manager kubelet kube-proxy",
    LAB_FLANNEL_VERSIONS: `${OLD} ${NEW}`,
  });
  const kubernetes = new ControlPlane(lab);
  const nodes = new KubernetesNodes(lab, kubernetes);
  const addresses: Record<string, string> = {};
  let service = "";
  let names = "";

  before(async () => {
    await lab.upWithEtcd();
    await kubernetes.start();
    await kubernetes.startControllers();
    const run = await play(OLD);
    expect(run.exitCode, run.output).to.equal(0);
    await Promise.all(HOSTS.map((host) => nodes.join(host)));
    for (const host of HOSTS) {
      addresses[host] = await nodes.startPod(podOf(host), host, HOST_PORT);
    }
    service = await kubernetes.addService("echo", "TCP", 8080);
    names = await kubernetes.addService("names", "UDP", 53);
  });
  after(async () => {
    await lab.down();
  });

  async function play(version: string, ...args: string[]): Promise<PlayRun> {
    const variables = {
      flannel_version: version,
      flannel_ip_forward: true,
      flannel_systemd_docker: false,
      flannel_systemd_before: ["containerd.service"],
      flannel_restart_serial: 1,
    };
    return await lab.play(PLAYBOOK, ["--extra-vars", JSON.stringify(variables), ...args]);
  }

  const podOf = (host: string) => `echo-${host}`;
  const othersOf = (host: string) => HOSTS.filter((other) => other !== host);

  /** Targets of a pod on `host`: the other hosts' pods, and both Services. */
  function targetsOf(host: string): Record<string, Target> {
    const pods = othersOf(host).map((other): [string, Target] => [
      `pod of ${other}`,
      ["tcp", addresses[other] ?? "", 8080],
    ]);
    return {
      ...Object.fromEntries(pods),
      "Service by TCP": ["tcp", service, 8080],
      "Service by UDP": ["udp", names, 53],
    };
  }

  /** The same below the overlay: the echo of the other hosts themselves. */
  function underlayOf(host: string): Record<string, Target> {
    const others = othersOf(host).map((other) => [other, lab.addressOf(other)] as const);
    return Object.fromEntries(
      others.flatMap(([other, address]): [string, Target][] => [
        [`${other} by TCP`, ["tcp", address, 8080]],
        [`${other} by UDP`, ["udp", address, 53]],
      ]),
    );
  }

  /** The hosts' own ports, which lead to their pods. */
  function hostPorts(hosts: readonly string[]): Record<string, Target> {
    return Object.fromEntries(
      hosts.map((host) => [host, ["tcp", lab.addressOf(host), HOST_PORT]] as const),
    );
  }

  it("gives pods addresses of their host's lease", async () => {
    for (const host of HOSTS) {
      const env = await lab.ssh(host, "cat /run/flannel/subnet.env");
      const prefix = /FLANNEL_SUBNET=(\d+\.\d+\.\d+\.)/.exec(env)?.[1] ?? "no subnet";
      expect(addresses[host]).to.match(new RegExp(`^${prefix.replaceAll(".", "\\.")}`));
    }
  });

  for (const host of HOSTS) {
    it(`carries pod to pod, pod to Service by TCP and UDP, and host ports, from ${host}`, async () => {
      const targets = { ...targetsOf(host), ...hostPorts(othersOf(host)) };
      expect(await nodes.tryInTime(podOf(host), host, targets)).to.deep.equal({});
    });
  }

  it("has nothing left to do beside a kubelet", async () => {
    const run = await play(OLD);
    expect(run.exitCode, run.output).to.equal(0);
    expect(run.changed).to.deep.equal([]);
  });

  /** What every pod, and as a control every host on the network below, meets while the role runs. */
  async function talkDuring(version: string): Promise<{ pods: Told[]; hosts: Told[] }> {
    for (const host of HOSTS) {
      await nodes.beginTalk(podOf(host), host, targetsOf(host));
      await nodes.beginTalk(undefined, host, underlayOf(host));
    }
    const run = await play(version);
    expect(run.exitCode, run.output).to.equal(0);
    const pods: Told[] = [];
    const hosts: Told[] = [];
    for (const host of HOSTS) {
      pods.push(...Object.values(await nodes.endTalk(podOf(host), host)));
      hosts.push(...Object.values(await nodes.endTalk(undefined, host)));
    }
    return { pods, hosts };
  }

  for (const version of [NEW, OLD]) {
    it(`breaks no connection when flanneld becomes ${version}, one host after the other`, async () => {
      const { pods, hosts } = await talkDuring(version);
      const told = JSON.stringify({ pods, hosts });
      console.log(`      pods: ${figures(pods)}; hosts: ${figures(hosts)}`);
      expect(
        pods.every(({ asked }) => asked > 100),
        told,
      ).to.equal(true);
      expect(sum(pods, "broken"), told).to.equal(0);
      expect(sum(pods, "lost"), told).to.be.at.most(sum(hosts, "lost"));
      for (const host of HOSTS) {
        expect(await lab.ssh(host, "/usr/local/sbin/flanneld --version 2>&1")).to.equal(version);
        expect(await nodes.tryFrom(podOf(host), host, targetsOf(host))).to.deep.equal({});
      }
    });
  }
});

function figures(all: readonly Told[]): string {
  const gapMs = Math.max(...all.map((told) => told.gapMs));
  return `${sum(all, "asked")} questions, ${sum(all, "lost")} lost, longest gap ${gapMs} ms`;
}

function sum(all: readonly Told[], key: "asked" | "lost" | "broken"): number {
  return all.reduce((total, told) => total + told[key], 0);
}
