// flannel's backends and their options by flannel version (pkg/backend/*, all tags since v0.7.0).

import { type FlannelVersion, isAtLeast } from "./version";

/** One setting of a configuration with its default filled in. */
export type Setting = string | number | boolean;

export type Kind = "int" | "bool" | "string" | "any";

export interface BackendOption {
  readonly kind: Kind;
  /** What flannel takes when the option is missing; undefined where that depends on the host. */
  readonly default?: Setting;
  /** True where an explicit 0 means the default too. */
  readonly zeroIsDefault?: boolean;
  readonly since?: string;
  /** Inclusive; flannel does not check, the kernel does. */
  readonly range?: readonly [number, number];
  readonly choices?: readonly string[];
  /** True where daemons with different values cannot talk to each other. */
  readonly shared?: boolean;
  /** The first version whose daemons tell each other the value, so that it need not be the same. */
  readonly sharedUntil?: string;
}

/** What is known about the backends of one type. */
export interface BackendKind {
  readonly since?: string;
  /** The first version without it. */
  readonly removed?: string;
  readonly options: Readonly<Record<string, BackendOption>>;
}

const PORT = { kind: "int", range: [0, 65535], shared: true } as const;
// The lease carries the port since v0.26.6.
const WIREGUARD_PORT = { ...PORT, sharedUntil: "0.26.6" } as const;
const MTU = { kind: "int", since: "0.21.3", range: [0, 65535] } as const;
const TEXT = { kind: "string", default: "" } as const;
const OFF = { kind: "bool", default: false } as const;

/** By type; flannel compares types in lower case. */
export const BACKENDS: Readonly<Record<string, BackendKind>> = {
  vxlan: {
    options: {
      VNI: { kind: "int", default: 1, range: [0, 2 ** 24 - 1], shared: true },
      Port: { ...PORT, default: 8472, zeroIsDefault: true },
      GBP: { ...OFF, shared: true },
      DirectRouting: { ...OFF, since: "0.9.0" },
      Learning: { ...OFF, since: "0.12.0" },
      MTU,
    },
  },
  "host-gw": { options: {} },
  udp: { options: { Port: { ...PORT, default: 8285 } } },
  ipip: { since: "0.10.0", options: { DirectRouting: OFF } },
  ipsec: {
    since: "0.11.0",
    options: {
      PSK: { kind: "string", shared: true },
      UDPEncap: { ...OFF, shared: true },
      ESPProposal: {
        kind: "string",
        default: "aes128gcm16-sha256-prfsha256-ecp256",
        shared: true,
      },
    },
  },
  wireguard: {
    since: "0.16.0",
    options: {
      ListenPort: { ...WIREGUARD_PORT, default: 51820 },
      ListenPortV6: { ...WIREGUARD_PORT, default: 51821 },
      PSK: { ...TEXT, shared: true },
      PersistentKeepaliveInterval: { kind: "int", default: 0, range: [0, 65535] },
      Mode: {
        kind: "string",
        default: "separate",
        since: "0.18.0",
        choices: ["separate", "auto", "ipv4", "ipv6"],
        shared: true,
      },
      MTU,
    },
  },
  alloc: { options: {} },
  extension: {
    since: "0.8.0",
    options: {
      PreStartupCommand: TEXT,
      PostStartupCommand: TEXT,
      SubnetAddCommand: TEXT,
      SubnetRemoveCommand: TEXT,
    },
  },
  "tencent-vpc": { since: "0.14.0", options: { AccessKeyID: TEXT, AccessKeySecret: TEXT } },
  "ali-vpc": {
    since: "0.8.0",
    removed: "0.20.0",
    options: { AccessKeyID: TEXT, AccessKeySecret: TEXT },
  },
  "aws-vpc": { removed: "0.20.0", options: { RouteTableID: { kind: "any", default: "" } } },
  gce: { removed: "0.20.0", options: {} },
};

const SECRET_OPTIONS = new Set(["psk", "accesskeyid", "accesskeysecret"]);

/** ipsec's minPasswordLength. */
export const SHORTEST_IPSEC_PSK = 96;

/** True for names whose values must never be shown ("PSK"), in any spelling, at any place. */
export function isSecretName(name: string): boolean {
  return SECRET_OPTIONS.has(name.toLowerCase());
}

/** True if daemons of this version with different values of this setting ("Backend.VNI") cannot talk. */
export function isSharedSetting(
  backendType: string,
  name: string,
  version: FlannelVersion,
): boolean {
  const option = BACKENDS[backendType]?.options[name.replace(/^Backend\./, "")];
  if (name === "Backend.Type") return true;
  if (option?.shared !== true) return false;
  return option.sharedUntil === undefined || !isAtLeast(version, option.sharedUntil);
}

/** What kind of value the key of this name holds, at the top or in Backend, in any spelling. */
export function optionKind(name: string): Kind | undefined {
  const wanted = name.toLowerCase();
  if (/^enable(ipv4|ipv6|nftables)$/.test(wanted)) return "bool";
  if (/^(ipv6)?subnetlen$/.test(wanted)) return "int";
  const options = Object.values(BACKENDS).flatMap((backend) => Object.entries(backend.options));
  return options.find(([known]) => known.toLowerCase() === wanted)?.[1].kind;
}
