// Tasks for flannel_etcd_config, on a real etcd under a key of their own.

import fc from "fast-check";

import { spec } from "../../../src/generated/flannel_etcd_config";
import { CASE, type Case, ECHO, ETCD, type Part, caseOf, optionsOf, sometimes } from "./case";
import { junkText } from "./junk";
import { documentWith } from "./network-documents";
import { type Secret, anySecret, nastySecret } from "./secret";
import { userinfoOf } from "./urls";

const PREFIX = `/${CASE}/network`;

const networks = fc.constantFrom<unknown>(
  { Network: "10.200.0.0/16", Backend: { Type: "vxlan" } },
  { Network: "10.200.0.0/16", SubnetLen: "26", Backend: { Type: "host-gw" } },
  '{Network: "10.201.0.0/16", Backend: {Type: "vxlan", VNI: 7}, /* so */}',
  "{'Network': '10.200.0.0/16'}",
);

const options = optionsOf(spec.options, {
  good: {
    flannel_version: fc.constantFrom("v0.28.9", "v0.10.0", "v0.16.1", "0.18.1"),
    transport: fc.constantFrom("auto", "auto", "auto", "gateway", "etcdctl"),
    config: networks,
    architectures: fc.constantFrom<unknown>(["amd64"], "arm64,s390x"),
    if_exists: fc.constantFrom("keep", "update", "fail"),
    state: fc.constantFrom("present", "present", "present", "absent", "query"),
  },
  bad: {
    flannel_version: fc.constant("newest"),
    api: fc.constantFrom("v2", "v3", "v4"),
    config: fc.constantFrom<unknown>({ Netwrok: 1 }, { Network: "10.200.0.0/33" }, "{"),
    network: fc.constantFrom("10.200.0.0/16", "10.200.0.0"),
    subnet_len: fc.constant(64),
    backend: fc.constantFrom<unknown>({ Type: "vxlan" }, "Type=vxlan"),
    architectures: fc.constant(["sparc"]),
    state: fc.constant("gone"),
    ca_file: fc.constantFrom("/dev/null", "/nowhere/ca.pem"),
    key_file: fc.constant("/nowhere/key.pem"),
    username: fc.constant("u"),
  },
  // Never long, never another's key.
  needed: ["flannel_version", "config"],
  forced: {
    endpoints: fc.oneof(
      { weight: 18, arbitrary: fc.constantFrom<unknown>(ETCD, [ETCD]) },
      { weight: 2, arbitrary: fc.constantFrom<unknown>(`http://${ECHO}`, [`http://${ECHO}/`], "") },
      fc.constant(["http://127.0.0.1:1"]),
    ),
    prefix: fc.constant(PREFIX),
    timeout: fc.constantFrom<unknown>(1, "1.0"),
  },
  left: [
    ...["ca_file", "cert_file", "key_file", "username", "password", "etcdctl_path", "api"],
    ...["network", "subnet_len", "subnet_min", "subnet_max", "backend"],
  ],
});

const storedTexts = fc.oneof(
  fc.constantFrom(
    '{"Network":"10.200.0.0/16","Backend":{"Type":"vxlan"}}',
    '{"Network":"10.99.0.0/16"}',
    "garbage",
    "[]",
  ),
  junkText.filter((text) => text !== "" && !/[\ud800-\udfff]/u.test(text)),
);

const leases = fc.constantFrom<Part["stored"]>(
  {},
  { [`${PREFIX}/subnets/10.200.31.0-24`]: '{"PublicIP":"10.8.0.111","BackendType":"vxlan"}' },
  { [`${PREFIX}/subnets/garbage`]: "{" },
);

const etcdContent: fc.Arbitrary<Part> = fc
  .tuple(fc.oneof(fc.constant(undefined), storedTexts), leases)
  .map(([text, held]) => ({
    stored: { ...held, ...(text === undefined ? {} : { [`${PREFIX}/config`]: text }) },
  }));

