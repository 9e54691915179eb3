import { expect } from "chai";

import { type FlannelOverlayOptions } from "../../../../src/generated/flannel_overlay";
import { plan } from "../../../../src/modules/flannel_overlay/plan";
import { type HostState, declaredBy, hostOf } from "../../../support/flannel-overlay";

const BOTH = ["ipv4", "ipv6"] as const;
const END = "end the echo (process 41, 42)";
const REMOVE = "remove network namespace flannel-overlay and interface flannel-try";

describe("flannel_overlay plan", () => {
  const planFor = (
    state: FlannelOverlayOptions["state"],
    host: HostState = {},
  ): ReturnType<typeof plan> =>
    plan(declaredBy({ state, ...(state === "tried" ? { peers: {} } : {}) }), hostOf(host));

  /** [the host, what is served where, why not like a pod]. */
  const SERVING: readonly (readonly [string, HostState, readonly string[], RegExp])[] = [
    ["a host with a lease", {}, ["serve an echo at 10.200.1.254 like a pod"], /^$/],
    [
      "a host with two families",
      { families: BOTH },
      ["serve an echo at 10.200.1.254 like a pod and fd00:1::fffe like a pod"],
      /^$/,
    ],
    [
      "an IPv6-only host",
      { families: ["ipv6"] },
      ["serve an echo at fd00:1::fffe like a pod"],
      /^$/,
    ],
    [
      "a host on which an echo was left",
      { serves: true },
      [END, REMOVE, "serve an echo at 10.200.1.254 like a pod"],
      /^$/,
    ],
    [
      "a host that forwards nothing",
      { forwards: false },
      ["serve an echo at 10.200.1.0"],
      /not like a pod: .*net\.ipv4\.ip_forward is off.*flannel_ip_forward: true/,
    ],
    [
      "an IPv6 host that forwards nothing",
      { forwards: false, families: ["ipv6"] },
      ["serve an echo at fd00:1::"],
      /net\.ipv6\.conf\.all\.forwarding is off/,
    ],
    [
      "a host without iproute2",
      { knowsNamespaces: false },
      ["serve an echo at 10.200.1.0"],
      /no ip program that supports network namespaces/,
    ],
    [
      "a host that has given all addresses away",
      { isFull: true },
      ["serve an echo at 10.200.1.0"],
      /no address of 10\.200\.1\.1\/24 is free/,
    ],
    [
      "a host without an address of its own that forwards nothing",
      { forwards: false, isBare: true },
      ["serve an echo at 10.200.1.254"],
      /ip_forward is off/,
    ],
    ["a host with no address at all", { isFull: true, isBare: true }, [], /is free/],
    ["a host without a subnet", { lease: "empty" }, [], /^no echo: .*subnet\.env names no subnet$/],
    [
      "a host without a lease",
      { lease: "missing" },
      [],
      /^no echo: there is no .*: flanneld has no lease yet$/,
    ],
  ];
  for (const [name, host, changes, hindrance] of SERVING) {
    it(`serves from ${name}: ${changes.at(-1) ?? "nothing"}`, () => {
      const planned = planFor("serving", host);
      expect(planned.changes.map(({ summary }) => summary)).to.deep.equal(changes);
      expect(planned.hindrances.join()).to.match(hindrance);
      expect(planned.warnings).to.deep.equal(planned.hindrances);
    });
  }

  it("lends an address only where the host has none, and knows where to serve without a namespace", () => {
    const [served] = planFor("serving", { isBare: true }).changes;
    expect(served).to.deep.include({
      posts: [
        { family: "ipv4", place: "pod", address: "10.200.1.254", own: undefined, isLent: false },
      ],
      otherwise: [{ family: "ipv4", place: "host", address: "10.200.1.254", isLent: true }],
      mtu: 1450,
    });
    const [onHost] = planFor("serving", { forwards: false }).changes;
    expect(onHost).to.have.deep.property("posts", [
      { family: "ipv4", place: "host", address: "10.200.1.0", isLent: false },
    ]);
  });

  it("changes nothing when it tries, whatever is there", () => {
    expect(planFor("tried", { serves: true }).changes).to.deep.equal([]);
  });

  it("says it where it could not try like a pod", () => {
    const tried = { trials: [], checksumErrors: { pod: 0, host: 0 }, likePod: true, faults: [] };
    expect(planFor("tried", { tried }).warnings).to.deep.equal([]);
    const partial = { ...tried, likePod: false, faults: ["cannot try the overlay: no memory"] };
    const { warnings, hindrances } = planFor("tried", { tried: partial });
    expect(warnings).to.deep.equal(hindrances);
    expect(warnings?.join("\n")).to.match(
      /^cannot try.*no memory\n.*own address only, not like a pod/,
    );
  });

  it("removes all that is there, and nothing where nothing is", () => {
    const summaries = planFor("silent", { serves: true }).changes.map(({ summary }) => summary);
    expect(summaries).to.deep.equal([END, REMOVE]);
    expect(planFor("silent").changes).to.deep.equal([]);
  });
});
