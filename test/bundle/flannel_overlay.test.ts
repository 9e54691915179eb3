// The shipped module between two hosts that are namespaces of this machine; their overlay are plain routes.

import { rmSync } from "node:fs";

import { expect } from "chai";

import { buildModule } from "../support/build-module";
import { type OverlayHost, joinHosts, plugCarelessCards } from "../support/overlay-hosts";

type Result = Readonly<Record<string, unknown>>;

/** What is there of the module's in a host; nothing before and after a trial. */
const TRACES = `ip -o link show flannel-try 2>/dev/null || true
  ls /run/netns 2>/dev/null || true
  ip route show dev flannel-try 2>/dev/null || true
  grep -alz 'flannel_overlay-ech[o]' /proc/[0-9]*/cmdline 2>/dev/null || true`;

describe("flannel_overlay", function () {
  this.timeout(60_000);
  let library: string;
  let one: OverlayHost;
  let two: OverlayHost;

  before(() => {
    library = buildModule("flannel_overlay");
  });
  after(() => {
    rmSync(library, { recursive: true });
  });
  beforeEach(async () => {
    [one, two] = await joinHosts();
  });
  afterEach(() => {
    one.down();
    two.down();
  });

  const serving = async (host: OverlayHost, more: object = {}): Promise<unknown> => {
    const result = await host.run(library, { state: "serving", ...more });
    expect(result, JSON.stringify(result)).to.include({ changed: true, state: "serving" });
    return result["echo"];
  };
  /** What the first host finds about the second. */
  const tried = async (
    more: object = {},
    [first, second]: readonly [OverlayHost, OverlayHost] = [one, two],
  ): Promise<Result> => {
    const peers = { "worker-1": await serving(first), "worker-2": await serving(second) };
    return first.run(library, {
      state: "tried",
      host: "worker-1",
      backend: "vxlan",
      peers,
      ...more,
    });
  };
  const sentences = (result: Result): string => (result["unreached"] as string[]).join("\n");

  describe("where the overlay carries", () => {
    it("reaches the other host from a pod and from the host, in both families, and leaves nothing", async () => {
      const before = [await one.sh(TRACES), await two.sh(TRACES)];
      const result = await tried();
      expect(result, JSON.stringify(result)).to.deep.include({
        changed: false,
        ok: true,
        tried: 1,
        like_pod: true,
        hindrances: [],
        unreached: [],
        oddities: [],
        checksum_errors: 0,
        reach: { "worker-2": { address: "10.200.2.254", ping: true, tcp: true, word: "ok" } },
      });
      for (const host of [one, two]) {
        expect(await host.sh(TRACES))
          .to.include("flannel-overlay")
          .and.include("flannel-try");
        const silent = await host.run(library, { state: "silent" });
        expect(silent["changes"]).to.have.length(2);
        expect(silent["checksum_errors"]).to.equal(0);
        expect((await host.run(library, { state: "silent" }))["changed"]).to.equal(false);
      }
      expect([await one.sh(TRACES), await two.sh(TRACES)]).to.deep.equal(before);
    });

    it("touches nothing in check mode, and says that nothing was tried", async () => {
      const before = await one.sh(TRACES);
      const predicted = await one.run(library, { state: "serving" }, true);
      expect(predicted).to.deep.include({ changed: true, echo: null });
      const peers = { "worker-2": await serving(two) };
      const result = await one.run(library, { state: "tried", peers }, true);
      expect(result).to.include({ changed: false, ok: null, tried: 0 });
      expect(result["verdict"]).to.equal("nothing was tried: check mode");
      expect(await one.sh(TRACES)).to.equal(before);
      await two.run(library, { state: "silent" }, true);
      expect(await two.sh(TRACES)).to.include("flannel-overlay");
    });

    it("takes no address that a pod holds, by the records of CNI and by who answers on the bridge", async () => {
      await one.sh(`mount -t tmpfs tmpfs /var/lib; mkdir -p /var/lib/cni/networks/cbr0
        touch /var/lib/cni/networks/cbr0/10.200.1.9
        printf 10.200.1.10 >/var/lib/cni/networks/cbr0/last_reserved_ip.0
        ip link add cni0 type bridge; ip address add 10.200.1.1/24 dev cni0; ip link set cni0 up
        ip netns add pod; ip link add veth1 type veth peer name eth0 netns pod
        ip link set veth1 master cni0 up; ip -n pod link set eth0 up; ip -n pod address add 10.200.1.8/24 dev eth0`);
      expect(await serving(one)).to.have.nested.property("ipv4.address", "10.200.1.7");
    });

    it("serves anew where a run that was killed has left something, and ends by itself", async () => {
      await serving(one);
      await one.sh("pkill -9 -f 'flannel_overlay-ech[o]'; ip netns list | grep -q flannel-overlay");
      await serving(one);
      await serving(one, { lifetime: 1 });
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(await one.sh(TRACES)).to.equal("");
    });
  });

  it("may be killed anywhere, and the next run goes on from there", async () => {
    for (const afterMs of [60, 90, 120, 150, 180, 220, 300]) {
      await one.runAndKill(library, { state: "serving" }, afterMs);
      expect(await serving(one), `after ${afterMs} ms`).to.have.nested.property(
        "ipv4.place",
        "pod",
      );
      await one.runAndKill(library, { state: "silent" }, afterMs);
      await one.run(library, { state: "silent" });
      expect(await one.sh(TRACES), `after ${afterMs} ms`).to.equal("");
    }
  });

  describe("where it does not", () => {
    /** [what is wrong, how it is made on the first and the second host, what is said, which word]. */
    const FAULTS: readonly (readonly [string, string, string, RegExp, string])[] = [
      [
        "the second host forwards nothing",
        "",
        "iptables -P FORWARD DROP; ip6tables -P FORWARD DROP",
        /^worker-2 \(10\.200\.2\.254, fd00:.*\): the host answers over the overlay, its pods do not$/,
        "no",
      ],
      [
        "the first host forwards nothing",
        "iptables -P FORWARD DROP; ip6tables -P FORWARD DROP",
        "ip link delete flannel.1",
        /^worker-2 \(.*\): this host reaches it over the overlay, its pods do not$/,
        "no",
      ],
      [
        "a packet filter drops TCP",
        "",
        "iptables -A FORWARD -p tcp -j DROP",
        /^worker-2 \(10\.200\.2\.254\): ping works, TCP does not; as UDP works, it is not the checksums$/,
        "no TCP",
      ],
      [
        "a packet filter rejects TCP",
        "",
        "iptables -A FORWARD -p tcp -j REJECT",
        /^worker-2 \(10\.200\.2\.254\): TCP is refused$/,
        "no",
      ],
      [
        "nothing but ping gets through",
        "",
        "iptables -A FORWARD ! -p icmp -j DROP",
        /^worker-2 \(10\.200\.2\.254\): ping works, TCP does not$/,
        "ping only",
      ],
      [
        "full packets vanish",
        "",
        "iptables -A FORWARD -m length --length 1421:65535 -j DROP",
        /^worker-2 \(10\.200\.2\.254\): small packets get through, those of 1450 bytes, .* do not; one of 1410 bytes does$/,
        "small packets only",
      ],
      [
        "the lease has no route",
        "ip route delete 10.200.2.0/24; ip route add default via 10.9.0.2",
        "ip route delete 10.200.1.0/24",
        /no route for its lease and sends to the default gateway$/,
        "no",
      ],
      [
        "the lease has no route, and there is no other",
        "ip route delete 10.200.2.0/24",
        "",
        /this host has no route for its lease$/,
        "no",
      ],
      [
        "the network below carries nothing",
        "",
        "iptables -A INPUT -i eth0 -j DROP; iptables -A FORWARD -j DROP",
        /^worker-2 \(10\.200\.2\.254\): not reached over the overlay$/,
        "no",
      ],
    ];
    /** Each between hosts of its own, all at the same time: most of a failing trial is waiting. */
    let results: readonly Result[];

    before(async () => {
      results = await Promise.all(
        FAULTS.map(async ([, first, second]) => {
          const hosts = await joinHosts();
          await hosts[0].sh(first);
          await hosts[1].sh(second);
          const result = await tried({}, hosts);
          hosts.forEach((host) => {
            host.down();
          });
          return result;
        }),
      );
    });
    for (const [index, [fault, , , sentence, word]] of FAULTS.entries()) {
      it(`says so when ${fault}`, () => {
        const result = results[index] ?? {};
        expect(result["ok"], JSON.stringify(result)).to.equal(false);
        expect(sentences(result)).to.match(sentence);
        expect(result).to.have.nested.property("reach.worker-2.word", word);
        expect(result["remedies"]).to.have.length(1);
      });
    }

    it("proves wrong checksums by what the receiver has counted", async () => {
      const cards = await plugCarelessCards([one, two], [two]);
      const result = await tried();
      expect(result["ok"], JSON.stringify(result)).to.equal(false);
      expect(sentences(result)).to.match(
        /^worker-2 \(.*\): ping works, TCP does not, and [1-9]\d* packets arrived here with a wrong checksum \(InCsumErrors/,
      );
      expect(result["remedies"]).to.deep.equal([
        "Ping without TCP is what broken TX checksum offload of the vxlan device looks like: set flannel_tx_checksum_offload: false.",
      ]);
      expect(result["suspects"]).to.deep.equal(["worker-2"]);
      cards.kill();
    });

    it("suspects the checksums where only the other host can know, which tells it in the end", async () => {
      const cards = await plugCarelessCards([one, two], [one]);
      const result = await tried();
      expect(sentences(result)).to.match(/^worker-2 \(.*\): ping works, TCP does not$/);
      expect(result["suspects"]).to.deep.equal(["worker-2"]);
      const { checksum_errors: counted } = await two.run(library, { state: "silent" });
      expect(counted).to.be.greaterThan(0);
      cards.kill();
    });

    it("is green, and says what is odd, where pods are masqueraded or large packets are cut up", async () => {
      await one.sh(`iptables -t nat -A POSTROUTING -s 10.200.0.0/16 -o eth0 -j MASQUERADE
        ip route replace fd00:200:0:2::/64 via fd00:9::2 mtu 1400`);
      const result = await tried();
      expect(result["ok"], JSON.stringify(result)).to.equal(true);
      const oddities = (result["oddities"] as string[]).join("\n");
      expect(oddities).to.match(
        /sees this host's pods as 10\.9\.0\.1: their packets are masqueraded/,
      );
      expect(oddities).to.match(
        /\(fd00:.*\): is reached, but packets of 1450 bytes have to be fragmented/,
      );
      expect(result["verdict"]).to.include("1 of 1 other hosts reached");
    });
  });

  describe("where it cannot try", () => {
    it("is never green when nothing was tried", async () => {
      const silent = await one.run(library, { state: "tried", peers: { "worker-2": null } });
      expect(silent).to.include({ ok: false, tried: 0 });
      expect(sentences(silent)).to.match(/^worker-2: serves no echo, so nothing was tried/);
      one.writeLease(false);
      const peers = { "worker-2": await serving(two) };
      const homeless = await one.run(library, { state: "tried", peers });
      expect(homeless["ok"]).to.equal(false);
      expect(sentences(homeless)).to.match(/^this host has no subnet in .*subnet\.env/);
      const alone = await one.run(library, {
        state: "tried",
        host: "worker-1",
        peers: { "worker-1": null },
      });
      expect(alone["ok"]).to.equal(false); // still without a subnet
      one.writeLease(true);
      const single = await one.run(library, {
        state: "tried",
        host: "worker-1",
        peers: { "worker-1": null },
      });
      expect(single).to.include({ ok: null, tried: 0 });
    });

    it("serves nothing without a lease, and says why", async () => {
      one.writeLease(false);
      const result = await one.run(library, { state: "serving" });
      expect(result).to.include({ changed: false, echo: null });
      expect(result["warnings"]).to.match(/names no subnet/);
      rmSync(one.subnetFile);
      const bare = await one.run(library, { state: "serving" });
      expect(bare["hindrances"]).to.match(/there is no .*subnet\.env: flanneld has no lease yet/);
    });

    it("tries from the host's own address where the host forwards nothing, and says so", async () => {
      await two.sh("echo 0 >/proc/sys/net/ipv4/ip_forward");
      const result = await tried();
      expect(result["ok"], JSON.stringify(result)).to.equal(true);
      const served = await two.run(library, { state: "serving" });
      expect(served).to.have.nested.property("echo.ipv4.place", "host");
      expect(served).to.have.nested.property("echo.ipv4.address", "10.200.2.0");
      expect(served).to.have.nested.property("echo.ipv6.place", "pod");
      expect((served["hindrances"] as string[]).join()).to.match(
        /ip_forward is off.*flannel_ip_forward: true/,
      );
    });

    it("lends the host an address where it has none and can make no namespace", async () => {
      await two.sh("ip link delete flannel.1; mount -t tmpfs -o ro tmpfs /run");
      const served = await two.run(library, { state: "serving" });
      expect(served, JSON.stringify(served)).to.have.nested.property("echo.ipv4.place", "host");
      expect((served["hindrances"] as string[]).join()).to.match(
        /^at the host's own address, not like a pod.*ip netns add flannel-overlay/,
      );
      const result = await one.run(library, {
        state: "tried",
        peers: { "worker-2": served["echo"] },
      });
      expect(result, JSON.stringify(result)).to.include({ ok: true, like_pod: false });
      await two.run(library, { state: "silent" });
      expect(await two.sh(TRACES)).to.equal("");
    });

    it("does without ping, and without iproute2", async () => {
      const folder = await two.sh("d=$(mktemp -d); ln -s /usr/sbin/iptables $d; echo $d");
      const served = await two.run(library, { state: "serving" }, false, folder);
      expect((served["hindrances"] as string[]).join()).to.match(
        /no ip program that supports network namespaces/,
      );
      expect(served).to.have.nested.property("echo.ipv4.place", "host");
      const peers = { "worker-2": served["echo"] };
      const result = await one.run(library, { state: "tried", peers }, false, folder);
      expect(result, JSON.stringify(result)).to.include({ ok: true, tried: 1 });
      expect(result).to.have.nested.property("reach.worker-2.ping", null);
      rmSync(folder, { recursive: true });
    });

    it("is through with a hundred hosts that do not answer in half a minute", async () => {
      await serving(one);
      const gone = { address: "10.200.2.77", port: 9, udp_port: 9, place: "pod" };
      const names = Array.from({ length: 100 }, (_, index) => `worker-${index + 10}`);
      const start = Date.now();
      const result = await one.run(library, {
        state: "tried",
        peers: Object.fromEntries(names.map((name) => [name, { ipv4: gone }])),
      });
      expect(result).to.include({ ok: false, tried: 100 });
      expect(result["unreached"]).to.have.length(100);
      expect(Date.now() - start).to.be.lessThan(30_000);
    });

    it("refuses peers that are no echoes", async () => {
      const result = await one.run(library, {
        state: "tried",
        peers: { "worker-2": { ipv4: "10.200.2.1" } },
      });
      expect(result).to.include({ failed: true, error_code: "invalid_arguments" });
      expect(result["msg"]).to.match(
        /^peers: worker-2: "10\.200\.2\.1" has no address and ports: expected/,
      );
    });
  });
});
