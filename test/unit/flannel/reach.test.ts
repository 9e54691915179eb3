import { expect } from "chai";

import { type Circumstances, type Trial, explain } from "../../../src/flannel/reach";

/** A trial that reached nothing at all, from a pod to a pod. */
const LOST: Trial = {
  host: "worker-2",
  address: "10.200.2.254",
  from: "pod",
  to: "pod",
  ping: false,
  fullPing: false,
  ownPing: null,
  udp: false,
  tcp: "no_answer",
  largest: null,
  seenAs: null,
  source: null,
  route: "lease",
};
const REACHED: Trial = {
  ...LOST,
  ping: true,
  fullPing: true,
  udp: true,
  tcp: "ok",
  seenAs: "10.200.1.254",
  source: "10.200.1.254",
};
const QUIET: Circumstances = {
  mtu: 1450,
  backend: "vxlan",
  checksumErrors: { pod: 0, host: 0 },
  reachedByHost: new Set(),
};
const byHost: Partial<Circumstances> = { reachedByHost: new Set([LOST.address]) };
const wrong: Partial<Circumstances> = { checksumErrors: { pod: 4, host: 0 } };
const pinged = { ...LOST, ping: true, fullPing: true };
const stalled = { ...REACHED, tcp: "stalled" as const };

describe("explain", () => {
  /** [what was seen, trial, what else is known, cause, sentence, word, remedy]. */
  const CASES: readonly (readonly [
    string,
    Trial,
    Partial<Circumstances>,
    string,
    RegExp,
    string,
    RegExp,
  ])[] = [
    ["all of it", REACHED, {}, "reached", /^is reached$/, "ok", /^$/],
    [
      "all of it, without a program for ping",
      { ...REACHED, ping: null, fullPing: null },
      {},
      "reached",
      /^is reached$/,
      "ok",
      /^$/,
    ],
    [
      "all of it, under another address",
      { ...REACHED, seenAs: "10.9.0.1" },
      {},
      "seen_as_another",
      /sees this host's pods as 10\.9\.0\.1: their packets are masqueraded/,
      "ok",
      /POSTROUTING.*--ip-masq=false/,
    ],
    [
      "all of it, from the host under another address, which hosts may",
      { ...REACHED, from: "host", seenAs: "10.9.0.1" },
      {},
      "reached",
      /^is reached$/,
      "ok",
      /^$/,
    ],
    [
      "TCP, but no full packet in one piece",
      { ...REACHED, fullPing: false },
      {},
      "mtu",
      /^is reached, but packets of 1450 bytes have to be fragmented on the way$/,
      "ok",
      /flannel_network_config: \{Backend: \{MTU/,
    ],
    [
      "TCP that stalls, and no full ping",
      { ...stalled, fullPing: false, largest: 1380 },
      {},
      "mtu",
      /those of 1450 bytes, which pods may send, do not; one of 1380 bytes does$/,
      "small packets only",
      /Backend: \{MTU/,
    ],
    [
      "TCP that stalls, and no program for ping, but UDP of less",
      { ...stalled, ping: null, fullPing: null, largest: 1380 },
      {},
      "mtu",
      /one of 1380 bytes does$/,
      "small packets only",
      /Backend: \{MTU/,
    ],
    [
      "TCP that stalls although full packets get through",
      stalled,
      {},
      "stalled",
      /^TCP opens, then nothing comes back/,
      "no",
      /tracks connections/,
    ],
    [
      "TCP that says something else",
      { ...REACHED, tcp: "garbled" },
      {},
      "stalled",
      /other bytes come back than were sent/,
      "no",
      /proxy/,
    ],
    [
      "TCP that is refused",
      { ...REACHED, tcp: "refused" },
      {},
      "firewall",
      /^TCP is refused$/,
      "no",
      /REJECT rule/,
    ],
    [
      "an ICMP error for TCP, and ping",
      { ...pinged, tcp: "unreachable" },
      {},
      "firewall",
      /^ping works, TCP is rejected$/,
      "no TCP",
      /iptables -S FORWARD/,
    ],
    [
      "ping without TCP, and wrong checksums at this receiver",
      pinged,
      wrong,
      "checksum",
      /^ping works, TCP does not, and 4 packets arrived here with a wrong checksum \(InCsumErrors/,
      "ping only",
      /flannel_tx_checksum_offload: false\.$/,
    ],
    [
      "no TCP, no program for ping, and wrong checksums",
      { ...LOST, ping: null, fullPing: null },
      wrong,
      "checksum",
      /^TCP does not work, and 4 packets/,
      "ping only",
      /flannel_tx_checksum_offload: false\.$/,
    ],
    [
      "ping without TCP, and wrong checksums of somebody else's at another place",
      { ...pinged, from: "host" },
      wrong,
      "checksum_or_firewall",
      /^ping works, TCP does not$/,
      "ping only",
      /flannel_tx_checksum_offload: false.*firewall/,
    ],
    [
      "ping without TCP",
      pinged,
      {},
      "checksum_or_firewall",
      /^ping works, TCP does not$/,
      "ping only",
      /flannel_tx_checksum_offload: false.*firewall/,
    ],
    [
      "ping without TCP from the pod, while the host gets through",
      pinged,
      byHost,
      "firewall",
      /it is not the checksums$/,
      "no TCP",
      /iptables -S FORWARD/,
    ],
    [
      "ping and UDP without TCP, with wrong checksums of somebody else's",
      { ...pinged, udp: true },
      wrong,
      "firewall",
      /^ping works, TCP does not; as UDP works, it is not the checksums$/,
      "no TCP",
      /iptables -S FORWARD/,
    ],
    [
      "UDP alone",
      { ...LOST, udp: true },
      {},
      "firewall",
      /^UDP works, ping and TCP do not/,
      "no TCP",
      /iptables -S FORWARD/,
    ],
    [
      "nothing, and a way to the default gateway",
      { ...LOST, route: "default" },
      {},
      "no_route",
      /no route for its lease and sends to the default gateway$/,
      "no",
      /restart flanneld/,
    ],
    [
      "nothing, and no way",
      { ...LOST, tcp: "unreachable", route: "none" },
      {},
      "no_route",
      /this host has no route for its lease$/,
      "no",
      /restart flanneld/,
    ],
    [
      "nothing, while the other host answers",
      { ...LOST, ownPing: true },
      {},
      "forward",
      /^the host answers over the overlay, its pods do not$/,
      "no",
      /flannel_ip_forward: true/,
    ],
    [
      "nothing from the pod, while this host gets through",
      LOST,
      byHost,
      "forward",
      /^this host reaches it over the overlay, its pods do not$/,
      "no",
      /flannel-try/,
    ],
    [
      "nothing at all",
      LOST,
      {},
      "underlay",
      /^not reached over the overlay$/,
      "no",
      /UDP 8472 for vxlan \(unless/,
    ],
    [
      "nothing at all where ip tells no route",
      { ...LOST, route: null },
      {},
      "underlay",
      /^not reached over the overlay$/,
      "no",
      /8472/,
    ],
  ];
  for (const [seen, trial, known, cause, sentence, word, remedy] of CASES) {
    it(`says what it means to see ${seen}`, () => {
      const finding = explain(trial, { ...QUIET, ...known });
      expect(finding).to.include({ cause, word, isFailure: trial.tcp !== "ok" });
      expect(finding.sentence).to.match(sentence);
      expect(finding.remedy).to.match(remedy);
      expect(finding.isSuspect).to.equal(cause.startsWith("checksum"));
    });
  }

  it("names what a firewall must let through, for the backend where it is known", () => {
    const remedyFor = (backend?: string): string => explain(LOST, { ...QUIET, backend }).remedy;
    expect(remedyFor("wireguard")).to.include("UDP 51820").and.not.include("8472");
    expect(remedyFor("host-gw")).to.include("one layer 2 network").and.not.include("UDP");
    expect(remedyFor("ipip")).to.include("protocol 4");
    expect(remedyFor())
      .to.include("UDP 8472 for vxlan, 8285 for udp, 51820")
      .and.include("layer 2");
    expect(remedyFor("extension")).to.equal(remedyFor());
  });
});
