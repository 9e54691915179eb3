// Tasks for flannel_overlay, in check mode only: it is about the network of a host, not about a folder.

import fc from "fast-check";

import { spec } from "../../../src/generated/flannel_overlay";
import { type Case, type Part, ROOT, caseOf, optionsOf, sometimes } from "./case";
import { type Secret, anySecret, nastySecret } from "./secret";

/** Addresses of this machine alone: a look for a free one asks them. */
const SUBNET = "FLANNEL_NETWORK=127.200.0.0/16\nFLANNEL_SUBNET=127.200.31.1/30\nFLANNEL_MTU=1450\n";

const echo = { address: "127.0.0.1", port: 1, udp_port: 1, place: "pod" };

const options = optionsOf(spec.options, {
  good: {
    state: fc.constantFrom("serving", "tried", "silent"),
    peers: fc.constantFrom<unknown>(
      { "worker-1": { ipv4: echo }, "worker-2": null },
      { "worker-1": "", "worker-2": { ipv4: { ...echo, place: "host" }, ipv6: null } },
      {},
    ),
    host: fc.constantFrom("worker-1", "nobody"),
    backend: fc.constantFrom("vxlan", "WireGuard", "nonsense"),
    lifetime: fc.constantFrom<unknown>(1, "2.5"),
  },
  bad: {
    state: fc.constantFrom("odd", "gone"),
    peers: fc.constantFrom<unknown>({ a: 1 }, { a: { ipv5: echo } }, { a: { ipv4: {} } }, [echo]),
    lifetime: fc.constantFrom<unknown>(0, 1e9, "long"),
  },
  needed: ["state", "peers"],
  forced: { subnet_file: fc.constant(`${ROOT}/subnet.env`) },
  left: [],
});
const CHECK_MODE = fc.constant(true);

const hostFiles: fc.Arbitrary<Part> = fc
  .constantFrom<Part["files"]>(
    { [`${ROOT}/subnet.env`]: SUBNET },
    { [`${ROOT}/subnet.env`]: "x" },
    {},
  )
  .map((files) => ({ ...(files === undefined ? {} : { files }) }));

/** It has no option for a secret; people write theirs down all the same, under the names of secrets. */
const places: readonly ((secret: Secret) => Part["options"])[] = [
  ({ text }) => ({ password: text }),
  ({ text }) => ({ pasword: text, state: "odd" }),
  ({ text }) => ({ token: [text] }),
];

const placed: fc.Arbitrary<Part> = anySecret.chain((secret) =>
  fc.constantFrom(...places).map((place) => ({ options: place(secret) ?? {}, secrets: [secret] })),
);

/** Tasks with secrets that must not be shown. */
export const secretOverlays: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, placed),
  CHECK_MODE,
);

const nasty: fc.Arbitrary<Part> = nastySecret.map((word) => ({
  options: { host: word, peers: { [word]: { ipv4: echo } } },
}));

/** Tasks whose names of hosts spell words of the contract. */
export const nastyOverlays: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(hostFiles, sometimes(1, nasty)),
  CHECK_MODE,
);
