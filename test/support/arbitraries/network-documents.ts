// Network configurations of flannel, good and bad ones, with a secret where flannel takes one.

import fc from "fast-check";

import { type Secret, spelling } from "./secret";

type Dict = Readonly<Record<string, unknown>>;

const networks: readonly Dict[] = [
  { Network: "10.200.0.0/16" },
  { Network: "10.200.0.0/16", SubnetLen: 26, SubnetMin: "10.200.1.0" },
  { Network: "10.200.0.0/16", EnableIPv6: true, IPv6Network: "fd00:200::/48" },
  { Network: "10.200.0.0/33" },
  { Netwrok: "10.200.0.0/16" },
  {},
];

/** Backends that hold the secret, under every name and in every form. */
function backendsWith(secret: string): readonly unknown[] {
  return [
    { Type: "wireguard", PSK: secret },
    { Type: "ipsec", PSK: secret.repeat(12).slice(0, 120) },
    { Type: "ipsec", psk: secret },
    { Type: "tencent-vpc", AccessKeyID: "id-of-a-key", AccessKeySecret: secret },
    { Type: "ali-vpc", accesskeyid: secret, ACCESSKEYSECRET: secret },
    { Type: "vxlan", VNI: 1, PSK: [secret] },
    { Type: "wireguard", PSK: { deep: [secret] } },
    { Type: "wireguard", PSK: JSON.stringify({ key: secret }) },
    JSON.stringify({ Type: "wireguard", PSK: secret }),
    { Type: JSON.stringify({ PSK: secret }) },
  ];
}

/** A whole configuration, or its backend alone, in any spelling. */
export function documentWith({ text, isShort }: Secret): fc.Arbitrary<unknown> {
  const backends = backendsWith(text).slice(0, isShort ? 1 : undefined);
  const dict = fc
    .constantFrom(...networks)
    .chain((network) =>
      fc
        .constantFrom(...backends)
        .chain((backend) =>
          fc.constantFrom<Dict>(
            { ...network, Backend: backend },
            { ...network, backend },
            { ...network, Backend: { Type: "vxlan" }, PSK: text },
            ...(typeof backend === "object" ? [backend as Dict] : []),
          ),
        ),
    );
  return fc.oneof(dict, spelling(dict, isShort));
}
