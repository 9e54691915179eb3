// kube-subnet-mgr against the real Kubernetes API: two hosts whose flanneld knows nothing of etcd, and why it does
// not come up where Kubernetes does not play along.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { execa } from "execa";

import {
  ControlPlane,
  ETCD_FOR_KUBERNETES,
  FLANNEL_RULES,
  KUBERNETES,
} from "../support/control-plane";
import { Lab, type PlayRun } from "../support/lab";

const PLAYBOOK = "molecule/shared/converge.yml";
const KUBECONFIG = "/etc/flannel/kubeconfig";
const SUBNETS = { "worker-1": "10.200.17.0/24", "worker-2": "10.200.34.0/24" } as const;
const HOSTS = Object.keys(SUBNETS) as (keyof typeof SUBNETS)[];

/** What a user of the role sets. */
const VARIABLES = {
  flannel_settings_user: { "kube-subnet-mgr": true, "kubeconfig-file": KUBECONFIG },
  flannel_environment: { NODE_NAME: "{{ inventory_hostname }}" },
  flannel_ip_forward: true,
};

describe("kube-subnet-mgr against a real kube-apiserver", function () {
  this.timeout(300_000);
  const lab = new Lab("test-subnet-manager", {
    LAB_WORKERS: "2",
    LAB_ETCD: "1",
    LAB_ETCD_VERSION: ETCD_FOR_KUBERNETES,
    LAB_KUBERNETES_VERSION: KUBERNETES,
    LAB_KUBERNETES_PROGRAMS: "kube-apiserver",
  });
  const kubernetes = new ControlPlane(lab);

  before(async () => {
    await lab.upWithEtcd();
    await kubernetes.start();
    await kubernetes.allowFlannel(FLANNEL_RULES);
    for (const host of HOSTS) {
      await kubernetes.addNode(host, SUBNETS[host]);
      const write = `mkdir -p /etc/flannel; cat >${KUBECONFIG}`;
      await lab.ssh(host, write, kubernetes.kubeconfig("flannel"));
    }
  });
  after(async () => {
    await lab.down();
  });

  async function play(variables: object = {}, ...args: string[]): Promise<PlayRun> {
    const all = JSON.stringify({ ...VARIABLES, ...variables });
    return await lab.play(PLAYBOOK, ["--extra-vars", all, ...args]);
  }

  it("gives each host the range that its node has, as check mode predicts", async () => {
    const predicted = await play({}, "--check");
    expect(predicted.exitCode, predicted.output).to.equal(0);
    const run = await play({ flannel_verify: true });
    expect(run.exitCode, run.output).to.equal(0);
    expect(predicted.changed).to.deep.equal(run.changed);
    for (const host of HOSTS) {
      const env = await lab.ssh(host, "cat /run/flannel/subnet.env");
      expect(env).to.include(`FLANNEL_SUBNET=${SUBNETS[host].replace("0/24", "1/24")}`);
    }
    expect((await play()).changed).to.deep.equal([]);
  });

  it("tells the other hosts by the node's annotations, and carries their pods", async () => {
    for (const host of HOSTS) {
      const { annotations } = (await kubernetes.read(`/api/v1/nodes/${host}`)).metadata;
      expect(annotations).to.include({
        "flannel.alpha.coreos.com/backend-type": "vxlan",
        "flannel.alpha.coreos.com/kube-subnet-manager": "true",
        "flannel.alpha.coreos.com/public-ip": lab.addressOf(host),
      });
    }
    await execa("scripts/lab/pods", ["--json"], { env: { LAB_NAME: lab.name } });
  });

  it("leaves etcd and its certificates alone", async () => {
    const flags =
      "--cacert /etc/etcd/ca-etcd.pem --cert /etc/etcd/cert-etcd.pem --key /etc/etcd/cert-etcd-key.pem";
    const keys = await lab.ssh(
      "etcd-1",
      `/opt/etcd/etcdctl ${flags} get --prefix --keys-only /kubernetes-cluster`,
    );
    expect(keys).to.equal("");
    expect(await lab.ssh("worker-1", "ls /var/lib/kubernetes 2>/dev/null || true")).to.equal("");
  });

  it("changes the backend, which is in a file of each host", async () => {
    for (const backend of ["host-gw", "vxlan"]) {
      const variables = { flannel_backend_type: backend };
      const run = await play({ ...variables, flannel_verify: true });
      expect(run.exitCode, run.output).to.equal(0);
      expect((await play(variables)).changed).to.deep.equal([]);
      const { annotations } = (await kubernetes.read("/api/v1/nodes/worker-1")).metadata;
      expect(annotations?.["flannel.alpha.coreos.com/backend-type"]).to.equal(backend);
    }
  });

  it("reports who has which range and reaches whom", async () => {
    const folder = mkdtempSync(join(tmpdir(), "subnet-manager-"));
    try {
      const run = await play({ flannel_report: true, flannel_report_dir: folder });
      expect(run.exitCode, run.output).to.equal(0);
      const report = readFileSync(join(folder, "flannel.md"), "utf8");
      for (const host of HOSTS) expect(report).to.include(SUBNETS[host].replace("0/24", ""));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  async function registerAnew(podCIDR?: string): Promise<void> {
    await kubernetes.removeNode("worker-1");
    await kubernetes.addNode("worker-1", podCIDR);
  }

  /** Why flanneld does not come up: how it is brought about, how mended, and what the role says. */
  const TROUBLE: readonly {
    readonly when: string;
    readonly spoil: () => Promise<unknown>;
    readonly mend: () => Promise<unknown>;
    readonly variables?: object;
    readonly cause: RegExp;
    readonly remedy: RegExp;
  }[] = [
    {
      when: "NODE_NAME is not the name of a node",
      spoil: () => Promise.resolve(),
      mend: () => Promise.resolve(),
      variables: { flannel_environment: { NODE_NAME: "worker-1.example.org" } },
      cause: /Kubernetes has no node with this host's name/,
      remedy: /set NODE_NAME/,
    },
    {
      when: "the node has no pod CIDR",
      spoil: () => registerAnew(),
      mend: () => registerAnew(SUBNETS["worker-1"]),
      cause: /the node has no pod CIDR/,
      remedy: /--allocate-node-cidrs/,
    },
    {
      when: "the pod CIDR is outside of the network",
      spoil: () => registerAnew("10.99.1.0/24"),
      mend: () => registerAnew(SUBNETS["worker-1"]),
      cause: /or one outside the network/,
      remedy: /--cluster-cidr/,
    },
    {
      when: "flannel's account may not list nodes",
      spoil: () => kubernetes.allowFlannel([]),
      mend: () => kubernetes.allowFlannel(FLANNEL_RULES),
      cause: /Kubernetes refuses flannel's account/,
      remedy: /get, list and watch nodes/,
    },
    {
      when: "flannel's account may not annotate its node",
      // A node that has the right annotations already needs no patch.
      spoil: async () => {
        await registerAnew(SUBNETS["worker-1"]);
        await kubernetes.allowFlannel(FLANNEL_RULES.slice(0, 2));
      },
      mend: () => kubernetes.allowFlannel(FLANNEL_RULES),
      cause: /flannel may not annotate it/,
      remedy: /patch nodes\/status/,
    },
    {
      when: "the API server is down",
      spoil: () => kubernetes.stop(),
      mend: () => kubernetes.start(),
      cause: /flannel cannot work with the Kubernetes API/,
      remedy: /check kubeconfig-file/,
    },
  ];

  for (const { when, spoil, mend, variables, cause, remedy } of TROUBLE) {
    it(`says why flanneld does not come up when ${when}, and how to mend it`, async () => {
      await lab.ssh("worker-1", "systemctl stop flanneld");
      await spoil();
      const failed = await play(variables, "--limit", "worker-1");
      expect(failed.exitCode, failed.output).not.to.equal(0);
      expect(failed.output).to.match(cause).and.match(remedy);
      await mend();
      const mended = await play({}, "--limit", "worker-1");
      expect(mended.exitCode, mended.output).to.equal(0);
    });
  }

  it("carries the pods again after all that", async () => {
    await execa("scripts/lab/pods", ["--json"], { env: { LAB_NAME: lab.name } });
    expect((await play()).changed).to.deep.equal([]);
  });
});
