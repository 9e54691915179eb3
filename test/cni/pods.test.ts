// The CNI configuration that the role writes makes pods: by cnitool, the CNI project's own runtime, and by containerd,
// on two hosts, with flannel's plugin installed by the role.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { execa } from "execa";

import { Lab } from "../support/lab";

const ROOT = join(__dirname, "..", "..");
const CONVERGE = "molecule/shared/converge.yml";
const INSTALL = "Install flannel's CNI plugin";
const OPT_IN = ["-e", "flannel_cni_plugin_version={{ lab_cni_plugin_version }}"];
const CNITOOL = "v1.3.1";
const HOSTS = ["worker-1", "worker-2"];
const HOST_PORT = 18080;
const IMAGE = "localhost/lab-pod:1";
const PAYLOAD_BYTES = 262_144; // many full segments: a wrong MTU shows

interface Pod {
  readonly host: string;
  readonly address: string;
}

describe("the CNI configuration of the role", function () {
  this.timeout(600_000);
  const lab = new Lab("test-cni", { LAB_WORKERS: "2", LAB_CONTAINERD: "true" });
  const pods = new Map<string, Pod>();
  const untouched = new Map<string, string>();

  before(async () => {
    await lab.upWithEtcd();
    for (const host of HOSTS) await lab.ssh(host, "rm /usr/lib/cni/flannel"); // as Debian leaves it
  });
  after(() => lab.down());

  const podOn = (host: string): Pod => pods.get(host) ?? { host, address: "" };
  const inPod = (host: string, command: string): Promise<string> =>
    lab.ssh(host, `ip netns exec pod ${command}`);

  /** What a pod may leave behind: devices, rules, reservations, and what plugins write down. */
  const tracesOn = (host: string): Promise<string> =>
    lab.ssh(
      host,
      `ip -o link | grep -o 'veth[^@:]*' || true
       iptables-save | grep -E 'CNI-(DN|SN|[0-9a-f]{10})' || true
       find /var/lib/cni -type f -not -name lock -not -name 'last_reserved_ip*' 2>/dev/null || true`,
    );

  it("needs a plugin that Debian has not, of which the role warns", async () => {
    const { exitCode, output } = await lab.play(CONVERGE);
    expect(exitCode, output).to.equal(0);
    expect(output).to.include("cni_bin_dir: /usr/lib/cni: has no flannel, so no pod can start");
  });

  it("has it by flannel_cni_plugin_version, and is warned of no more", async () => {
    const predicted = await lab.play(CONVERGE, [...OPT_IN, "--check"]);
    const { exitCode, output, changed } = await lab.play(CONVERGE, OPT_IN);
    expect(exitCode, output).to.equal(0);
    expect(changed).to.deep.equal(HOSTS.map((host) => `${host}: ${INSTALL}`));
    expect(predicted.changed).to.deep.equal(changed);
    for (const run of [predicted, { output }]) expect(run.output).to.not.include("so no pod");
    expect((await lab.play(CONVERGE, OPT_IN)).changed).to.deep.equal([]);
  });

  it("is warned of where a plugin does not speak its version", async () => {
    const version = ["-e", "flannel_cni_spec_version=9.0.0", "--check"];
    const { output } = await lab.play(CONVERGE, version);
    expect(output).to.include("cni_conf: cniVersion: 9.0.0: /usr/lib/cni/flannel speaks");
  });

  describe("by cnitool", () => {
    const cnitool = (host: string, command: "add" | "del"): Promise<string> => {
      const ports = [{ hostPort: HOST_PORT, containerPort: 80, protocol: "tcp" }];
      const arguments_ = JSON.stringify({ portMappings: ports });
      const settings = `NETCONFPATH=/etc/cni/net.d CNI_PATH=/usr/lib/cni CAP_ARGS='${arguments_}'`;
      return lab.ssh(host, `${settings} cnitool ${command} cni0 /run/netns/pod`);
    };

    before(async () => {
      const { stdout } = await execa(join(ROOT, "scripts/lab/go-program"), ["cnitool", CNITOOL]);
      for (const host of HOSTS) {
        await lab.send(join(stdout, "cnitool"), host, "/usr/local/bin/cnitool");
        await lab.ssh(host, "ip netns add pod && ip -n pod link set lo up");
        untouched.set(host, await tracesOn(host));
      }
    });

    it("makes a pod with an address of the host's lease, and its MTU", async () => {
      for (const host of HOSTS) {
        const { ips } = JSON.parse(await cnitool(host, "add")) as { ips: { address: string }[] };
        const address = ips[0]?.address ?? "";
        const lease = await lab.ssh(host, "cat /run/flannel/subnet.env");
        const [, subnet = "", length = ""] = /FLANNEL_SUBNET=(.*)\.1\/(\d+)/.exec(lease) ?? [];
        expect(address).to.match(new RegExp(`^${subnet.replaceAll(".", "\\.")}\\.\\d+/${length}$`));
        const mtu = /FLANNEL_MTU=(\d+)/.exec(lease)?.[1] ?? "none";
        expect(await inPod(host, "cat /sys/class/net/eth0/mtu")).to.equal(mtu);
        pods.set(host, { host, address: address.split("/")[0] ?? "" });
      }
    });

    it("reaches the pod of the other host by ping, and by TCP with full packets", async () => {
      for (const [host, other] of [HOSTS, [...HOSTS].reverse()] as [string, string][]) {
        await lab.ssh(
          other,
          `mkdir -p /srv/pod && head -c ${PAYLOAD_BYTES} /dev/urandom >/srv/pod/payload`,
        );
        await lab.ssh(
          other,
          "systemd-run --quiet --collect --unit pod-http ip netns exec pod python3 -m http.server 80 --directory /srv/pod",
        );
        await waitFor(() => inPod(other, "curl -sf -o /dev/null http://127.0.0.1/"));
        const { address } = podOn(other);
        expect(await inPod(host, `ping -n -q -c 5 -i 0.2 ${address}`)).to.include(
          " 0% packet loss",
        );
        const got = await inPod(host, `curl -sf -m 10 http://${address}/payload | wc -c`);
        expect(Number(got)).to.equal(PAYLOAD_BYTES);
      }
    });

    it("answers on the port of its host, to other hosts, to their pods and to itself", async () => {
      const url = `http://${lab.addressOf("worker-1")}:${HOST_PORT}/payload`;
      const size = (output: string): number => Number(output);
      expect(size(await lab.ssh("worker-2", `curl -sf -m 10 ${url} | wc -c`))).to.equal(
        PAYLOAD_BYTES,
      );
      expect(size(await inPod("worker-2", `curl -sf -m 10 ${url} | wc -c`))).to.equal(
        PAYLOAD_BYTES,
      );
      const local = url.replace(lab.addressOf("worker-1"), "127.0.0.1");
      expect(size(await lab.ssh("worker-1", `curl -sf -m 10 ${local} | wc -c`))).to.equal(
        PAYLOAD_BYTES,
      );
    });

    it("keeps its pods through a restart of flanneld by the role", async () => {
      const restart = ["-e", '{"flannel_settings_user": {"v": 1}}', ...OPT_IN];
      const { exitCode, output } = await lab.play(CONVERGE, restart);
      expect(exitCode, output).to.equal(0);
      const { address } = podOn("worker-2");
      expect(await inPod("worker-1", `ping -n -q -c 3 -i 0.2 ${address}`)).to.include(
        " 0% packet loss",
      );
    });

    it("leaves nothing of a pod that is deleted", async () => {
      for (const host of HOSTS) {
        await cnitool(host, "del");
        await lab.ssh(host, "systemctl stop pod-http; ip netns delete pod");
        expect(await tracesOn(host)).to.equal(untouched.get(host));
      }
    });
  });

  describe("by containerd", () => {
    const start = async (host: string): Promise<Pod> => {
      await lab.ssh(
        host,
        `mkdir -p /opt/cni && ln -sfn /usr/lib/cni /opt/cni/bin
         cat >/root/pod-image.py; systemctl start containerd
         python3 /root/pod-image.py | ctr image import --snapshotter native - >/dev/null
         systemd-run --quiet --collect --unit pod-ctr ctr run --rm --snapshotter native --cni ${IMAGE} pod`,
        readFileSync(join(ROOT, "scripts/lab/pod-image.py"), "utf8"),
      );
      const look = `nsenter -t $(ctr task ls | awk '$1 == "pod" { print $2 }') -n ip -4 -o address show eth0`;
      const shown = await waitFor(() => lab.ssh(host, look));
      return { host, address: / inet ([0-9.]+)\//.exec(shown)?.[1] ?? "" };
    };

    it("makes pods that reach each other, of an image that came from no registry", async () => {
      for (const host of HOSTS) {
        untouched.set(host, await tracesOn(host));
        pods.set(host, await start(host));
      }
      for (const [host, other] of [HOSTS, [...HOSTS].reverse()] as [string, string][]) {
        const { address } = podOn(other);
        const pid = `$(ctr task ls | awk '$1 == "pod" { print $2 }')`;
        const ping = await lab.ssh(host, `nsenter -t ${pid} -n ping -n -q -c 5 -i 0.2 ${address}`);
        expect(ping).to.include(" 0% packet loss");
      }
    });

    it("leaves nothing of them", async () => {
      for (const host of HOSTS) {
        await lab.ssh(host, "ctr task kill --signal SIGKILL pod");
        await waitFor(() => lab.ssh(host, "! systemctl is-active --quiet pod-ctr"));
        expect(await tracesOn(host)).to.equal(untouched.get(host));
      }
    });
  });

  // In a group of its own, as mocha runs those after all that is in none.
  describe("with the role", () => {
    it("goes, and so does the plugin", async () => {
      const { exitCode, output } = await lab.play(CONVERGE, ["-e", "flannel_state=absent"]);
      expect(exitCode, output).to.equal(0);
      for (const host of HOSTS) {
        const left = await lab.ssh(
          host,
          "ls -A /etc/cni/net.d /usr/lib/cni | grep flannel || true",
        );
        expect(left).to.equal("");
      }
    });
  });
});

/** What a command prints as soon as it succeeds. */
async function waitFor(command: () => Promise<string>): Promise<string> {
  for (let left = 50; ; left--) {
    try {
      return await command();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(200);
    }
  }
}