/** The text that somebody may have put into etcd. */
function storedWith(secret: Secret): fc.Arbitrary<Part> {
  return documentWith(secret).map((document) => ({
    stored: {
      [`${PREFIX}/config`]: typeof document === "string" ? document : JSON.stringify(document),
    },
  }));
}

function leaseWith({ text }: Secret): fc.Arbitrary<Part> {
  const data = fc.constantFrom<unknown>({ PSK: text }, [{ psk: text }]);
  return data.map((BackendData) => ({
    stored: {
      [`${PREFIX}/subnets/10.200.31.0-24`]: JSON.stringify({
        ...{ PublicIP: "10.8.0.111", BackendType: "wireguard", BackendData },
      }),
    },
  }));
}

/** Places for secrets. */
const places: readonly ((secret: Secret) => fc.Arbitrary<Part>)[] = [
  ({ text, isShort }) =>
    fc
      .constantFrom<unknown>(
        ...[text, [text], { a: [text] }],
        ...(isShort ? [] : [{ [text]: text }, text.repeat(4)]),
      )
      .map((password) => ({ options: { username: "u", password } })),
  (secret) => documentWith(secret).map((config) => ({ options: { config } })),
  (secret) =>
    documentWith(secret).map((backend) => ({
      options: { backend, network: "10.200.0.0/16", config: undefined },
    })),
  (secret) =>
    fc
      .tuple(
        fc.constantFrom("http://", "https://", "HTTP://", ""),
        userinfoOf(secret),
        fc.boolean(),
      )
      .map(([scheme, userinfo, isList]) => `${scheme}${userinfo}${ECHO}${isList ? "/" : ""}`)
      .chain((url) =>
        fc.constantFrom<unknown>(
          ...[url, [url], [ETCD, url]],
          ...(secret.isShort ? [] : [{ url }, [[url]]]),
        ),
      )
      .map((endpoints) => ({ options: { endpoints } })),
];

/** Places where nobody finds the secret before etcd is asked, so that a task cannot say it, too. */
const hiddenPlaces = [storedWith, storedWith, leaseWith];

/** What else the task says with the same words. */
const echo: readonly ((secret: Secret) => Part["options"])[] = [
  () => ({ endpoints: `http://${ECHO}`, transport: "gateway" }),
  ({ text }) => ({ state: text }),
  ({ text }) => ({ flannel_version: text }),
  ({ text }) => ({ architectures: [text] }),
  ({ text }) => ({ ca_file: `/nowhere/${text.replaceAll("\0", "")}` }),
  ({ text }) => ({ pasword: text }),
];

const declared = (secret: Secret): fc.Arbitrary<Part> =>
  fc
    .tuple(
      fc.constantFrom(...places).chain((place) => place(secret)),
      sometimes(
        2,
        fc.constantFrom(...echo).map((say) => say(secret) ?? {}),
      ),
    )
    .map(([part, more]) => ({ ...part, options: { ...more, ...part.options } }));

const placed: fc.Arbitrary<Part> = anySecret.chain((secret) =>
  fc
    .oneof(
      { weight: 4, arbitrary: declared(secret) },
      { weight: 3, arbitrary: fc.constantFrom(...hiddenPlaces).chain((place) => place(secret)) },
    )
    .map((part) => ({ ...part, secrets: [secret] })),
);

/** Tasks with secrets that must not be shown. */
export const secretEtcdConfigs: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(etcdContent, placed, sometimes(2, placed)),
);

const nasty: fc.Arbitrary<Part> = fc.tuple(nastySecret, nastySecret).map(([one, two]) => ({
  options: { username: "u", password: one },
  stored: {
    [`${PREFIX}/config`]: JSON.stringify({
      Network: "10.200.0.0/16",
      Backend: { Type: "wireguard", PSK: two },
    }),
  },
}));

/** Tasks whose secrets spell words of the contract. */
export const nastyEtcdConfigs: fc.Arbitrary<Case> = caseOf(
  options,
  fc.tuple(etcdContent, sometimes(1, nasty)),
);
